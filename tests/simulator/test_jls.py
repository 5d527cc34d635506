from __future__ import annotations

import json

import pytest

from apps.simulator.state import Jail
from tests.simulator.machines import PLAIN, make, play

HEAD = "   JID  IP Address      Hostname                      Path\n"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, PLAIN)
    machine.kernel.jails = [
        Jail(
            3, "www", "/usr/jails/www", "www.example.org", ["10.0.0.1", "10.0.0.2"], ["2001:db8::2"], cpuset=4
        ),
        Jail(9, "bare", "/usr/jails/bare", "bare"),
    ]
    return machine


def test_the_table_shows_the_first_ipv4_address_or_nothing(machine):
    assert play(machine, "jls").stdout == (
        f"{HEAD}     3  10.0.0.1        www.example.org               /usr/jails/www\n"
        "     9                  bare                          /usr/jails/bare\n"
    )


def test_long_names_are_cut_in_the_table_only(machine):
    machine.kernel.jails[1].hostname = "h" * 40
    assert f" {'h' * 29} /usr" in play(machine, "jls").stdout
    assert "h" * 40 in play(machine, "jls --libxo json").stdout


def test_nothing_running_is_a_heading_and_an_empty_list(tmp_path):
    machine = make(tmp_path, PLAIN)
    assert play(machine, "jls").stdout == HEAD
    document = json.loads(play(machine, "jls --libxo json").stdout)
    assert document == {"__version": "2", "jail-information": {"jail": []}}


@pytest.mark.parametrize(
    ("arguments", "stdout"),
    [
        ("jid name", "3 www\n9 bare\n"),
        ("ip4.addr ip6.addr", "10.0.0.1,10.0.0.2 2001:db8::2\n- -\n"),
        (
            "-n ip4.addr persist dying",
            "ip4.addr=10.0.0.1,10.0.0.2 nopersist nodying\nip4.addr= nopersist nodying\n",
        ),
        ("-q ip4.addr host.domainname", '10.0.0.1,10.0.0.2 ""\n"" ""\n'),
        ("-n -q ip6.addr", 'ip6.addr=2001:db8::2\nip6.addr=""\n'),
        ("-h name", "name\nwww\nbare\n"),
        ("-v name", "www\nbare\n"),
        ("-j 9 name", "bare\n"),
        ("-n -j www allow.mount", "allow.nomount\n"),
        ("-N -h name jid", "name jid\nwww 3\nbare 9\n"),
        ("name name", "www\nbare\n"),
    ],
)
def test_parameters_are_printed_in_the_form_that_flags_ask_for(machine, arguments, stdout):
    assert play(machine, f"jls {arguments}").stdout == stdout


def test_quotes_go_round_values_with_spaces_and_quotes(machine):
    machine.kernel.jails[0].path = "/usr/jails/a b"
    machine.kernel.jails[1].path = "/usr/jails/it's"
    assert play(machine, "jls -q path").stdout == '"/usr/jails/a b"\n"/usr/jails/it\'s"\n'
    assert play(machine, "jls path").stdout == "/usr/jails/a b\n/usr/jails/it's\n"


def test_s_leaves_out_what_jail_could_not_be_given(machine):
    words = play(machine, "jls -s -j www").stdout.split()
    assert "name=www" in words
    assert not [
        word for word in words if word.startswith(("jid=", "parent=", "cpuset.id=", "ip4", "nodying"))
    ]


def test_numbers_are_numbers_in_a_table_and_text_when_named(machine):
    assert json.loads(play(machine, "jls --libxo json").stdout)["jail-information"]["jail"][0]["jid"] == 3
    assert (
        json.loads(play(machine, "jls --libxo json jid").stdout)["jail-information"]["jail"][0]["jid"] == "3"
    )


def test_booleans_are_bare_with_n_and_text_without(machine):
    assert '"dying":false' in play(machine, "jls --libxo json -n dying").stdout
    assert '"dying":"false"' in play(machine, "jls --libxo json dying").stdout


def test_a_list_that_comes_first_has_no_space_before_it(machine):
    assert (
        '{"ip4.addr": ["10.0.0.1","10.0.0.2"],"jid":"3"}'
        in play(machine, "jls --libxo json ip4.addr jid").stdout
    )


def test_pretty_documents_are_the_same_documents(machine):
    plain, pretty = play(machine, "jls --libxo json -v"), play(machine, "jls --libxo json,pretty -v")
    assert json.loads(plain.stdout) == json.loads(pretty.stdout)
    assert "\n" in pretty.stdout.strip()


def test_dying_jails_are_shown_only_when_asked_for(machine):
    machine.kernel.jails[1].dying = True
    assert play(machine, "jls name").stdout == "www\n"
    assert play(machine, "jls -d name dying").stdout == "www false\nbare true\n"
    assert "DYING" in play(machine, "jls -d -v").stdout
    refused = play(machine, "jls -j bare jid")
    assert (refused.status, refused.stderr) == (1, 'jls: jail "bare" is dying\n')


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        ("-j nosuch jid", 'jls: jail "nosuch" not found\n'),
        ("-j 99 jid", "jls: jail 99 not found\n"),
        ("-j 0 jid", 'jls: jail "0" not found\n'),
        ("nosuchparam", "jls: unknown parameter: nosuchparam\n"),
        ("allow.mount.zfs", "jls: unknown parameter: allow.mount.zfs\n"),
        ("-x", "jls: illegal option -- x\njls: usage: jls [-dhNnqv] [-j jail] [param ...]\n"),
    ],
)
def test_failures_say_what_is_wrong(machine, arguments, stderr):
    result = play(machine, f"jls {arguments}")
    assert (result.status, result.stderr) == (1, stderr)


def test_a_document_is_closed_when_the_jail_is_missing(machine):
    result = play(machine, "jls --libxo json -j nosuch jid")
    assert result.status == 1
    assert json.loads(result.stdout)["jail-information"]["jail"] == []


def test_a_process_in_a_jail_sees_no_jails(machine):
    machine.kernel.jails[0].path = "/"
    assert play(machine, "jexec www jls name").stdout == ""
