from __future__ import annotations

import asyncio

import pytest

from tests.simulator.machines import READY, call_of, done, killed_after, make, play

CONF = """
www {
    host.hostname = "www.example.org";
    path = "/usr/jails/www";
    ip4.addr = "lo1|10.0.0.2/24", "re0|192.0.2.10";
    ip6.addr = "re0|2001:db8::10/64";
    mount.fstab = "/etc/fstab.www";
    mount.devfs;
    exec.start = "/bin/sh /etc/rc";
    exec.consolelog = "/var/log/www.log";
    allow.raw_sockets;
}
"""


@pytest.fixture
def machine(tmp_path):
    machine = make(tmp_path, READY)
    done(machine, "create www 'lo1|10.0.0.2/24'")
    machine.files.write_text("/etc/jail.conf", CONF)
    return machine


def addresses(machine, name):
    interface = machine.kernel.interface(name)
    return [text for text in interface.addresses if not text.startswith("fe80")]


def test_a_start_adds_addresses_mounts_and_processes(machine):
    result = play(machine, "jail -c www")
    assert (result.status, result.stdout, result.stderr) == (0, "www: created\n", "")
    jail = machine.kernel.jail("www")
    assert (jail.hostname, jail.ip4, jail.ip6) == (
        "www.example.org",
        ["10.0.0.2", "192.0.2.10"],
        ["2001:db8::10"],
    )
    assert addresses(machine, "lo1") == ["10.0.0.1/24", "10.0.0.2/24"]
    assert addresses(machine, "re0") == ["192.0.2.7/24", "192.0.2.10/32", "2001:db8::10/64"]
    points = [mount.point for mount in machine.kernel.mounted_under("/usr/jails/www")]
    assert points == ["/usr/jails/www/basejail", "/usr/jails/www/dev"]
    assert [process.comm or process.command for process in machine.kernel.processes_in(jail.jid)]
    assert "Starting cron." in machine.files.read_text("/var/log/www.log")
    assert play(machine, "jls -j www allow.raw_sockets").stdout == "true\n"


def test_a_stop_takes_all_of_it_away(machine):
    play(machine, "jail -c www")
    assert play(machine, "jail -r www").stdout == "www: removed\n"
    assert machine.kernel.jails == []
    assert addresses(machine, "lo1") == ["10.0.0.1/24"]
    assert addresses(machine, "re0") == ["192.0.2.7/24"]
    assert machine.kernel.mounted_under("/usr/jails/www") == []


def test_a_stop_also_removes_an_address_that_was_there_before(machine):
    play(machine, "ifconfig lo1 inet 10.0.0.2/24 alias")
    play(machine, "jail -c www")
    play(machine, "jail -r www")
    assert addresses(machine, "lo1") == ["10.0.0.1/24"]


def test_removal_without_configuration_leaves_mounts_and_addresses(machine):
    play(machine, "jail -c www")
    assert play(machine, "jail -R www").status == 0
    assert machine.kernel.jails == []
    assert machine.kernel.mounted_under("/usr/jails/www")
    assert "10.0.0.2/24" in addresses(machine, "lo1")


def test_i_prints_the_jid_and_nothing_else(machine):
    assert play(machine, "jail -i -c www").stdout == "1\n"


@pytest.mark.parametrize(
    ("change", "stderr"),
    [
        (
            ("lo1|", "lo9|"),
            (
                "ifconfig: interface lo9 does not exist\n"
                "jail: www: /sbin/ifconfig lo9 inet 10.0.0.2/24 alias: failed\n"
            ),
        ),
        (("/usr/jails/www", "/nosuch"), "jail: www: path /nosuch: No such file or directory\n"),
        (
            ("/etc/fstab.www", "/etc/nosuch"),
            "jail: www: mount.fstab: /etc/nosuch: No such file or directory\n",
        ),
        (("/bin/sh /etc", "/bin/nosuch /etc"), "jail: www: exec /bin/nosuch: No such file or directory\n"),
        (("/bin/sh /etc/rc", "false"), "jail: www: false: failed\n"),
        (("re0|192.0.2.10", "192.0.2.99"), "jail: www: jail_set: Can't assign requested address\n"),
        (("allow.raw_sockets", "allow.nosuch"), "jail: www: unknown parameter: allow.nosuch\n"),
        (("allow.raw_sockets;", "allow.raw_sockets"), "jail: /etc/jail.conf line 12: }: syntax error\n"),
    ],
)
def test_a_start_that_fails_leaves_nothing_behind(machine, change, stderr):
    machine.files.write_text("/etc/jail.conf", CONF.replace(*change))
    before = machine.kernel.interfaces[0].addresses[:], len(machine.kernel.mounts)
    result = play(machine, "jail -c www")
    assert (result.status, result.stderr) == (1, stderr)
    assert machine.kernel.jails == []
    assert (machine.kernel.interfaces[0].addresses, len(machine.kernel.mounts)) == before
    assert addresses(machine, "lo1") == ["10.0.0.1/24"]


def test_a_basejail_that_is_gone_stops_the_start(machine):
    machine.files.remove_tree("/usr/jails/basejail")
    result = play(machine, "jail -c www")
    assert result.status == 1
    assert result.stderr.startswith(
        "mount_nullfs: /usr/jails/basejail: No such file or directory\n"
        "jail: www: /sbin/mount -t nullfs -o ro "
    )


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("jail -r nosuch", 'jail: "nosuch" not found\n'),
        ("jail -R nosuch", 'jail: "nosuch" not found\n'),
        ("jail -q -r nosuch", ""),
        ("jail -c nosuch", 'jail: "nosuch" not found\n'),
        ("jail -f /nosuch -c www", "jail: /nosuch: No such file or directory\n"),
    ],
)
def test_what_is_not_there_is_said(machine, command, stderr):
    result = play(machine, command)
    assert (result.status, result.stderr) == (1, stderr)


def test_a_second_start_is_refused(machine):
    play(machine, "jail -c www")
    result = play(machine, "jail -c www")
    assert (result.status, result.stderr) == (1, 'jail: "www" already exists\n')


def test_an_address_of_two_jails_is_refused_unless_both_have_only_that_one(machine):
    play(machine, "jail -c www")
    refused = play(machine, "jail -c name=two path=/usr/jails/www ip4.addr=10.0.0.2 persist")
    assert refused.stderr == "jail: two: jail_set: Address already in use\n"
    play(machine, "jail -c name=one path=/usr/jails/www ip4.addr=10.0.0.1 persist")
    assert play(machine, "jail -c name=same path=/usr/jails/www ip4.addr=10.0.0.1 persist").status == 0


def test_a_jail_can_be_made_and_changed_from_the_command_line(machine):
    assert (
        play(machine, "jail -c name=x path=/usr/jails/www host.hostname=x persist").stdout == "x: created\n"
    )
    assert machine.kernel.jail("x").persist
    assert play(machine, "jail -m name=x allow.raw_sockets=1 host.hostname=y").status == 0
    assert play(machine, "jls -j x host.hostname allow.raw_sockets").stdout == "y true\n"
    refused = play(machine, "jail -m name=x vnet=new")
    assert refused.stderr == "jail: x: vnet cannot be changed after creation\n"


def test_values_on_the_command_line_are_no_syntax(machine):
    play(machine, "jail -c name=x path=/usr/jails/www 'host.hostname=$(id);}' persist")
    assert machine.kernel.jail("x").hostname == "$(id);}"


def test_a_jail_without_processes_goes_unless_it_persists(machine):
    play(machine, "jail -c name=x path=/usr/jails/www")
    assert machine.kernel.jails == []


def test_all_of_a_file_can_be_started_and_removed(machine):
    assert play(machine, "jail -c").stdout == "www: created\n"
    assert play(machine, "jail -r '*'").stdout == "www: removed\n"


def test_e_shows_the_parameters(machine):
    shown = play(machine, "jail -e '|'").stdout
    assert (
        'host.hostname=www.example.org|path=/usr/jails/www|ip4.addr="lo1|10.0.0.2/24,re0|192.0.2.10"' in shown
    )


def test_no_action_is_a_usage(machine):
    assert play(machine, "jail www").stderr.startswith("usage: jail")
    assert play(machine, "jail -Z").stderr.startswith("jail: illegal option -- Z\nusage: jail")


def test_a_start_killed_in_rc_leaves_a_jail_in_the_kernel(machine):
    asyncio.run(killed_after(machine, "jail -c www", 1))
    assert machine.kernel.jail("www") is not None
    assert machine.kernel.mounted_under("/usr/jails/www")


def test_a_stop_killed_in_the_middle_leaves_mounts(machine):
    play(machine, "jail -c www")
    asyncio.run(killed_after(machine, "jail -r www", 1))
    assert machine.kernel.jails == []
    assert machine.kernel.mounted_under("/usr/jails/www")


def test_a_jail_that_is_being_stopped_is_dying(machine):
    play(machine, "jail -c www")

    async def look():
        call = call_of(machine, "jail -r www")
        task = asyncio.ensure_future(call.run(call.argv))
        await asyncio.sleep(0)
        seen = machine.kernel.jail("www").dying
        await task
        return seen

    assert asyncio.run(look())
