from __future__ import annotations

import pytest

from apps.simulator.jailconf import ConfError, parse

WHOLE = """
# comment   // more   /* and more */
exec.start = "/bin/sh /etc/rc";   // the usual
exec.clean;
path = "/usr/jails/$name";
$net = "10.0.0";
www {
    host.hostname = 'www.$net';  /* quoted: stays */
    ip4.addr = "lo1|10.0.0.1/32", "re0|192.0.2.7/24";
    ip4.addr += "lo1|$net.2/32";
    allow.raw_sockets;  allow.nomount; nopersist;
    mount.fstab = /etc/fstab.$name;
    exec.consolelog = "/var/log/jail_${name}_console.log";;
}
db { exec.clean = false; }
* { persist; }
"""


def test_globals_wildcards_and_own_lines_are_merged_in_order():
    params = parse(WHOLE, "f").params("www")
    assert params["path"] == ["/usr/jails/www"]
    assert params["host.hostname"] == ["www.$net"]
    assert params["ip4.addr"] == ["lo1|10.0.0.1/32", "re0|192.0.2.7/24", "lo1|10.0.0.2/32"]
    assert params["allow.raw_sockets"] == ["true"]
    assert params["allow.mount"] == ["false"]
    assert params["mount.fstab"] == ["/etc/fstab.www"]
    assert params["exec.consolelog"] == ["/var/log/jail_www_console.log"]
    assert params["persist"] == ["true"]


def test_jails_are_named_blocks():
    config = parse(WHOLE, "f")
    assert config.jails == ["www", "db"]
    assert config.params("db")["exec.clean"] == ["false"]


def test_pieces_without_space_join_and_escapes_count():
    assert parse(r"""j { a = "x"y'z'; b = "a\tb\"c\\"; c = 'it\'s'; }""", "f").params("j") == {
        "name": ["j"],
        "a": ["xyz"],
        "b": ['a\tb"c\\'],
        "c": ["it's"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a { b = 1;", "f: unexpected EOF"),
        ("a", "f: unexpected EOF"),
        ("}", "f line 1: }: syntax error"),
        ("\na b { }", "f line 2: {: syntax error"),
        ("a = ;", "f line 1: ;: syntax error"),
        ("a = 1 2;", "f line 1: 2: syntax error"),
        ('a = "x', "f line 1: unterminated string"),
        ("/* x", "f line 1: unterminated comment"),
    ],
)
def test_a_syntax_error_makes_the_whole_file_useless(text, message):
    with pytest.raises(ConfError) as caught:
        parse(text, "f")
    assert str(caught.value) == message


def test_an_unknown_variable_is_an_error():
    with pytest.raises(ConfError, match='variable "nosuch" not found'):
        parse("a { b = $nosuch; }", "f").params("a")
