"""Run programs inside simulated jails: those whose files the jail has, if anything here plays them.

A program that the jail has and nothing plays is refused by name, and not made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import utilities
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Input, Streams
from apps.simulator.tools import registry

if TYPE_CHECKING:
    from apps.simulator.call import Call, Tool
    from apps.simulator.files import Files
    from apps.simulator.state import Jail

SEARCH = ("/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")
LOGIN_PATH = ":".join((*SEARCH, "/root/bin"))
NOT_PLAYED = 126
SHELL = "/bin/sh"


def find(files: Files, name: str, path: str = "") -> str | None:
    """Find a program among a jail's files.

    Args:
        files: the jail's own view.
        name: bare, or with slashes.
        path: the value of PATH; the usual folders when empty.

    Returns:
        Its path as the jail sees it, or None.
    """
    folders = path.split(":") if path else SEARCH
    paths = [name] if "/" in name else [f"{folder}/{name}" for folder in folders]
    return next((path for path in paths if files.is_file(path)), None)


async def run(call: Call, jail: Jail, argv: tuple[str, ...]) -> int | None:
    """Run a program inside a jail.

    Args:
        call: whose streams and environment count.
        jail: where.
        argv: the program and its arguments.

    Returns:
        Its status, or None when the jail has no such program.
    """
    files = call.machine.jail_files(jail)
    path = find(files, argv[0], call.env.get("PATH", ""))
    if path is None:
        return None
    child = call.child(argv, jid=jail.jid, cwd="/")
    if path.endswith("/login"):
        child.argv, path = (SHELL,), SHELL  # nobody types here: what stands in standard input is run
    tool = _tool(path)
    if tool is not None:
        return await tool(child)
    text = files.read_text(path)
    if text.startswith(f"#!{SHELL}\n"):
        shell = Shell(child, path, argv[1:])
        return await shell.run(text, Streams(Input(child.read), child.sink_out, child.sink_err))
    await call.err(f"simulator: {path} is not played inside of jails\n")
    return NOT_PLAYED


def _tool(path: str) -> Tool | None:
    return _echo if path == "/bin/echo" else registry.load().get(path) or utilities.find(path)


async def _echo(call: Call) -> int:
    words, end = (call.args[1:], "") if call.args[:1] == ("-n",) else (call.args, "\n")
    await call.out(" ".join(words) + end)
    return 0
