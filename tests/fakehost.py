"""A host in memory that speaks the agent's protocol, for tests of what stands on this side of the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256

from apps.freebsd.channel import Answer, OnBytes
from apps.freebsd.errors import ConnectionLost, HostUnreachable
from apps.freebsd.parsers.sections import Section
from tests.freebsd.probes import envelope

Argv = tuple[str, ...]
# The sections of each part of a look into a jail.
INSIDE = {
    "processes": ("processes",),
    "ports": ("ports",),
    "users": ("users",),
    "services": ("services-all", "services-on", "services-running"),
    "packages": ("pkg", "packages"),
    "vulnerable": ("vulnerable",),
    "logs": ("logs",),
}
CANCELLED = 143


@dataclass(slots=True)
class Program:
    """What a command does.

    Args:
        pieces: What it prints, as it comes over the line.
        status: Its exit status; None when the host loses it.
        hangs: Whether it goes on until it is cancelled.
        full: Whether it ends on a full disk.
        ready: Asked before each piece, by its number in this follow, until it says yes.
        then: Called on the channels' loop each time that all of its output has gone down the line; may raise.
    """

    pieces: tuple[bytes, ...] = ()
    status: int | None = 0
    hangs: bool = False
    full: bool = False
    ready: Callable[[int], bool] = field(default=lambda _number: True)
    then: Callable[[], None] = field(default=lambda: None)


@dataclass(slots=True)
class Run:
    """A command that was started."""

    argv: Argv
    user: str
    job: str
    program: Program
    cancelled: bool = False


class FakeHost:
    """One host, as a `Channel`.

    `programs` says what commands do, by their argv; `files` what files hold; `asks` what passphrase is
    asked for, and `answers` what came; `drops` after how many bytes the line goes away in the next follows,
    with the error `dropped`; `away` how many of the next requests find nobody there; `refusals` what a verb
    is answered instead; `tick` is called with each request.
    `large` says what large files hold, `parts` what has come of some, `cuts` after how many pieces that are
    pulled or pushed the line goes away. `inside` is what a look into a jail gives, by section; None when it
    does not run.
    """

    def __init__(self) -> None:
        self.programs: dict[Argv, Program] = {}
        self.files: dict[str, bytes] = {}
        self.asks = "old"
        self.answers: list[tuple[str, str, bytes]] = []
        self.large: dict[str, bytes] = {}
        self.parts: dict[str, bytes] = {}
        self.cuts: list[int] = []
        self.runs: dict[str, Run] = {}
        self.requests: list[Argv] = []
        self.drops: list[int] = []
        self.dropped: Exception = ConnectionLost("The line was lost.")
        self.away = 0
        self.refusals: dict[str, Answer | Exception] = {}
        self.facts = b""
        self.inside: dict[str, Section] | None = {}
        self.tick: Callable[[], None] = lambda: None

    async def request(
        self, words: Argv, *, stdin: bytes = b"", on_bytes: OnBytes | None = None, **_time_outs: float
    ) -> Answer:
        verb = words[0]
        self.requests.append(words)
        self.tick()
        if self.away:
            self.away -= 1
            raise HostUnreachable("The host does not answer.")
        if refusal := self.refusals.get(verb):
            if isinstance(refusal, Exception):
                raise refusal
            return refusal
        if verb == "follow":
            assert on_bytes is not None
            return await self._follow(words[1], int(words[2]), on_bytes)
        if verb in ("pull", "push"):
            self._cut()
        answer: Callable[[Argv, bytes], Answer] = getattr(self, f"_{verb}")
        said = answer(words, stdin)
        if on_bytes is None:
            return said
        await on_bytes(said.stdout)
        return replace(said, stdout=b"")

    async def close(self) -> None:
        """Nothing is open."""

    def started(self) -> list[Argv]:
        """The commands that ran, in order."""
        return [run.argv for run in self.runs.values()]

    def offsets(self) -> list[int]:
        """From which byte on each follow asked."""
        return [int(words[2]) for words in self.requests if words[0] == "follow"]

    def _answer(self, words: Argv, stdin: bytes) -> Answer:
        _, run_id, prompt, size, _user, _job = words
        assert len(stdin) == int(size)
        if run_id not in self.runs or self.asks != prompt:
            return Answer(75, b"", b"jailpanel-agent: the run does not ask for this now\n")
        self.answers.append((run_id, prompt, stdin))
        return Answer(0, f"answered {prompt}\n".encode(), b"")

    def _version(self, _words: Argv, _stdin: bytes) -> Answer:
        return Answer(0, b"jailpanel-agent 1 " + b"0" * 64 + b"\n", b"")

    def _facts(self, words: Argv, _stdin: bytes) -> Answer:
        return Answer(0, self.facts.replace(b"NONCE", words[1].encode()), b"")

    def _read(self, words: Argv, _stdin: bytes) -> Answer:
        path = words[1]
        if path not in self.files:
            return Answer(66, b"", b"jailpanel-agent: there is no such file\n")
        return Answer(0, self.files[path], b"")

    def _write(self, words: Argv, stdin: bytes) -> Answer:
        _, path, old, size, _user, _job = words
        assert len(stdin) == int(size)
        held = self.files.get(path)
        if old != ("-" if held is None else sha256(held).hexdigest()):
            return Answer(75, b"", b"jailpanel-agent: the file is not what it was\n")
        self.files[path] = stdin
        return Answer(0, sha256(stdin).hexdigest().encode() + b"\n", b"")

    def _cut(self) -> None:
        if self.cuts:
            self.cuts[0] -= 1
            if self.cuts[0] < 0:
                self.cuts.pop(0)
                raise self.dropped

    def _pull(self, words: Argv, _stdin: bytes) -> Answer:
        _, path, offset, limit = words
        if path not in self.large:
            return Answer(66, b"", b"jailpanel-agent: there is no such file\n")
        held = self.large[path]
        return Answer(0, held[int(offset) :][: int(limit)], f"size {len(held)}\n".encode())

    def _sum(self, words: Argv, _stdin: bytes) -> Answer:
        return Answer(0, sha256(self.large[words[1]]).hexdigest().encode() + b"\n", b"")

    def _push(self, words: Argv, stdin: bytes) -> Answer:
        _, path, offset, size, _user, _job = words
        assert len(stdin) == int(size)
        came = self.parts.get(path, b"")
        if path in self.large:
            return Answer(75, b"placed\n", b"")
        if len(came) != int(offset):
            return Answer(75, f"size {len(came)}\n".encode(), b"")
        if stdin:
            self.parts[path] = came + stdin
        return Answer(0, f"size {len(came) + len(stdin)}\n".encode(), b"")

    def _place(self, words: Argv, _stdin: bytes) -> Answer:
        _, path, size, checksum, _user, _job = words
        held = self.large.get(path, self.parts.get(path, b""))
        if (len(held), sha256(held).hexdigest()) != (int(size), checksum):
            if path in self.large:
                return Answer(75, b"", b"jailpanel-agent: there is another file of this name\n")
            self.parts.pop(path, None)
            return Answer(65, b"", b"jailpanel-agent: its checksum is another: it was thrown away\n")
        self.large[path] = held
        self.parts.pop(path, None)
        return Answer(0, f"placed {size}\n".encode(), b"")

    def _drop(self, words: Argv, _stdin: bytes) -> Answer:
        self.parts.pop(words[1], None)
        return Answer(0, b"dropped\n", b"")

    def _look(self, words: Argv, _stdin: bytes) -> Answer:
        """Give the sections of `inside` whose keys begin with a part that was asked for."""
        _, nonce, _jail, *parts = words
        if self.inside is None:
            return Answer(66, b"", b"jailpanel-agent: the jail does not run\n")
        keys = [key for part in parts for key in INSIDE[part] if key in self.inside]
        return Answer(0, envelope({key: self.inside[key] for key in keys}, nonce=nonce), b"")

    def _tail(self, words: Argv, _stdin: bytes) -> Answer:
        _, nonce, _jail, log, _lines = words
        if self.inside is None:
            return Answer(66, b"", b"jailpanel-agent: the jail does not run\n")
        section = self.inside.get(f"log:{log}", Section(b"", b"", 1))
        return Answer(0, envelope({"log": section}, nonce=nonce), b"")

    def _start(self, words: Argv, stdin: bytes) -> Answer:
        _, run_id, size, user, job = words
        assert len(stdin) == int(size)
        if run_id in self.runs:
            return Answer(75, f"exists {run_id}\n".encode(), b"")
        argv = tuple(stdin.decode().splitlines())
        self.runs[run_id] = Run(argv, user, job, self.programs.get(argv, Program()))
        return Answer(0, f"started {run_id}\n".encode(), b"")

    async def _follow(self, run_id: str, offset: int, on_bytes: OnBytes) -> Answer:
        run = self.runs.get(run_id)
        if run is None:
            return Answer(66, b"", b"jailpanel-agent: there is no such run\n")
        line = self.drops.pop(0) if self.drops else None
        for number, piece in enumerate(after(run.program.pieces, offset)):
            await until(partial(run.program.ready, number))
            if line is not None and line < len(piece):
                await on_bytes(piece[:line])
                raise self.dropped
            await on_bytes(piece)
            line = None if line is None else line - len(piece)
        if line is not None:
            raise self.dropped
        run.program.then()
        await until(lambda: run.cancelled or not run.program.hangs)
        return ended(CANCELLED if run.cancelled else run.program.status, full=run.program.full)

    def _cancel(self, words: Argv, _stdin: bytes) -> Answer:
        run_id = words[1]
        if run_id not in self.runs:
            return Answer(66, b"", b"jailpanel-agent: there is no such run\n")
        self.runs[run_id].cancelled = True
        return Answer(0, f"cancelled {run_id}\n".encode(), b"")


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  other threads make it so
        await asyncio.sleep(0.005)


def after(pieces: tuple[bytes, ...], offset: int) -> list[bytes]:
    """Return the pieces without their first `offset` bytes."""
    left = []
    for piece in pieces:
        left.append(piece[offset:])
        offset = max(0, offset - len(piece))
    return [piece for piece in left if piece]


def ended(status: int | None, *, full: bool = False) -> Answer:
    said = "lost" if status is None else f"exit {status}"
    return Answer(76 if status is None else 0, b"", f"{said}{' full' if full else ''}\n".encode())
