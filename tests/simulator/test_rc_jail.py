from __future__ import annotations

import pytest

from apps.simulator.provision import ROOT_ENV
from tests.simulator.machines import OBSOLETE, READY, call_of, done, make, play

CONF = "/var/run/jail.www_example.conf"


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www.example 'lo1|10.0.0.2/24,re0|fd00::2'")
    return machine


def start(machine, **variables):
    """Start the jail with changed variables, as their file would hold them."""
    path = "/usr/local/etc/ezjail/www_example"
    text = machine.files.read_text(path)
    for name, value in variables.items():
        text += f'export jail_www_example_{name}="{value}"\n'
    machine.files.write_text(path, text)
    return play(machine, "ezjail-admin onestart www.example")


def lines(machine):
    return machine.files.read_text(CONF).splitlines()


def test_an_ipv6_address_makes_the_start_wait_for_dad(machine):
    start(machine)
    assert lines(machine)[4:7] == [
        '\tip4.addr += "lo1|10.0.0.2/24";',
        '\tip6.addr += "re0|fd00::2/128";',
        '\texec.start += "sleep  2 ";',
    ]
    assert machine.kernel.jail("www_example").ip6 == ["fd00::2"]


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"ip": "10.0.0.1"}, '\tip4.addr += "10.0.0.1/32";'),
        ({"ip": "lo1|10.0.0.2/255.255.255.0"}, '\tip4.addr += "lo1|10.0.0.2 netmask 255.255.255.0";'),
        ({"interface": "lo1"}, '\tinterface = "lo1";'),
        ({"ip_multi0": "lo1|10.0.0.3/32"}, '\tip4.addr += "lo1|10.0.0.3/32";'),
        ({"exec_stop": "/bin/sh /etc/rc.shutdown jail"}, '\texec.stop = "/bin/sh /etc/rc.shutdown jail";'),
        ({"exec_afterstart0": "true"}, '\texec.start += "true";'),
        ({"fib": "1"}, '\texec.fib = "1";'),
        ({"devfs_ruleset": "7"}, '\tdevfs_ruleset = "7";'),
        ({"socket_unixiproute_only": "NO"}, "\tallow.raw_sockets = 1;"),
        ({"sysvipc_allow": "YES"}, "\tallow.sysvipc = 1;"),
        ({"parameters": "allow.quotas=1 allow.chflags=1;"}, "\tallow.chflags=1;"),
        ({"osrelease": "13.0-RELEASE"}, '\tosrelease = "13.0-RELEASE";'),
        ({"consolelog": "/var/log/x"}, '\texec.consolelog = "/var/log/x";'),
        ({"ip": ""}, "\tvnet;"),
    ],
)
def test_variables_become_lines(machine, variables, line):
    start(machine, **variables)
    assert line in lines(machine)


def test_what_is_no_address_is_left_out_with_a_warning(machine):
    result = start(machine, ip="lo1|banana,lo1|10.0.0.2/24")
    assert result.stderr == "/etc/rc.d/jail: WARNING: jail_extract_address: type not identified\n" + OBSOLETE
    assert machine.kernel.jail("www_example").ip4 == ["10.0.0.2"]


def test_a_named_ruleset_is_ignored_with_a_warning(machine):
    result = start(machine, devfs_ruleset="myrules")
    assert "/etc/rc.d/jail: WARNING: devfs_ruleset must be an integer.\n" in result.stderr
    assert not any("devfs_ruleset" in line for line in lines(machine))


def test_the_warning_can_be_switched_off(machine):
    machine.files.append_text("/etc/rc.conf", 'jail_confwarn="NO"\n')
    assert start(machine).stderr == ""


def test_a_jail_conf_is_warned_of(machine):
    machine.files.write_text("/etc/jail.conf", "")
    assert start(machine).stderr == (
        f"/etc/rc.d/jail: WARNING: {CONF} is created and used for jail www_example.\n{OBSOLETE}"
    )


def test_a_failed_start_is_told_in_the_middle_of_the_line_and_status_is_0(machine):
    call = call_of(machine, "/etc/rc.d/jail onestart www_example")
    call.env = {
        **ROOT_ENV,
        "jail_www_example_hostname": "www",
        "jail_www_example_rootdir": "/nosuch",
        "jail_www_example_ip": "10.0.0.1",
    }
    with pytest.raises(StopIteration) as end:
        call.run(call.argv).send(None)
    assert end.value.value == 0
    assert call.sink_out.text == (
        'Starting jails: cannot start jail  "www": \n'
        "jail: www_example: path /nosuch: No such file or directory\n.\n"
    )


def test_without_variables_or_configuration_a_jail_is_ignored(machine):
    result = play(machine, "/etc/rc.d/jail onestart nosuch")
    assert (result.status, result.stdout) == (0, "Starting jails:.\n")
    assert result.stderr == (
        "/etc/rc.d/jail: WARNING: Invalid configuration for nosuch  "
        "(no jail.conf, no hostname, or no path).  Jail nosuch was ignored.\n"
    )


def test_it_refuses_unless_enabled_and_says_how(machine):
    result = play(machine, "/etc/rc.d/jail start www")
    assert result.stdout == (
        "Cannot 'start' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'.\n"
    )
    assert result.status == 1


def test_jails_of_jail_conf_start_and_stop_together(machine):
    machine.files.write_text("/etc/jail.conf", "one { path = /usr/jails/www.example; persist; }")
    assert play(machine, "/etc/rc.d/jail onestart").stdout == "Starting jails: one.\n"
    assert machine.files.read_text("/var/run/jail_one.id") == "1\n"
    assert "one" in play(machine, "/etc/rc.d/jail status").stdout
    assert play(machine, "/etc/rc.d/jail config one").stdout == "one: parameters are in /etc/jail.conf.\n"
    assert play(machine, "/etc/rc.d/jail onestop").stdout == "Stopping jails: one.\n"
    assert not machine.files.exists("/var/run/jail_one.id")


def test_a_missing_jail_conf_is_told_in_the_line(machine):
    assert play(machine, "/etc/rc.d/jail onestart").stdout == (
        "Starting jails:jail: /etc/jail.conf: No such file or directory\n.\n"
    )


def test_an_unknown_action_is_a_usage(machine):
    assert play(machine, "/etc/rc.d/jail frobnicate").stderr.startswith("Usage: /etc/rc.d/jail ")
