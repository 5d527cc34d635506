"""Make, move and remove files."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apps.simulator.utilities import complain, options, utility, where

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.call import Call

OTHERS_READ = 0o755


async def each(call: Call, paths: list[str], act: Callable[[str], object]) -> int:
    """Do something to each path and complain of those where it fails; 1 when any did."""
    status = 0
    for path in paths:
        try:
            act(where(call, path))
        except OSError as error:
            status = await complain(call, error, path)
    return status


def mode_of(text: str, before: int) -> int:
    """Work out a new mode from `755`, `u+x`, `go-w`, `+x` and the like."""
    if re.fullmatch(r"[0-7]+", text):
        return int(text, 8)
    for clause in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwx]*)", clause)
        if not match:
            continue
        who = match[1].replace("a", "ugo") or "ugo"
        bits = sum({"r": 4, "w": 2, "x": 1}[letter] for letter in match[3])
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who))
        whole = sum(7 << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who))
        before = {"+": before | mask, "-": before & ~mask, "=": (before & ~whole) | mask}[match[2]]
    return before & 0o7777


@utility("mkdir")
async def mkdir(call: Call) -> int:
    """Play mkdir -p -m."""
    found, paths = options(call, valued="m")
    mode = mode_of(found.get("m", "755"), OTHERS_READ)
    files = call.files
    return await each(call, paths, lambda path: files.mkdir(path, mode, parents="p" in found))


@utility("rmdir")
async def rmdir(call: Call) -> int:
    """Play rmdir."""
    return await each(call, list(call.args), call.files.rmdir)


@utility("rm")
async def rm(call: Call) -> int:
    """Play rm -rf; the root itself stays."""
    found, paths = options(call)
    files = call.files

    def remove(path: str) -> None:
        if files.cwd(path) == "/":
            raise PermissionError(1, "may not be removed", path)
        if {"r", "R"} & set(found):
            files.remove_tree(path)
        elif files.is_dir(path) and not files.is_link(path):
            raise IsADirectoryError(21, "is a directory", path)
        else:
            files.remove(path, missing_ok="f" in found)

    return await each(call, paths, remove)


@utility("touch")
async def touch(call: Call) -> int:
    """Play touch."""
    files = call.files

    def freshen(path: str) -> None:
        files.append_text(path, "")
        os.utime(files.real(path))

    return await each(call, options(call)[1], freshen)


@utility("chmod")
async def chmod(call: Call) -> int:
    """Play chmod."""
    files = call.files
    words = [word for word in call.args if word not in {"-R", "-f", "--"}]

    def change(path: str) -> None:
        real = files.real(path)
        os.chmod(real, mode_of(words[0], os.stat(real).st_mode & 0o7777))  # noqa: PTH101, PTH116

    return await each(call, words[1:], change)


@utility("chown", "chgrp", "chflags", "sync")
async def chown(_call: Call) -> int:
    """Play what needs root on the machine below: everything here belongs to root:wheel already."""
    return 0


def target_of(call: Call, operands: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """Split operands of cp, mv, ln into sources and what gives each one's target."""
    *sources, target = operands
    if call.files.is_dir(where(call, target)):
        return sources, lambda source: f"{where(call, target)}/{source.rstrip('/').rpartition('/')[2]}"
    return sources, lambda _source: where(call, target)


@utility("mv")
async def mv(call: Call) -> int:
    """Play mv."""
    sources, target = target_of(call, options(call)[1])
    files = call.files
    return await each(call, sources, lambda path: files.rename(path, target(path)))


@utility("cp")
async def cp(call: Call) -> int:
    """Play cp -Rp."""
    found, operands = options(call)
    sources, target = target_of(call, operands)
    files = call.files

    def copy(path: str) -> None:
        if files.is_dir(path) and {"R", "r", "a"} & set(found):
            files.copy_tree(path, target(path))
        elif files.is_dir(path):
            raise IsADirectoryError(21, "is a directory (not copied).", path)
        else:
            files.write_bytes(target(path), files.read_bytes(path), files.lstat(path).st_mode & 0o777)

    return await each(call, sources, copy)


@utility("ln")
async def ln(call: Call) -> int:
    """Play ln -s; hard links are copies here."""
    found, operands = options(call)
    sources, target = target_of(call, operands)
    files = call.files
    status = 0
    for source in sources:
        place = target(source)
        try:
            if "f" in found:
                files.remove(place)
            if "s" in found:
                files.symlink(source, place)
            else:
                files.copy_entry(where(call, source), place)
        except OSError as error:
            status = await complain(call, error, place)
    return status


@utility("install")
async def install(call: Call) -> int:
    """Play install -d and install -m MODE FILE TARGET."""
    found, operands = options(call, valued="mog")
    files, mode = call.files, mode_of(found.get("m", "755"), OTHERS_READ)
    if "d" in found:
        return await each(call, operands, lambda path: files.mkdir(path, mode, parents=True))
    sources, target = target_of(call, operands)
    return await each(
        call, sources, lambda path: files.write_bytes(target(path), files.read_bytes(path), mode)
    )


@utility("mktemp")
async def mktemp(call: Call) -> int:
    """Play mktemp [-d] TEMPLATE."""
    found, operands = options(call, valued="t")
    template = operands[0] if operands else f"/tmp/{found.get('t', 'tmp')}.XXXXXXXX"  # noqa: S108 - a simulated host's
    stem = where(call, template.rstrip("X"))
    length = len(template) - len(template.rstrip("X"))
    for attempt in range(10_000):
        name = (os.urandom(8).hex() + f"{attempt}")[:length]
        if not call.files.lexists(stem + name):
            break
    files, path = call.files, stem + name
    if "d" in found:
        files.mkdir(path, 0o700)
    else:
        files.write_bytes(path, b"", 0o600)
    await call.out(path + "\n")
    return 0


@utility("readlink", "realpath")
async def readlink(call: Call) -> int:
    """Play readlink and realpath."""
    files, path = call.files, where(call, options(call)[1][-1])
    if call.argv[0].endswith("realpath") or "-f" in call.args:
        await call.out((files.real(path)[len(files.root) :] or "/") + "\n")
        return 0
    if not files.is_link(path):
        return 1
    await call.out(files.readlink(path) + "\n")
    return 0


@utility("tee")
async def tee(call: Call) -> int:
    """Play tee -a."""
    found, paths = options(call)
    data = await call.stdin()
    await call.sink_out(data)
    text = data.decode("utf-8", "surrogateescape")
    files = call.files
    write = files.append_text if "a" in found else files.write_text
    return await each(call, paths, lambda path: write(path, text))
