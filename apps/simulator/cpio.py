"""Archives in the old portable cpio format, as `pax -x cpio` writes them.

Source: reference ezjail.md §8.1.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass

MAGIC = b"070707"
TRAILER = "TRAILER!!!"
HEADER_BYTES = 76


class Damaged(Exception):
    """The archive ends in the middle or is none."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: relative path, mode with its kind, contents (a link's target)."""

    path: str
    mode: int
    data: bytes


def pack(members: list[Member]) -> bytes:
    """Write an archive."""
    rows = [*members, Member(TRAILER, 0, b"")]
    return b"".join(_row(member, number) for number, member in enumerate(rows, start=1))


def _row(member: Member, number: int) -> bytes:
    name = member.path.encode("utf-8", "surrogateescape") + b"\0"
    links = 2 if stat.S_ISDIR(member.mode) else 1
    head = f"{0:06o}{number:06o}{member.mode:06o}{0:06o}{0:06o}{links:06o}{0:06o}{0:011o}"
    return MAGIC + f"{head}{len(name):06o}{len(member.data):011o}".encode() + name + member.data


def unpack(data: bytes) -> list[Member]:
    """Read an archive.

    Raises:
        Damaged: it is cut short or no such archive.
    """
    members: list[Member] = []
    at = 0
    while True:
        head = data[at : at + HEADER_BYTES]
        if len(head) < HEADER_BYTES or not head.startswith(MAGIC):
            raise Damaged
        mode, name_size, size = int(head[18:24], 8), int(head[59:65], 8), int(head[65:76], 8)
        at += HEADER_BYTES
        name = data[at : at + name_size - 1].decode("utf-8", "surrogateescape")
        content = data[at + name_size : at + name_size + size]
        at += name_size + size
        if name == TRAILER:
            return members
        if len(content) < size:
            raise Damaged
        members.append(Member(name, mode, content))
