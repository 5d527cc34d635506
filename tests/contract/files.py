"""Reading and writing: compare, then replace at once, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import NoSuchFile
from apps.freebsd.errors import Conflict
from tests.contract.trial import JOB, USER

if TYPE_CHECKING:
    from tests.contract.trial import Trial

FIRST = b"# written by the contract suite of jailpanel; nothing mounts what this file says\n"
SECOND = FIRST + b"# bytes that no shell would leave alone: $(id) `id` \" ' \\ \xff\x00\n\n"


async def files_are_compared_before_they_are_replaced(trial: Trial) -> None:
    path = f"/etc/fstab.jpcontract{secrets.token_hex(4)}"
    agent = trial.agent

    def write(old: bytes | None, new: bytes) -> asyncio.Future[str]:
        return asyncio.ensure_future(agent.write(path, old if old is None else _hash(old), new, USER, JOB))

    await trial.expect_error("reading what is not there", NoSuchFile, agent.read(path))
    await trial.expect_error("replacing what is not there", Conflict, write(FIRST, SECOND))
    trial.expect("a new file", _hash(FIRST), await write(None, FIRST))
    trial.expect("holds what was sent", FIRST, await agent.read(path))
    await trial.expect_error("making what is there already", Conflict, write(None, SECOND))
    await trial.expect_error("replacing what is not as expected", Conflict, write(SECOND, b""))
    trial.expect("is unharmed by both", FIRST, await agent.read(path))
    trial.expect("replacing what is as expected", _hash(SECOND), await write(FIRST, SECOND))
    trial.expect("every byte arrives", SECOND, await agent.read(path))
    await _cut_short(trial, path)
    outcomes = await asyncio.gather(*(write(SECOND, b"%d\n" % n) for n in range(6)), return_exceptions=True)
    trial.expect("writers at once: one wins", 1, sum(isinstance(outcome, str) for outcome in outcomes))
    trial.expect("the others are told", 5, sum(isinstance(outcome, Conflict) for outcome in outcomes))
    last = await agent.read(path)
    trial.expect("one line is left", True, last in {b"%d\n" % number for number in range(6)})
    trial.expect("an empty file", _hash(b""), await write(last, b""))
    trial.expect("is empty", b"", await agent.read(path))


async def _cut_short(trial: Trial, path: str) -> None:
    """Less came than was announced: the line was cut, and nothing may be replaced by half of it."""
    words = ("write", path, _hash(SECOND), "100", USER, JOB)
    answer = await trial.channel.request(words, stdin=b"half", timeout_s=30)
    trial.expect("status of a write that was cut short", 65, answer.status)
    trial.expect("changes nothing", SECOND, await trial.agent.read(path))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
