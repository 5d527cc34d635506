"""POSIX utilities as a person at a simulated host's prompt uses them, on that host's files.

The agent's script does not come here: what POSIX has it takes from the machine below.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.call import Call, Tool

UTILITIES: dict[str, Tool] = {}
FOLDERS = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")


def utility(*names: str) -> Callable[[Tool], Tool]:
    """Enter the decorated function under bare names."""

    def enter(function: Tool) -> Tool:
        UTILITIES.update(dict.fromkeys(names, function))
        return function

    return enter


@functools.cache
def load() -> dict[str, Tool]:
    """Import every module of this package once, so that each has entered its utilities."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return UTILITIES


def find(name: str) -> Tool | None:
    """Find a utility by bare name, or by a path in one of the base system's folders."""
    folder, _, bare = name.rpartition("/")
    if folder and f"{folder}/" not in FOLDERS:
        return None
    return load().get(bare)


def where(call: Call, path: str) -> str:
    """Make a path of the call's absolute."""
    return path if path.startswith("/") else f"{call.cwd.rstrip('/')}/{path}"


def options(call: Call, *, valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Read options from anywhere among the arguments.

    Args:
        call: whose arguments.
        valued: letters that take a value.

    Returns:
        Letters with their values ("" for those without), and the operands.
    """
    found: dict[str, str] = {}
    operands: list[str] = []
    words = list(call.args)
    while words:
        word = words.pop(0)
        if word == "--":
            return found, operands + words
        if len(word) < 2 or word[0] != "-":
            operands.append(word)
            continue
        for at, letter in enumerate(word[1:], start=2):
            if letter in valued:
                found[letter] = word[at:] or (words.pop(0) if words else "")
                break
            found[letter] = ""
    return found, operands


async def complain(call: Call, error: OSError, path: str) -> int:
    """Print what the kernel said of a path, as every utility does."""
    return await call.fail(f"{call.argv[0].rpartition('/')[2]}: {path}: {error.strerror}")
