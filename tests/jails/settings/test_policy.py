"""What a change of a jail's file takes: whatever root of the host goes by, a right of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.permissions import Perm
from apps.freebsd.jail_file import JailFile
from apps.freebsd.parsers.ezjail_file import VARIABLES
from apps.jails.settings.policy import changed_variables, needs
from tests.jails.settings.posts import FILE

MINE = JailFile("test", FILE)
FREE = {
    "ip", "mount_enable", "devfs_enable", "procfs_enable", "fdescfs_enable", "forceblocking", "zfs_datasets",
    "cpuset", "fib", "retention_policy",
}  # fmt: skip


def rights(after: str, before: JailFile = MINE) -> set[Perm]:
    return {need.perm for need in needs(before, JailFile("test", after))}


def with_value(variable: str, value: str) -> str:
    return FILE + f'export jail_test_{variable}="{value}"\n'


@pytest.mark.parametrize("variable", VARIABLES)
def test_of_ezjails_own_variables_only_these_are_free(variable):
    value = {"parameters": "odd", "devfs_ruleset": "0"}.get(variable, "/bin/odd")
    assert (rights(with_value(variable, value)) == set()) == (variable in FREE)


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("exec_stop", "/bin/sh /etc/rc.shutdown jail", set()),
        ("exec_stop", "/bin/sh -c x", {Perm.JAIL_COMMAND}),
        ("exec_afterstart0", "/bin/x", {Perm.JAIL_COMMAND}),
        ("exec_poststop3", "/bin/x", {Perm.HOST_SETUP}),
        ("devfs_ruleset", "5", set()),
        ("parameters", "allow.raw_sockets=1 allow.mount.tmpfs enforce_statfs=1", set()),
        ("parameters", "allow.raw_sockets=1 devfs_ruleset=1", {Perm.HOST_SETUP}),
        ("parameters", "mount.fstab=/x", {Perm.HOST_SETUP}),
        ("parameters", "host.hostname=a}b", {Perm.HOST_SETUP}),
    ],
)
def test_it_depends_on_the_value(variable, value, wanted):
    assert rights(with_value(variable, value)) == wanted


def test_words_that_were_there_may_stay_and_go():
    odd = JailFile("test", with_value("parameters", "odd.one=1 allow.mlock"))
    assert rights(with_value("parameters", "odd.one=1"), odd) == set()
    assert rights(with_value("parameters", "allow.mlock"), odd) == set()


@pytest.mark.parametrize("line", ["logger x\n", "OTHER=1\n", "export jail_other_ip=x\n"])
def test_shell_of_the_host_takes_its_right_to_go_as_to_come(line):
    with_it = JailFile("test", FILE + line)
    assert rights(with_it.text) == {Perm.HOST_SETUP}
    assert rights(FILE, with_it) == {Perm.HOST_SETUP}


def test_comments_and_blank_lines_are_free():
    assert rights("# new\n\n" + FILE.replace("# REQUIRE: ", "# REQUIRE: other")) == set()


@given(st.sampled_from(VARIABLES), st.text(st.sampled_from("ab1 /.=;"), max_size=8))
def test_a_change_is_noticed_whichever_it_is(variable, value):
    after = MINE.shell.set(f"jail_test_{variable}", value).data.decode()
    changed = changed_variables(MINE, JailFile("test", after))
    assert changed == ([variable] if value != MINE.value(variable) else [])
