"""Archives in the old portable cpio format, as `pax -x cpio` writes them.

Source: reference ezjail.md §8.1.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

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


def read_folder(folder: str) -> list[Member]:
    """Collect a real folder and all below it, parents first, by paths relative to it ("" is itself)."""
    members = [member_of(folder, "")]
    for place, folders, names in os.walk(folder):
        folders.sort()
        below = os.path.relpath(place, folder)
        for name in sorted([*folders, *names]):
            path = name if below == "." else f"{below}/{name}"
            members.append(member_of(f"{folder}/{path}", path))
    return members


def member_of(place: str, path: str) -> Member:
    """Read one real file, folder or link."""
    state = Path(place).lstat()
    if stat.S_ISLNK(state.st_mode):
        return Member(path, state.st_mode, os.fsencode(Path(place).readlink()))
    empty = stat.S_ISDIR(state.st_mode) or not state.st_size
    return Member(path, state.st_mode, b"" if empty else Path(place).read_bytes())


def write_folder(members: list[Member], folder: str) -> None:
    """Put members into a real folder that is there and empty."""
    for member in members:
        place = Path(folder, member.path)
        if stat.S_ISLNK(member.mode):
            place.symlink_to(os.fsdecode(member.data))
            continue
        if stat.S_ISDIR(member.mode):
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(member.data)
        place.chmod(stat.S_IMODE(member.mode))
