"""/etc/fstab.SAFENAME: the file systems that jail(8) mounts for a jail, and which of them may be added here.

Source: fstab(5), mount(8), mount_nullfs(8); reference ezjail §3.6, §5; jail(8) itself refuses a mount point
that goes through a symbolic link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from apps.freebsd.errors import InvalidInput

WITHOUT_SOURCE = ("tmpfs", "devfs", "fdescfs", "procfs", "linprocfs", "linsysfs")
KINDS = ("nullfs", *WITHOUT_SOURCE)
_OPTION = re.compile(
    r"ro|rw|noatime|nosuid|noexec|nosymfollow|nocover|late|async|linrdlnk|rdlnk"
    r"|(?:size|inodes|maxfilesize)=[0-9]+[kKmMgG]?|mode=[0-7]{3,4}|(?:uid|gid)=[0-9]{1,10}"
)
_PATH = re.compile(r"/[A-Za-z0-9._/@+,:=~-]+")
_NOTHING = re.compile(r"\s*(?:#|$)")
_ESCAPE = re.compile(r"\\[0-7]{3}")


@dataclass(frozen=True, slots=True)
class FstabEntry:
    """One line that mounts something.

    Args:
        number: The line, from 1.
        source: What is mounted.
        point: Where.
        kind: As what.
        options: How.
    """

    number: int
    source: str
    point: str
    kind: str
    options: tuple[str, ...]

    @property
    def is_read_only(self) -> bool:
        """Whether the jail cannot write there."""
        return "ro" in self.options


@dataclass(frozen=True, slots=True)
class JailPlaces:
    """Where a jail and what it mounts may be.

    Args:
        root: Its root.
        jailbase: The basejail.
    """

    root: str
    jailbase: str


def parse_fstab(text: str) -> tuple[FstabEntry, ...]:
    """Read the lines that mount something.

    Raises:
        InvalidInput: A line is none of fstab(5); `field` is text.
    """
    lines = enumerate(text.split("\n"), start=1)
    return tuple(_entry(number, line) for number, line in lines if not _NOTHING.match(line))


def _entry(number: int, line: str) -> FstabEntry:
    fields = line.partition("#")[0].split()
    if not 4 <= len(fields) <= 6 or not all(field.isdigit() for field in fields[4:]):
        raise _wrong(number, "has not the form SOURCE MOUNTPOINT TYPE OPTIONS [0 0]")
    return FstabEntry(number, fields[0], fields[1], fields[2], tuple(fields[3].split(",")))


def added_entries(before: str, after: str) -> list[FstabEntry]:
    """Return the entries of `after` that `before` has not.

    Raises:
        InvalidInput: A line of `after` is none of fstab(5) and was not there before.
    """
    was = [" ".join(line.split()) for line in before.split("\n")]
    lines = after.split("\n")
    new = "\n".join("" if " ".join(line.split()) in was else line for line in lines)
    return list(parse_fstab(new))


def check_entry(entry: FstabEntry, places: JailPlaces) -> None:
    """Refuse what no jail should mount.

    Raises:
        InvalidInput: It is such a mount; `field` is text.
    """
    if entry.kind not in KINDS:
        raise _wrong(entry.number, f"mounts {entry.kind}: here it can be {', '.join(KINDS)}")
    _check_path(entry.number, entry.point, "mount point")
    if not PurePosixPath(entry.point).is_relative_to(places.root) or entry.point.rstrip("/") == places.root:
        raise _wrong(entry.number, f"mounts outside the jail: the mount point has to be below {places.root}/")
    if entry.kind == "nullfs":
        _check_path(entry.number, entry.source, "source")
        if PurePosixPath(places.root).is_relative_to(entry.source):
            raise _wrong(entry.number, "mounts a directory that holds the jail itself")
    for option in entry.options:
        if not _OPTION.fullmatch(option):
            raise _wrong(entry.number, f"has the option {option}, which cannot be added here")


def is_harmless(entry: FstabEntry, places: JailPlaces) -> bool:
    """Return whether it shows the jail nothing of the host but the basejail, and that read-only."""
    if entry.kind == "nullfs":
        is_base = PurePosixPath(entry.source).is_relative_to(places.jailbase)
        return is_base and entry.is_read_only
    return entry.kind in ("tmpfs", "fdescfs", "procfs", "linprocfs", "linsysfs")


def _check_path(number: int, path: str, what: str) -> None:
    if _ESCAPE.search(path) or not _PATH.fullmatch(path):
        raise _wrong(number, f"names a {what} that is no absolute path of plain characters")
    if any(part in (".", "..") for part in path.split("/")) or "//" in path:
        raise _wrong(number, f"names a {what} with . or .. or // in it")


def _wrong(number: int, why: str) -> InvalidInput:
    return InvalidInput(f"Line {number} {why}.", field="text")
