"""sysrc edits rc.conf in its place; service finds scripts and says which are on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.simulator import rcfile
from tests.simulator.machines import PLAIN, READY, ezjail, make, play

RC_CONF = '# mine\nhostname="alpha"\nlist="a b" # kept\npath="/a:/b"\nexport late=YES\nlist="a b c"\n'


@pytest.fixture
def machine(tmp_path):
    made = make(tmp_path, PLAIN)
    made.files.write_text("/etc/rc.conf", RC_CONF)
    return made


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("hostname", "hostname: alpha\n"),
        ("-n list", "a b c\n"),
        ("-e list", 'list="a b c"\n'),
        ("late gateway_enable", "late: YES\ngateway_enable: NO\n"),
        ("-i nosuch hostname", "hostname: alpha\n"),
        ("-ae", 'hostname="alpha"\nlate="YES"\nlist="a b c"\npath="/a:/b"\n'),
        ("-l", "/etc/rc.conf /etc/rc.conf.local\n"),
        ("-f /etc/rc.conf hostname", "hostname: alpha\n"),
        ("new=1", "new:  -> 1\n"),
        ("hostname=beta", "hostname: alpha -> beta\n"),
        ("-n hostname=beta", "beta\n"),
        ("list+=d", "list: a b c -> a b c d\n"),
        ("list+=a", "list: a b c -> a b c\n"),
        ("list-=b", "list: a b c -> a c\n"),
        ("path+=:/c", "path: /a:/b -> /a:/b:/c\n"),
        ("gateway_enable=YES", "gateway_enable: NO -> YES\n"),
    ],
)
def test_sysrc_prints(machine, line, stdout):
    done = play(machine, f"sysrc {line}")
    assert (done.status, done.stdout, done.stderr) == (0, stdout, "")


def test_a_change_keeps_every_other_line(machine):
    play(machine, "sysrc hostname=beta list-=a new='x \"y\" $z'")
    assert machine.files.read_text("/etc/rc.conf") == (
        '# mine\nhostname="beta"\nlist="a b" # kept\npath="/a:/b"\nexport late=YES\nlist="b c"\n'
        'new="x \\"y\\" \\$z"\n'
    )
    assert rcfile.settings(machine.files)["new"] == 'x "y" $z'


def test_a_variable_is_deleted_from_every_line(machine):
    assert play(machine, "sysrc -x list").status == 0
    assert "list" not in machine.files.read_text("/etc/rc.conf")
    gone = play(machine, "sysrc -x list")
    assert (gone.status, gone.stderr) == (1, "sysrc: unknown variable 'list'\n")


def test_checking_changes_nothing(machine):
    assert [
        play(machine, f"sysrc -c {word}").status for word in ("hostname=alpha", "hostname=x", "new=")
    ] == [0, 1, 1]
    assert machine.files.read_text("/etc/rc.conf") == RC_CONF


def test_another_file_may_be_edited(machine):
    machine.files.mkdir("/boot", parents=True)
    assert play(machine, "sysrc -f /boot/loader.conf kern.x=1").status == 1
    assert play(machine, "sysrc -f /boot/loader.conf zfs_load=YES").stdout == "zfs_load:  -> YES\n"
    assert machine.files.read_text("/boot/loader.conf") == 'zfs_load="YES"\n'


def test_a_missing_jail_is_named(machine):
    done = play(machine, "sysrc -j nosuch hostname")
    assert (done.status, done.stderr) == (1, 'sysrc: jail_getid: jail "nosuch" not found\n')


@pytest.mark.parametrize(
    ("line", "status", "stdout"),
    [
        ("cron rcvar", 0, '# cron\n#\ncron_enable="YES"\n#   (default: "")\n\n'),
        ("cron enabled", 0, ""),
        ("sshd enabled", 1, ""),
        ("sshd enable", 0, "sshd enabled in /etc/rc.conf\n"),
        ("cron onestatus", 0, "cron is running as pid 556.\n"),
        ("ntpd status", 1, "ntpd is not running.\n"),
        ("cron start", 1, "cron already running?  (pid=556).\n"),
        (
            "nosuch start",
            1,
            (
                "nosuch does not exist in /etc/rc.d or the local startup\n"
                "directories (/usr/local/etc/rc.d), or is not executable\n"
            ),
        ),
    ],
)
def test_service_prints(machine, line, status, stdout):
    done = play(machine, f"service {line}")
    assert (done.status, done.stdout) == (status, stdout)


def test_usage_goes_to_standard_output(machine):
    for line in ("service", "service cron", "service -z"):
        done = play(machine, line)
        assert (done.status, done.stderr) == (1, "")
        assert done.stdout.startswith("Usage: service ")


def test_what_is_on_follows_rc_conf(machine):
    before = play(machine, "service -e").stdout
    play(machine, "sysrc sshd_enable=YES cron_enable=NO ezjail_enable=YES")
    after = play(machine, "service -e").stdout
    assert "/etc/rc.d/cron\n" in before
    assert "/etc/rc.d/sshd\n" not in before
    assert "/etc/rc.d/cron\n" not in after
    assert after.endswith("/etc/rc.d/sshd\n/etc/rc.d/bgfsck\n/usr/local/etc/rc.d/ezjail\n")


def test_scripts_that_are_tools_run_with_a_clean_environment(tmp_path):
    machine = make(tmp_path, READY)
    assert ezjail(machine, "create www 'lo1|10.0.0.2/24'").status == 0
    done = play(machine, "service ezjail onestart www")
    assert (done.status, done.stdout) == (0, "Starting jails: www.\n")
    assert play(machine, "service -l").stdout.split()[:2] == ["bgfsck", "cleanvar"]


def test_an_rc_conf_that_is_missing_is_empty(tmp_path):
    machine = make(tmp_path, replace(PLAIN, ezjail=False))
    machine.files.remove("/etc/rc.conf")
    assert play(machine, "sysrc -a").stdout == ""
    assert play(machine, "sysrc hostname=new").status == 0
    assert machine.files.read_text("/etc/rc.conf") == 'hostname="new"\n'
