"""rctl and its files: exact calls, and no name becomes an argument of its own."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import rctl
from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.rules import parse_rule

RULE = parse_rule("jail:test:maxproc:deny=100")


@pytest.mark.parametrize(
    ("step", "argv", "undo"),
    [
        (rctl.list_rules(), ("/usr/bin/rctl",), None),
        (
            rctl.add([RULE]),
            ("/usr/bin/rctl", "-a", "jail:test:maxproc:deny=100"),
            "/usr/bin/rctl -r jail:test:maxproc:deny=100/jail",
        ),
        (
            rctl.add([RULE, parse_rule("jail:test:nthr:log=9")], [parse_rule("jail:test:maxproc:deny=7")]),
            ("/usr/bin/rctl", "-a", "jail:test:maxproc:deny=100", "jail:test:nthr:log=9"),
            "/usr/bin/rctl -a jail:test:maxproc:deny=7 && /usr/bin/rctl -r jail:test:nthr:log=9/jail",
        ),
        (
            rctl.remove([RULE]),
            ("/usr/bin/rctl", "-r", "jail:test:maxproc:deny=100/jail"),
            "/usr/bin/rctl -a jail:test:maxproc:deny=100",
        ),
        (rctl.usage(["a", "b_c"]), ("/usr/bin/rctl", "-u", "jail:a", "jail:b_c"), None),
        (
            rctl.enable_at_boot("NO"),
            ("/usr/sbin/sysrc", "rctl_enable=YES"),
            "/usr/sbin/sysrc rctl_enable=NO",
        ),
        (
            rctl.enable_at_boot(),
            ("/usr/sbin/sysrc", "rctl_enable=YES"),
            "/usr/sbin/sysrc -x rctl_enable",
        ),
    ],
)
def test_calls_are_exact(step, argv, undo):
    assert (step.argv, step.undo) == (argv, undo)


def test_files_are_replaced_only_as_they_were_seen():
    assert rctl.write_rules(None, "x\n").argv[:3] == ("write", "/etc/rctl.conf", "-")
    change = rctl.switch_accounting_on('zfs_load="YES"\n')
    assert (change.path, change.after) == ("/boot/loader.conf", 'zfs_load="YES"\nkern.racct.enable=1\n')


@pytest.mark.parametrize(
    "name", ["", "-r", "a:b", "a,b", "a b", "a=b", "a/b", "a\n", "a\0", "$(id)", "'a'", ":"]
)
def test_no_other_name_gets_into_a_call(name):
    with pytest.raises(InvalidInput):
        rctl.usage(["good", name])


@pytest.mark.parametrize("build", [rctl.add, rctl.remove, rctl.usage])
def test_nothing_is_no_call(build):
    with pytest.raises(InvalidInput):
        build([])
