"""Look at files: ls, stat, find."""

from __future__ import annotations

import fnmatch
import stat
import time
from typing import TYPE_CHECKING

from apps.simulator.utilities import options, utility, where

if TYPE_CHECKING:
    import os

    from apps.simulator.call import Call
    from apps.simulator.files import Files

FRAGMENT = 512  # a UFS directory takes at least this
BLOCK = 4096
HALF_YEAR_S = 182 * 86400


@utility("ls")
async def ls(call: Call) -> int:
    """Play ls -l -a -d -1 -R as FreeBSD prints it."""
    found, operands = options(call)
    files, status = call.files, 0
    paths = operands or [call.cwd]
    missing = [path for path in paths if not files.lexists(where(call, path))]
    for path in sorted(missing):
        status = await call.fail(f"ls: {path}: No such file or directory")
    there = [path for path in paths if path not in missing]
    folders = sorted(path for path in there if "d" not in found and files.is_dir(where(call, path)))
    plain = sorted(path for path in there if path not in folders)
    blocks = [_rows(files, [(path, where(call, path)) for path in plain], found)] if plain else []
    for path in folders:
        title = f"{path}:\n" if len(paths) > 1 else ""
        blocks.append(title + _folder(files, where(call, path), found))
    await call.out("\n".join(blocks))
    return status


def _folder(files: Files, path: str, found: dict[str, str]) -> str:
    names = files.names(path)
    if "a" not in found and "A" not in found:
        names = [name for name in names if name[0] != "."]
    shown = [".", "..", *names] if "a" in found else names
    entries = [(name, f"{path.rstrip('/')}/{name}") for name in shown]
    total = ""
    if "l" in found:
        blocks = sum(_blocks(_state(files, entry)) for _name, entry in entries)
        total = f"total {blocks}\n"
    return total + _rows(files, entries, found)


def _state(files: Files, path: str) -> os.stat_result:
    name = path.rpartition("/")[2]
    return files.lstat(files.cwd(path) if name in {".", ".."} else path)


def _blocks(state: os.stat_result) -> int:
    """Give the KiB that a file takes on UFS: whole fragments of 4 KiB."""
    if stat.S_ISLNK(state.st_mode):
        return 0
    size = FRAGMENT if stat.S_ISDIR(state.st_mode) else state.st_size
    return -(-size // BLOCK) * BLOCK // 1024


def _rows(files: Files, entries: list[tuple[str, str]], found: dict[str, str]) -> str:
    if "l" not in found:
        return "".join(name + "\n" for name, _path in entries)
    cells = [_cells(files, name, path) for name, path in entries]
    widths = [max(len(row[at]) for row in cells) for at in range(4)] if cells else []
    return "".join(_row(row, widths) for row in cells)


def _cells(files: Files, name: str, path: str) -> tuple[str, str, str, str, str, str]:
    state = _state(files, path)
    mode, size, links = state.st_mode, state.st_size, state.st_nlink
    if stat.S_ISDIR(mode):
        size = FRAGMENT
        real = files.real(files.cwd(path))
        links = _subfolders(real) + 2
    shown = f"{name} -> {files.readlink(path)}" if stat.S_ISLNK(mode) else name
    letters = "lrwxr-xr-x" if stat.S_ISLNK(mode) else stat.filemode(mode)
    return letters, str(links), "root  wheel", str(size), _date(state.st_mtime), shown


def _subfolders(real: str) -> int:
    """Count what makes up a directory's links; some file systems below us do not."""
    from os import scandir  # noqa: PLC0415

    with scandir(real) as entries:
        return sum(entry.is_dir(follow_symlinks=False) for entry in entries)


def _row(row: tuple[str, str, str, str, str, str], widths: list[int]) -> str:
    mode, links, owner, size, date, name = row
    return f"{mode}  {links.rjust(widths[1])} {owner}  {size.rjust(widths[3])} {date} {name}\n"


def _date(seconds: float) -> str:
    when = time.gmtime(seconds)
    if abs(time.time() - seconds) > HALF_YEAR_S:
        return time.strftime("%b %e  %Y", when)
    return time.strftime("%b %e %H:%M", when)


@utility("stat")
async def stat_file(call: Call) -> int:
    """Play stat -f FORMAT with %z size, %m time, %p mode, %Lp permissions, %N name, %u, %g."""
    found, paths = options(call, valued="f")
    form, status = found.get("f", "%N %z"), 0
    for path in paths:
        if not call.files.lexists(where(call, path)):
            status = await call.fail(f"stat: {path}: stat: No such file or directory")
            continue
        state = call.files.lstat(where(call, path))
        values = {"%Lp": f"{state.st_mode & 0o7777:o}", "%z": str(state.st_size), "%N": path}
        values |= {"%m": str(int(state.st_mtime)), "%p": f"{state.st_mode:o}", "%u": "0", "%g": "0"}
        line = form
        for key, value in values.items():
            line = line.replace(key, value)
        await call.out(line + "\n")
    return status


@utility("find")
async def find(call: Call) -> int:
    """Play find PATH… [-type f|d|l] [-name PATTERN] [-maxdepth N]; entries come in the order of names."""
    words = list(call.args)
    at = next((index for index, word in enumerate(words) if word[0] in "-!("), len(words))
    tests = dict(zip(words[at::2], words[at + 1 :: 2], strict=False))
    files, status = call.files, 0
    for top in words[:at] or ["."]:
        base = where(call, top)
        if not files.lexists(base):
            status = await call.fail(f"find: {top}: No such file or directory")
            continue
        below = files.walk(base) if files.is_dir(base) else []
        for name in ["", *below]:
            path = f"{base}/{name}" if name else base
            if _chosen(files, path, name, tests):
                await call.out((f"{top}/{name}" if name else top) + "\n")
    return status


def _chosen(files: Files, path: str, name: str, tests: dict[str, str]) -> bool:
    mode = files.lstat(path).st_mode
    kinds = {"f": stat.S_ISREG(mode), "d": stat.S_ISDIR(mode), "l": stat.S_ISLNK(mode)}
    depth = name.count("/") + bool(name)
    return (
        kinds.get(tests.get("-type", ""), True)
        and fnmatch.fnmatchcase(path.rpartition("/")[2], tests.get("-name", "*"))
        and int(tests.get("-mindepth", 0)) <= depth <= int(tests.get("-maxdepth", depth))
    )
