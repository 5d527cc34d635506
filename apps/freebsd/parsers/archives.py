"""What there is to go back to: archives in ezjail's directory, datasets of jails and their snapshots."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

_ARCHIVE = re.compile(r"(?P<size>\d{1,18}) (?P<time>\d{1,11}) (?P<name>[A-Za-z0-9_.-]{1,255})")
_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """A file in the directory of archives.

    Args:
        name: Its name there.
        size_bytes: Its size.
        made_at: When it was last written.
    """

    name: str
    size_bytes: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A dataset below ezjail's.

    Args:
        name: Such as `zroot/ezjail/web`.
        used_bytes: With snapshots and what is below.
        refer_bytes: What can be reached in it.
        written_bytes: What was written since its newest snapshot.
        mountpoint: A path, `none` or `legacy`.
    """

    name: str
    used_bytes: int
    refer_bytes: int
    written_bytes: int
    mountpoint: str


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """A snapshot.

    Args:
        dataset: Of what.
        name: The part behind the @.
        made_at: When it was taken.
        used_bytes: What its end would free.
        refer_bytes: What can be reached in it.
    """

    dataset: str
    name: str
    made_at: datetime
    used_bytes: int
    refer_bytes: int


def parse_archives(text: str) -> tuple[ArchiveFacts, ...]:
    """Read the agent's section `archives`: size, time and name of each, one a line.

    Raises:
        ParseError: A line is none of these.
    """
    found = []
    for line in split_lines(text):
        match = _ARCHIVE.fullmatch(line)
        if match is None:
            raise ParseError(f"The host's list of archives holds “{excerpt(line)}”, which is not understood.")
        found.append(ArchiveFacts(match["name"], int(match["size"]), _time(match["time"])))
    return tuple(found)


def parse_jail_datasets(text: str) -> tuple[tuple[DatasetFacts, ...], tuple[SnapshotFacts, ...]]:
    """Read `zfs list -Hp -t filesystem,snapshot -o name,creation,used,refer,written,mountpoint -r DATASET`.

    Raises:
        ParseError: A line has other columns, or no numbers where they belong.

    Source: reference jail-tools §9.1.
    """
    datasets: list[DatasetFacts] = []
    snapshots: list[SnapshotFacts] = []
    for line in split_lines(text):
        row = line.split("\t")
        if len(row) != _COLUMNS:
            raise ParseError(
                f"zfs list printed “{excerpt(line)}”, which does not have its {_COLUMNS} columns."
            )
        name, creation, used, refer, written, mountpoint = row
        holder, at, label = name.partition("@")
        if at:
            snapshots.append(SnapshotFacts(holder, label, _time(creation), _number(used), _number(refer)))
        else:
            datasets.append(DatasetFacts(name, _number(used), _number(refer), _number(written), mountpoint))
    return tuple(datasets), tuple(snapshots)


def _number(text: str) -> int:
    if text == "-":
        return 0
    try:
        return int(text)
    except ValueError as error:
        raise ParseError(f"zfs printed “{excerpt(text)}” where a whole number belongs.") from error


def _time(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ParseError(f"The host gave “{excerpt(text)}” for a time.") from error
