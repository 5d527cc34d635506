"""The exact steps that a host lacks: all of them on a fresh one, none on one that is set up."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface

import pytest

from apps.freebsd.commands import FileChange, host_setup
from apps.freebsd.errors import InvalidInput
from apps.jails.ezjail import plans, rules
from apps.jails.ezjail.wanted import HostSetup, Zfs, suggested
from tests.jails.ezjail.situations import DATASETS, DONE, FRESH, ON_ZFS, POOLS

BOOTSTRAP = "/usr/bin/env ASSUME_ALWAYS_YES=yes /usr/sbin/pkg bootstrap"
INSTALL = "/usr/sbin/pkg install -y ezjail"
NETWORK = [
    "/usr/sbin/sysrc cloned_interfaces+=lo1",
    "/sbin/ifconfig lo1 create",
    "/sbin/ifconfig lo1 inet 10.0.0.1/24 alias",
    "/usr/sbin/sysrc ifconfig_lo1=inet 10.0.0.1/24",
]
HEAD = "# ezjail's settings, see ezjail.conf(5); ezjail.conf.sample beside this file names them all.\n"


def steps(wanted, seen) -> list[str]:
    commands = plans.setup_plan(wanted, seen).commands
    return ["write" if isinstance(step, FileChange) else " ".join(step.argv) for step in commands]


def text_of(wanted, seen) -> str:
    (change,) = [step for step in plans.setup_plan(wanted, seen).commands if isinstance(step, FileChange)]
    return change.after


def test_a_fresh_host_gets_everything_in_its_order():
    assert steps(suggested(FRESH), FRESH) == [
        BOOTSTRAP,
        "write",
        INSTALL,
        "/usr/sbin/sysrc ezjail_enable=YES",
        "/usr/sbin/sysrc jail_confwarn=NO",
        *NETWORK,
    ]


def test_its_file_is_written_before_its_package_comes_and_holds_what_differs_from_the_defaults():
    change = plans.setup_plan(suggested(FRESH), FRESH).commands[1]
    assert isinstance(change, FileChange)
    assert (change.path, change.before) == ("/usr/local/etc/ezjail.conf", None)
    assert change.after == (
        HEAD + 'ezjail_ftphost="https://download.freebsd.org"\n'
        'ezjail_exec_stop="/bin/sh /etc/rc.shutdown jail"\n'
    )


def test_on_zfs_everything_goes_into_datasets_and_the_host_mounts_them():
    wanted = suggested(ON_ZFS)
    assert (wanted.zfs, wanted.jailzfs) == (Zfs.JAILS, "zroot/ezjail")
    assert "/usr/sbin/sysrc zfs_enable=YES" in steps(wanted, ON_ZFS)
    assert text_of(wanted, ON_ZFS).endswith(
        'ezjail_use_zfs="YES"\nezjail_use_zfs_for_jails="YES"\nezjail_jailzfs="zroot/ezjail"\n'
    )
    assert any("none in a plain directory" in text for text in plans.setup_plan(wanted, ON_ZFS).warnings)


def test_a_host_that_is_set_up_lacks_nothing():
    assert plans.lacks(suggested(DONE), DONE) == []


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({"installed": False}, [INSTALL]),
        ({"installed": False, "has_pkg": None}, [BOOTSTRAP, INSTALL]),
        ({"enabled": False}, ["/usr/sbin/sysrc ezjail_enable=YES"]),
        ({"rc": {**DONE.rc, "cloned_interfaces": "lo12"}}, NETWORK[:1]),
        ({"rc": {"jail_confwarn": "no", "cloned_interfaces": "lo0 lo1"}}, NETWORK[3:]),
        ({"interfaces": FRESH.interfaces}, NETWORK[1:3]),
        ({"in_effect": FRESH.in_effect}, ["write"]),
    ],
    ids=str,
)
def test_a_host_that_is_half_set_up_gets_the_missing_steps_only(changed, left):
    assert steps(suggested(DONE), replace(DONE, **changed)) == left


def test_what_someone_wrote_in_the_file_stays():
    seen = replace(DONE, in_effect=FRESH.in_effect, config_text="# mine\nezjail_frob=1\nezjail_ftphost='x'\n")
    wanted = replace(suggested(DONE), exec_stop=False)
    assert text_of(wanted, seen) == "# mine\nezjail_frob=1\nezjail_ftphost='https://download.freebsd.org'\n"


def test_a_file_without_a_last_line_feed_gets_lines_of_its_own():
    seen = replace(DONE, in_effect=FRESH.in_effect, config_text="# mine")
    assert text_of(suggested(DONE), seen).startswith('# mine\nezjail_ftphost="')


def test_an_address_goes_to_the_next_free_alias():
    other = replace(
        DONE, rc={**DONE.rc, "ifconfig_lo1": "inet 10.9.0.1/24", "ifconfig_lo1_alias0": "inet 10.8.0.1/24"}
    )
    assert steps(suggested(DONE), other) == ["/usr/sbin/sysrc ifconfig_lo1_alias1=inet 10.0.0.1/24"]
    on_lo0 = replace(suggested(DONE), interface="lo0", address=ip_interface("fd00::1/64"))
    assert steps(on_lo0, DONE) == [
        "/sbin/ifconfig lo0 inet6 fd00::1/64 alias",
        "/usr/sbin/sysrc ifconfig_lo0_alias0=inet6 fd00::1/64",
    ]


def test_a_line_that_the_shell_computes_is_not_written_over():
    seen = replace(FRESH, unclear=("cloned_interfaces",))
    with pytest.raises(InvalidInput, match="computed by the shell") as caught:
        plans.setup_plan(suggested(FRESH), seen)
    assert caught.value.field == "interface"


def test_nothing_is_written_over_in_an_rc_conf_that_could_not_be_read():
    with pytest.raises(InvalidInput, match="could not be read"):
        plans.setup_plan(suggested(FRESH), replace(FRESH, knows_rc=False))


def test_a_file_that_is_no_text_is_left_alone():
    with pytest.raises(InvalidInput, match="no text"):
        plans.setup_plan(suggested(FRESH), replace(FRESH, config_is="bytes"))


def test_the_network_can_be_left_as_it_is():
    wanted = replace(suggested(FRESH), interface="", address=None)
    assert not [step for step in steps(wanted, FRESH) if "lo1" in step]


def test_a_wish_survives_as_a_jobs_intent():
    for wanted in (
        suggested(FRESH),
        suggested(ON_ZFS),
        replace(suggested(FRESH), interface="", address=None),
    ):
        assert HostSetup.from_json(wanted.to_json()) == wanted


def test_a_subnet_that_the_host_uses_is_not_suggested():
    interfaces = {**FRESH.interfaces, "re1": (ip_interface("10.0.0.9/23"),)}
    assert str(suggested(replace(FRESH, interfaces=interfaces)).address) == "10.0.2.1/24"
    assert suggested(replace(FRESH, interfaces={"re1": (ip_interface("10.0.0.9/8"),)})).address is None


def test_an_address_beside_jails_that_are_there_is_suggested():
    jails = (ip_interface("10.5.0.1/24"), ip_interface("10.5.0.3/24"))
    held = {item.ip: "jail" for item in jails}
    seen = replace(FRESH, interfaces={**FRESH.interfaces, "lo1": jails}, held=held)
    wanted = suggested(seen)
    assert (wanted.interface, str(wanted.address)) == ("lo1", "10.5.0.2/24")
    assert rules.check_setup(wanted, seen) == []


def test_a_host_that_has_run_jails_for_long_is_not_told_to_do_it_in_another_way():
    seen = replace(DONE, jail_count=2, interfaces=FRESH.interfaces, rc={}, in_effect=DONE.in_effect | {
        "ezjail_ftphost": "ftp.freebsd.org"
    })  # fmt: skip
    assert plans.lacks(suggested(seen), seen) == []


def test_undoing_a_line_of_rc_conf_brings_back_what_it_was():
    seen = replace(DONE, enabled=False, rc={**DONE.rc, "ezjail_enable": "NO"})
    (step,) = plans.setup_plan(suggested(seen), seen).commands
    assert step.undo == "/usr/sbin/sysrc ezjail_enable=NO"
    assert host_setup.enable_ezjail().undo == "/usr/sbin/sysrc -x ezjail_enable"


def test_a_line_of_another_interface_does_not_count():
    seen = replace(DONE, rc={**DONE.rc, "ifconfig_lo1": "up", "ifconfig_lo10": "inet 10.0.0.1/24"})
    assert steps(suggested(seen), seen) == ["/usr/sbin/sysrc ifconfig_lo1_alias0=inet 10.0.0.1/24"]


# -- rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"jaildir": "usr/jails"}, "jaildir", "begins with /"),
        ({"jaildir": "/usr/../etc"}, "jaildir", "component"),
        ({"jaildir": "/usr/local"}, "jaildir", "the system's own"),
        ({"mirror": "ftp.freebsd.org"}, "mirror", "https://host"),
        ({"mirror": "http://x"}, "mirror", "https://"),
        ({"jailzfs": "tank/jails"}, "jailzfs", "no pool tank. It has: zroot"),
        ({"jailzfs": "zroot/a b"}, "jailzfs", "no ZFS dataset"),
        ({"jailzfs": ""}, "jailzfs", "no ZFS dataset"),
        ({"jailzfs": "zroot/home"}, "jailzfs", "is mounted on /home"),
        ({"jailzfs": "zroot/swap"}, "jailzfs", "is not mounted anywhere"),
        ({"jaildir": "/home", "jailzfs": "zroot/new"}, "jaildir", "the system's own"),
        ({"jaildir": "/zroot", "jailzfs": "zroot/new"}, "jailzfs", "zroot is mounted on /zroot already"),
        ({"interface": "re0"}, "interface", "loopback"),
        ({"address": None}, "address", "Say which address"),
        ({"address": ip_interface("10.0.0.0/24")}, "address", "an end of 10.0.0.0/24"),
        ({"address": ip_interface("10.0.0.255/24")}, "address", "an end of"),
        ({"address": ip_interface("10.0.0.1/32")}, "address", "no room"),
        ({"address": ip_interface("127.0.1.1/24")}, "address", "cannot be"),
        ({"address": ip_interface("192.0.2.7/24")}, "address", "has 192.0.2.7 on re0 already"),
        ({"address": ip_interface("192.0.2.9/24")}, "address", "re0 has 192.0.2.7/24"),
    ],
)
def test_what_a_host_cannot_be_is_said_at_its_field(changed, field, said):
    wanted = replace(suggested(ON_ZFS), **changed)
    ((where, sentence), *_) = rules.check_setup(wanted, ON_ZFS)
    assert (where, said in sentence) == (field, True), sentence


def test_a_pool_that_is_gone_is_refused_and_a_host_without_one_too():
    faulted = replace(ON_ZFS, pools={"zroot": "FAULTED"})
    assert rules.check_setup(suggested(ON_ZFS), faulted)[0][0] == "jailzfs"
    assert rules.check_setup(suggested(ON_ZFS), FRESH)[0][0] == "zfs"


def test_an_address_of_a_jail_is_refused():
    seen = replace(FRESH, held={ip_interface("10.0.0.1/24").ip: "www"})
    assert "The jail www" in rules.check_setup(suggested(FRESH), seen)[0][1]


def test_the_panels_own_suggestion_is_never_refused():
    for seen in (FRESH, ON_ZFS, DONE, replace(DONE, pools=POOLS, datasets=DATASETS, jail_count=3)):
        assert rules.check_setup(suggested(seen), seen) == []


def test_jails_that_are_there_are_warned_of():
    seen = replace(DONE, jail_count=2, pools=POOLS, datasets=DATASETS)
    wanted = replace(suggested(seen), jaildir="/data", zfs=Zfs.JAILS, jailzfs="zroot/new")
    said = " ".join(rules.warnings_of(wanted, seen))
    assert "nothing is moved" in said
    assert "mounted over them" in said
