"""What the agent's script lists of a host's flavours, done as it does it there (`sections`)."""

from __future__ import annotations

import os
import re
import stat

MOST = 501
DEEPEST = 12
_PATH = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_./@+=-]*")


def listed(folder: str) -> bytes:
    """Give a line for each file, folder and link below the flavours, in the order of their paths."""
    top = os.fsencode(folder.rstrip("/"))
    rows: list[tuple[bytes, bytes]] = []
    for flavour in _entries(top):
        if flavour.is_dir(follow_symlinks=False):
            _walk(flavour.path, len(top) + 1, 2, rows)
    return b"".join(line for _path, line in sorted(rows)[:MOST])


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _walk(folder: bytes, cut: int, depth: int, rows: list[tuple[bytes, bytes]]) -> None:
    for entry in _entries(folder):
        state = entry.stat(follow_symlinks=False)
        path, mode = entry.path[cut:], stat.filemode(state.st_mode)
        if _PATH.fullmatch(path) and mode[0] in "-dl":
            size = state.st_size if mode[0] == "-" else 0
            rows.append((path, b"%s %d %s\n" % (mode.encode(), size, path)))
        if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
            _walk(entry.path, cut, depth + 1, rows)
