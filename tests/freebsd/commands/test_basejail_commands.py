"""What proves, unpacks and updates a basejail: exact to the byte, and nothing hostile gets into it."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import ezjail_update, freebsd_update, sets
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Mirror, Release

RELEASE = Release.parse("13.2-RELEASE")
BASE = AbsolutePath("/usr/jails/basejail")
SOURCE = Mirror("https://download.freebsd.org/releases/amd64/amd64/13.2-RELEASE")
SUM = "0123456789abcdef" * 4
HOSTILE = ["", "-x", "../base", "a b", "a\nb", "$(id)", "`id`", "a;b", "base\0", "BASE", "x" * 33]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_name_of_a_set_gets_into_no_command(name):
    for build in (
        lambda: sets.fetch(RELEASE, name, SOURCE),
        lambda: sets.check(RELEASE, name, SUM),
        lambda: sets.remove(RELEASE, name),
        lambda: sets.bring(RELEASE, name, "x", SUM),
        lambda: sets.unpack(RELEASE, name, BASE),
    ):
        with pytest.raises(InvalidInput):
            build()


@pytest.mark.parametrize("sha256", ["", "-", SUM[1:], SUM.upper(), f"{SUM}\n", "$(id)"])
def test_what_is_no_checksum_is_compared_with_nothing(sha256):
    with pytest.raises(InvalidInput):
        sets.check(RELEASE, "base", sha256)


def test_only_ports_and_sources_are_unpacked_past_ezjail():
    with pytest.raises(InvalidInput):
        sets.unpack(RELEASE, "base", BASE)


def test_sets_do_not_come_from_the_hosts_own_files():
    with pytest.raises(InvalidInput, match="https"):
        sets.fetch(RELEASE, "base", Mirror("file:///dist"))


def test_what_a_probe_lists_is_removed_and_what_is_no_set_is_left_alone():
    listed = ["13.2-RELEASE/base.txz", "../x.txz", "13.2-RELEASE/-x.txz", "nonsense"]
    assert [command.argv for command in sets.remove_listed(listed)] == [
        ("/bin/unlink", "/var/db/jailpanel/files/sets/13.2-RELEASE/base.txz")
    ]


def test_freebsd_update_is_told_the_trees_own_release():
    command = freebsd_update.patch(BASE, Release.parse("13.2-RELEASE-p3"), "the basejail")
    assert command.shell_text() == (
        "/usr/sbin/freebsd-update --not-running-from-cron -b /usr/jails/basejail "
        "--currently-running 13.2-RELEASE-p3 fetch install"
    )
    assert command.undo == "/usr/sbin/freebsd-update -b /usr/jails/basejail rollback"
    with pytest.raises(InvalidInput):
        freebsd_update.patch(BASE, Release.parse("15.0-CURRENT"), "the basejail")
    assert freebsd_update.finish(BASE, "the basejail").argv[1:] == ("-b", "/usr/jails/basejail", "install")


def test_portsnap_is_not_called_where_it_is_gone():
    assert ezjail_update.ports(RELEASE).argv[-2:] == ("update", "-P")
    with pytest.raises(InvalidInput):
        ezjail_update.ports(Release.parse("14.0-RELEASE"))


@pytest.mark.parametrize(("build", "flag"), [(True, "-b"), (False, "-i")])
def test_the_source_tree_is_named(build, flag):
    command = ezjail_update.from_sources(AbsolutePath("/usr/src"), build=build)
    assert command.argv[1:] == ("update", "-s", "/usr/src", flag)
    assert command.purpose.endswith(".")
