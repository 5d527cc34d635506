"""ipfw(8): the rules of the kernel's packet filter.

Source: sbin/ipfw/main.c; reference ipfw §1; captures/ipfw.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.ipfw import command
from apps.simulator.ipfw.refused import DATAERR, UNAVAILABLE, USAGE, Refused
from apps.simulator.ipfw.session import Session
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

LINE_SECONDS = 0.0005


@tool("/sbin/ipfw")
async def ipfw(call: Call) -> int:
    """Play ipfw: one command, or the lines of a file."""
    if call.jid:
        return await call.fail("ipfw: socket: Operation not permitted", UNAVAILABLE)
    session = Session(call.machine, is_forced=not call.stdin_tty)
    words = list(call.args)
    if len(words) == 1 and not words[0].startswith("/"):
        words = command.split(words[0])
    if not words:
        return await call.fail(f"ipfw: {command.USAGE_TEXT}", USAGE)
    if words[-1].startswith("/"):
        return await _file(call, session, words)
    words = command.joined(words)
    if call.stdin_tty and "flush" in words:
        session.answer = (await call.read()).decode("utf-8", "replace")
    return await _one(call, session, words)


async def _one(call: Call, session: Session, words: list[str]) -> int:
    """Run one command, and print what came of it."""
    session.status = 0
    try:
        command.run(session, words)
    except Refused as refused:
        session.warn(refused.text)
        session.status = refused.status
    except BadOption as bad:
        session.err.append(f"{bad.text(session.name)}\n")
        session.status = USAGE
    out, err = "".join(session.out), "".join(session.err)
    session.out.clear()
    session.err.clear()
    if out:
        await call.out(out)
    if err:
        await call.err(err)
    return session.status


async def _file(call: Call, session: Session, words: list[str]) -> int:
    """Run the lines of a file up to the first that is wrong; what was done stays done."""
    path = words[-1]
    try:
        found, operands = getopt(words[:-1], command.FILE_FLAGS)
    except BadOption as bad:
        return await call.fail(bad.text("ipfw"), USAGE)
    if operands:
        return await call.fail(f"ipfw: extraneous filename arguments {operands[0]}", DATAERR)
    if not call.files.is_file(path):
        return await call.fail(f"ipfw: pathname: {path}: No such file or directory", USAGE)
    command.set_flags(session, {letter for letter, _value in found})
    for number, line in enumerate(call.files.read_text(path).splitlines(), start=1):
        given = command.split(line)
        if not given:
            continue
        session.name = f"Line {number}"
        await call.pause(LINE_SECONDS)
        status = await _one(call, session, given)
        if status:
            return status
    return 0
