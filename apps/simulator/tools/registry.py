"""Which tools a simulated host can have, each under the path where FreeBSD keeps it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

import apps.simulator.tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.call import Call, Tool

TOOLS: dict[str, Tool] = {}
SEARCH = ("/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")


def tool(*paths: str) -> Callable[[Tool], Tool]:
    """Enter the decorated function as the tool at these absolute paths."""

    def enter(function: Tool) -> Tool:
        for path in paths:
            assert path not in TOOLS, f"two tools at {path}"
            TOOLS[path] = function
        return function

    return enter


@functools.cache
def load() -> dict[str, Tool]:
    """Import every module of this package once, so that each has entered its tools."""
    for module in pkgutil.iter_modules(apps.simulator.tools.__path__):
        importlib.import_module(f"{apps.simulator.tools.__name__}.{module.name}")
    return TOOLS


def find(call: Call, name: str) -> Tool | None:
    """Look a program up as execvp does, among the files that this machine really has.

    Args:
        call: whose machine, jail and PATH count.
        name: a bare name, or an absolute path.

    Returns:
        The tool, or None when the machine has no such program.
    """
    paths = [name] if "/" in name else [f"{folder}/{name}" for folder in SEARCH]
    tools = load()
    for path in paths:
        if path in tools and (call.jid or call.machine.files.exists(path)):
            return tools[path]
    return None
