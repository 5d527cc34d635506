"""What a probe says of what ezjail needs, and that nothing of it can keep a probe from counting."""

from __future__ import annotations

from apps.freebsd.ezjail_settings import SETTINGS
from apps.freebsd.parsers.facts import parse_facts
from apps.freebsd.parsers.host_setup import DatasetPlace, RcConf, parse_setup
from apps.freebsd.parsers.sections import Section
from tests.freebsd.probes import SETTINGS as SAID
from tests.freebsd.probes import out, whole_probe

POOL = "zroot\t1\t2\t3\t/zroot\t-\toff\nzroot/ROOT\t1\t2\t3\tnone\t-\toff\n"
JAILS = "zroot/ezjail\t1\t2\t3\t/usr/jails\t-\toff\nzroot/ezjail/www\t1\t2\t3\t/usr/jails/www\t-\toff\n"


def test_nothing_is_known_of_a_host_that_says_nothing():
    setup = parse_setup({}, "")
    assert (setup.has_pkg, setup.rc, setup.datasets) == (None, None, ())


def test_pkg_is_there_or_not():
    assert parse_setup({"pkg": out("pkg file\n")}, "").has_pkg is True
    assert parse_setup({"pkg": out("pkg missing\n")}, "").has_pkg is False


def test_rc_conf_is_read_as_sh_reads_it_and_nothing_else_of_it_is_kept():
    text = (
        'hostname="x"\nsecret="y"\nezjail_enable=\'YES\' # jails\ncloned_interfaces="lo1 lo2"\n'
        'ifconfig_lo1="inet 10.0.0.1/24"\nifconfig_lo1_alias0="inet 10.0.1.1/24"\nifconfig_re0="DHCP"\n'
        "zfs_enable=$(echo YES)\n"
    )
    setup = parse_setup({"rc-conf": out(text), "rc-conf-local": out('ezjail_enable="NO"\n')}, "")
    assert setup.rc == RcConf(
        {
            "ezjail_enable": "NO",
            "cloned_interfaces": "lo1 lo2",
            "ifconfig_lo1": "inet 10.0.0.1/24",
            "ifconfig_lo1_alias0": "inet 10.0.1.1/24",
            "ifconfig_re0": "DHCP",
        },
        ("zfs_enable",),
    )


def test_what_shell_may_change_is_not_clear():
    setup = parse_setup({"rc-conf": out("jail_confwarn=NO\n. /etc/more\n")}, "")
    assert setup.rc == RcConf({}, ("jail_confwarn",))


def test_datasets_of_jails_are_left_out():
    setup = parse_setup({"zfs": out(POOL + JAILS)}, "zroot/ezjail")
    assert setup.datasets == (
        DatasetPlace("zroot", "/zroot"),
        DatasetPlace("zroot/ROOT", ""),
        DatasetPlace("zroot/ezjail", "/usr/jails"),
    )
    assert parse_setup({"zfs": out("nonsense\n")}, "").datasets == ()


def test_ezjails_file_is_text_or_not_and_all_settings_are_in_effect():
    def ezjail(section, kind="conf file\n"):
        return parse_facts(whole_probe(ezjail__conf=section, ezjail__conf__kind=out(kind))).ezjail

    assert ezjail(out("", 1, "not a regular file"), "conf missing\n").config_is == "missing"
    assert ezjail(out("", 1, "not a regular file"), "conf link /etc/x\n").config_is == "other"
    assert (ezjail(out("a=é\r\n")).config_is, ezjail(out("a=é\r\n")).config_text) == ("text", "a=é\r\n")
    assert ezjail(Section(b"a=\xff\n", b"", 0)).config_is == "bytes"
    assert ezjail(Section(b"a=\0\n", b"", 0)).config_is == "bytes"
    more = "".join(f"{item.name.removeprefix('ezjail_')}=x\n" for item in SETTINGS)
    facts = parse_facts(whole_probe(ezjail__settings=out(SAID + more)))
    assert facts.ezjail.in_effect == {item.name: "x" for item in SETTINGS}
