"""A jail's fstab: what it says, and what may be added to it."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.fstab import (
    FstabEntry,
    JailPlaces,
    added_entries,
    check_entry,
    is_harmless,
    parse_fstab,
)

PLACES = JailPlaces("/usr/jails/test", "/usr/jails/basejail")
BASE = "/usr/jails/basejail /usr/jails/test/basejail nullfs ro 0 0\n"


def test_lines_are_read_and_comments_passed_over():
    entries = parse_fstab(f"# first\n\n{BASE}tmpfs\t/usr/jails/test/tmp  tmpfs rw,size=1g # why\n")
    assert entries == (
        FstabEntry(3, "/usr/jails/basejail", "/usr/jails/test/basejail", "nullfs", ("ro",)),
        FstabEntry(4, "tmpfs", "/usr/jails/test/tmp", "tmpfs", ("rw", "size=1g")),
    )
    assert entries[0].is_read_only
    assert not entries[1].is_read_only


def test_only_what_is_new_is_looked_at():
    odd = "what is this\n"
    assert added_entries(odd + BASE, f"{BASE}{odd}") == []
    (added,) = added_entries(BASE, f"{BASE}tmpfs /usr/jails/test/tmp tmpfs rw 0 0\n")
    assert (added.number, added.kind) == (2, "tmpfs")


@pytest.mark.parametrize("line", ["a b c", "a", "a b c d 0 0 0", "a b c d x 0"])
def test_a_line_of_another_form_is_refused(line):
    with pytest.raises(InvalidInput, match="Line 2 has not the form") as refused:
        added_entries(BASE, BASE + line)
    assert refused.value.field == "text"


@pytest.mark.parametrize(
    "line",
    [
        "tmpfs /usr/jails/test/tmp tmpfs rw,size=64m,mode=1777 0 0",
        "/data/files /usr/jails/test/files nullfs ro,noexec 0 0",
        "proc /usr/jails/test/compat/linux/proc linprocfs rw 0 0",
    ],
)
def test_mounts_below_the_root_pass(line):
    (entry,) = parse_fstab(line)
    check_entry(entry, PLACES)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/dev/ada0p2 /usr/jails/test/x ufs rw", "mounts ufs"),
        ("tmpfs /etc tmpfs rw", "outside the jail"),
        ("tmpfs /usr/jails/test tmpfs rw", "outside the jail"),
        ("tmpfs /usr/jails/test/ tmpfs rw", "outside the jail"),
        ("tmpfs /usr/jails/test2/x tmpfs rw", "outside the jail"),
        ("tmpfs /usr/jails/test/../../etc tmpfs rw", r"with \. or \.\."),
        ("tmpfs /usr/jails/test//x tmpfs rw", r"\.\. or //"),
        ("tmpfs /usr/jails/test/a\\040b tmpfs rw", "no absolute path of plain"),
        ("tmpfs usr/x tmpfs rw", "no absolute path"),
        ("/ /usr/jails/test/x nullfs ro", "no absolute path"),
        ("/usr /usr/jails/test/x nullfs ro", "holds the jail itself"),
        ("/usr/jails/test /usr/jails/test/x nullfs ro", "holds the jail itself"),
        ("data /usr/jails/test/x nullfs ro", "source"),
        ("tmpfs /usr/jails/test/x tmpfs rw,mountprog=/bin/sh", "option mountprog"),
        ("devfs /usr/jails/test/dev devfs rw,ruleset=0", "option ruleset"),
        ("tmpfs /usr/jails/test/x tmpfs -o", "option -o"),
    ],
)
def test_what_reaches_beyond_the_jail_is_refused(line, why):
    (entry,) = parse_fstab(line)
    with pytest.raises(InvalidInput, match=why):
        check_entry(entry, PLACES)


@pytest.mark.parametrize(
    ("line", "harmless"),
    [
        ("/usr/jails/basejail /usr/jails/test/b nullfs ro", True),
        ("/usr/jails/basejail /usr/jails/test/b nullfs rw", False),
        ("/usr/jails/basejail2 /usr/jails/test/b nullfs ro", False),
        ("tmpfs /usr/jails/test/t tmpfs rw", True),
        ("devfs /usr/jails/test/d devfs rw", False),
        ("/data /usr/jails/test/t nullfs ro", False),
    ],
)
def test_what_shows_the_jail_more_of_its_host_takes_more(line, harmless):
    (entry,) = parse_fstab(line)
    assert is_harmless(entry, PLACES) == harmless
