"""The calls around ipfw: one form each, numbers in their ranges, and no rule ever in an argument."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import ipfw
from apps.freebsd.errors import InvalidInput

AGENT = "/usr/local/libexec/jailpanel-agent"


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        (ipfw.accept_by_default(), "/bin/kenv net.inet.ip.fw.default_to_accept=1"),
        (ipfw.load_ipfw(), "/sbin/kldload ipfw"),
        (ipfw.load_nat(), "/sbin/kldload ipfw_nat"),
        (ipfw.disable_set(17), "/sbin/ipfw -q set disable 17"),
        (ipfw.delete_set(0, "Away with it."), "/sbin/ipfw -q delete set 0"),
        (ipfw.enable_set_zero(), "/sbin/ipfw -q set enable 0"),
        (ipfw.check_rules(), "/sbin/ipfw -n /usr/local/etc/jailpanel/next.rules"),
        (ipfw.load_rules(), "/sbin/ipfw -q /usr/local/etc/jailpanel/next.rules"),
        (ipfw.remove_next(ipfw.NEXT_GLOBALS), "/bin/unlink /usr/local/etc/jailpanel/next.globals"),
        (ipfw.enable_at_boot(), "/usr/sbin/sysrc firewall_enable=YES"),
        (ipfw.script_at_boot(), f"/usr/sbin/sysrc firewall_script={AGENT}"),
        (ipfw.type_at_boot(), "/usr/sbin/sysrc firewall_type=load-firewall"),
    ],
)
def test_calls(command, argv):
    assert command.shell_text() == argv
    assert command.purpose.endswith(".")


@pytest.mark.parametrize(
    ("before", "undo"),
    [
        (None, "/usr/sbin/sysrc -x firewall_type"),
        ("open", "/usr/sbin/sysrc firewall_type=open"),
        ("/etc/my rules; reboot", "/usr/sbin/sysrc 'firewall_type=/etc/my rules; reboot'"),
    ],
)
def test_what_rc_conf_said_comes_back(before, undo):
    assert ipfw.type_at_boot(before).undo == undo


def test_files_are_replaced_only_when_they_are_what_they_were():
    for write, path in [
        (ipfw.write_next_rules, ipfw.NEXT_RULES),
        (ipfw.write_next_globals, ipfw.NEXT_GLOBALS),
        (ipfw.keep_rules, ipfw.KEPT_RULES),
    ]:
        change = write("old\n", "new\n")
        assert (change.path, change.before, change.after) == (path, "old\n", "new\n")


@pytest.mark.parametrize("number", [-1, 31, 32])
def test_only_sets_that_can_go_are_deleted(number):
    with pytest.raises(InvalidInput, match="Sets that can be deleted"):
        ipfw.delete_set(number, "Away with it.")


@pytest.mark.parametrize("number", [0, 16, 19, 31])
def test_only_the_panels_own_sets_are_switched_off(number):
    with pytest.raises(InvalidInput, match="none of the panel's own"):
        ipfw.disable_set(number)


@pytest.mark.parametrize("path", ["/etc/passwd", "-q", "", ipfw.KEPT_RULES, ipfw.NEXT_RULES + "\n"])
def test_only_files_that_served_are_taken_away(path):
    with pytest.raises(InvalidInput, match="no file of the panel's own"):
        ipfw.remove_next(path)
