"""zfs(8) and zpool(8): pools and file systems, from their scripted form."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines


@dataclass(frozen=True, slots=True)
class ZfsPool:
    """One pool.

    Args:
        name: Its name.
        size_bytes: All of it.
        allocated_bytes: What is taken.
        free_bytes: What is left.
        capacity_percent: The share that is taken; None when the pool is not there to tell.
        health: ONLINE, DEGRADED, FAULTED, …
    """

    name: str
    size_bytes: int | None
    allocated_bytes: int | None
    free_bytes: int | None
    capacity_percent: int | None
    health: str


@dataclass(frozen=True, slots=True)
class ZfsDataset:
    """One file system.

    Args:
        name: Such as `zroot/jails/test`.
        used_bytes: With snapshots and children.
        available_bytes: What it may still take.
        referenced_bytes: What can be reached in it.
        mountpoint: A path, `none`, `legacy`, or None where it does not apply.
        origin: The snapshot that it is a clone of.
        jailed: Whether it is given to a jail.
    """

    name: str
    used_bytes: int | None
    available_bytes: int | None
    referenced_bytes: int | None
    mountpoint: str | None
    origin: str | None
    jailed: bool


def parse_zpool_list(text: str) -> tuple[ZfsPool, ...]:
    """Read `zpool list -Hp -o name,size,alloc,free,cap,health`.

    Raises:
        ParseError: A line has other columns.

    Source: reference jail-tools §9.1.
    """
    return tuple(
        ZfsPool(name, _bytes(size), _bytes(alloc), _bytes(free), _bytes(cap.removesuffix("%")), health)
        for name, size, alloc, free, cap, health in _rows(text, 6, "zpool list")
    )


def parse_zfs_list(text: str) -> tuple[ZfsDataset, ...]:
    """Read `zfs list -Hp -t filesystem -o name,used,avail,refer,mountpoint,origin,jailed`.

    Raises:
        ParseError: A line has other columns.

    Source: reference jail-tools §9.1.
    """
    return tuple(
        ZfsDataset(
            name, _bytes(used), _bytes(avail), _bytes(refer), _known(point), _known(origin), _is_on(jailed)
        )
        for name, used, avail, refer, point, origin, jailed in _rows(text, 7, "zfs list")
    )


def _rows(text: str, columns: int, what: str) -> list[list[str]]:
    rows = [line.split("\t") for line in split_lines(text)]
    for row in rows:
        if len(row) != columns or not row[0]:
            raise ParseError(
                f"{what} printed “{excerpt(' '.join(row))}”, which does not have its {columns} columns."
            )
    return rows


def _known(text: str) -> str | None:
    return None if text == "-" else text


def _bytes(text: str) -> int | None:
    if text == "-":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ParseError(f"zfs printed “{excerpt(text)}” where a whole number belongs.") from error


def _is_on(text: str) -> bool:
    try:
        return {"on": True, "off": False, "-": False}[text]
    except KeyError as error:
        raise ParseError(
            f"zfs printed “{excerpt(text)}” for the property jailed, which is on or off."
        ) from error
