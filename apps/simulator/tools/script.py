"""script(1): give a command a terminal.

Source: captures/shell.json (script-tty).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator import utilities
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import find, tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: script [-aeFfkqrw] [-t time] [file [command ...]]
       script -p [-deq] [-T fmt] [file]"""
END_OF_INPUT = "^D\b\b"


@tool("/usr/bin/script")
async def script(call: Call) -> int:
    """Play script -q FILE COMMAND: one stream, lines that end as on a terminal, the command's status."""
    try:
        found, operands = getopt(call.args, "adeFfkpqrT:t:w")
    except BadOption as bad:
        return await call.fail(f"{bad.text('script')}\n{USAGE}")
    if len(operands) < 2:
        return await call.fail("script: the simulator plays `script FILE COMMAND` only", 64)
    quiet, typescript = any(letter == "q" for letter, _value in found), operands[0]
    if not quiet:
        await call.out(f"Script started, output file is {typescript}\n")
    if not call.stdin_waits and not await call.read():
        await call.out(END_OF_INPUT)
    status = await _inside(call, tuple(operands[1:]))
    if not quiet:
        await call.out(f"\nScript done, output file is {typescript}\n")
    return status


async def _inside(call: Call, argv: tuple[str, ...]) -> int:
    """Run the command at the terminal."""

    async def terminal(data: bytes) -> None:
        await call.sink_out(data.replace(b"\n", b"\r\n"))

    name = named(call, argv[0])
    child = call.child((name, *argv[1:]), stdin_tty=True, sink_out=terminal, sink_err=terminal)
    found = find(child, name) or utilities.find(name)
    if found is None:
        await child.err(f"script: {name}: No such file or directory\n")
        return 1
    return await found(child)


def named(call: Call, program: str) -> str:
    """Name a program as the host does; whoever runs on the machine below knows its real path."""
    for root in (call.machine.files.root, str(Path(call.machine.files.root).resolve())):
        if program.startswith(f"{root}/"):
            return program.removeprefix(root)
    return program
