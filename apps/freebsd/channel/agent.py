"""The host agent's verbs as methods: what they send, what their answers mean."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.channel.answers import (
    EX_LOST,
    EX_NOINPUT,
    EX_TEMPFAIL,
    NoSuchFile,
    expect_success,
    failure,
    no_such_file,
)
from apps.freebsd.channel.inside import Inside
from apps.freebsd.channel.large import LargeFiles
from apps.freebsd.channel.request import plain_text
from apps.freebsd.errors import (
    AgentMissing,
    CommandFailed,
    Conflict,
    InvalidInput,
    RequestRefused,
)
from apps.freebsd.parsers.sections import parse_sections

if TYPE_CHECKING:
    from pathlib import Path

    from apps.freebsd.channel import Answer, Channel, OnBytes
    from apps.freebsd.commands.asking import Prompt
    from apps.freebsd.parsers.sections import FactSections
    from apps.freebsd.secret import Secret

__all__ = [
    "Agent",
    "AgentVersion",
    "NoSuchFile",
    "RunEnd",
    "UnknownRun",
    "argument_lines",
    "expected_version",
]

PROTOCOL = "1"

_SHORT_S = 20.0  # verbs that only look something up
_FACTS_S = 60.0  # a slow machine's slowest section
_FOLLOW_S = 25.0  # the agent gives a sign of life every ten seconds, however quiet the command is
_CANCEL_S = 30.0  # TERM, five seconds, KILL


_VERSION = re.compile(r"jailpanel-agent ([0-9]+) ([0-9a-f]{64})\n")
_END = re.compile(r"(?:exit ([0-9]{1,3})|(lost))( full)?")
_HASH = re.compile(r"[0-9a-f]{64}")


class UnknownRun(RequestRefused):
    """The host has never heard of this run: it was never started there, or is long pruned."""


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """Which agent: the protocol it speaks and the SHA-256 of its script."""

    protocol: str
    checksum: str


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended.

    Args:
        status: The command's exit status; None when nobody will ever know.
        lost: Whether the host rebooted, or its wrapper died, before the command ended.
        disk_full: Whether the host's disk took nothing more when the command ended: its output may be cut,
            and a status of 0 says little.
    """

    status: int | None
    lost: bool
    disk_full: bool = False


def expected_version(script: Path) -> AgentVersion:
    """Return the version of our own copy of the agent's script."""
    return AgentVersion(PROTOCOL, hashlib.sha256(script.read_bytes()).hexdigest())


class Agent:
    """One host's agent.

    Args:
        channel: The way to it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def large(self) -> LargeFiles:
        """The host's large files, which go over in pieces."""
        return LargeFiles(self._channel)

    @property
    def inside(self) -> Inside:
        """The inside of the host's jails."""
        return Inside(self._channel)

    async def version(self) -> AgentVersion:
        """Ask which agent is there.

        Raises:
            AgentMissing: What answers is not jailpanel-agent.
        """
        answer = await self._channel.request(("version",), timeout_s=_SHORT_S)
        found = _VERSION.fullmatch(answer.stdout.decode("utf-8", "replace"))
        if answer.status != 0 or found is None:
            said = plain_text(answer.stdout + answer.stderr)
            raise AgentMissing(f"What answers on the host is not jailpanel-agent. It said: {said}")
        return AgentVersion(found[1], found[2])

    async def check_version(self, expected: AgentVersion) -> None:
        """Insist on our own copy of the agent.

        Raises:
            AgentMissing: It is another one.
        """
        found = await self.version()
        if found.protocol != expected.protocol:
            raise AgentMissing(
                f"The host's jailpanel-agent speaks version {found.protocol}, the panel {expected.protocol}: "
                "install the panel's copy on the host."
            )
        if found.checksum != expected.checksum:
            raise AgentMissing(
                "The host's jailpanel-agent is not the panel's copy: install it on the host again."
            )

    async def facts(self) -> FactSections:
        """Ask for everything that a probe needs.

        Raises:
            ParseError: The answer is not whole; nothing may be concluded from it.
        """
        nonce = secrets.token_hex(16)
        answer = await self._channel.request(("facts", nonce), timeout_s=_FACTS_S)
        expect_success(answer, "facts")
        return parse_sections(answer.stdout, nonce)

    async def start(self, run_id: str, argv: tuple[str, ...], user: str, job: str) -> bool:
        """Start a command detached, once.

        Args:
            run_id: Its name on the host: a second start under it does nothing.
            argv: Absolute program and arguments.
            user: Who asked, for the host's log.
            job: Which job, for the host's log.

        Returns:
            True when this call started it, False when it had been started before.

        Raises:
            InvalidInput: An argument cannot be sent as one line.
            RequestRefused: Not on the agent's allow-list, or garbled on the way.
            CommandFailed: The host cannot keep the run: its disk is full.
        """
        lines = argument_lines(argv)
        words = ("start", run_id, str(len(lines)), user, job)
        answer = await self._channel.request(words, stdin=lines, timeout_s=_SHORT_S)
        if answer.status == 0 and answer.stdout == f"started {run_id}\n".encode():
            return True
        if answer.status == EX_TEMPFAIL and answer.stdout == f"exists {run_id}\n".encode():
            return False
        raise failure(answer, "start")

    async def follow(
        self, run_id: str, offset: int, on_bytes: OnBytes, timeout_s: float = _FOLLOW_S
    ) -> RunEnd:
        """Stream a run's output from a byte on, until the run has ended.

        Args:
            run_id: Which run.
            offset: Bytes that the caller has already.
            on_bytes: Takes each piece; reading waits for it.
            timeout_s: Seconds without a byte after which to give up (the run goes on).

        Raises:
            UnknownRun: The host does not know the run.
        """
        words = ("follow", run_id, str(offset))
        answer = await self._channel.request(words, timeout_s=timeout_s, on_bytes=on_bytes)
        if answer.status == EX_NOINPUT:
            raise UnknownRun(f"The host does not know the run {run_id}.")
        end = _END.fullmatch(answer.stderr.decode("utf-8", "replace").removesuffix("\n").rpartition("\n")[2])
        if answer.status == 0 and end and end[1]:
            return RunEnd(status=int(end[1]), lost=False, disk_full=bool(end[3]))
        if answer.status == EX_LOST and end and end[2]:
            return RunEnd(status=None, lost=True, disk_full=bool(end[3]))
        raise failure(answer, "follow")

    async def cancel(self, run_id: str) -> None:
        """End a run's whole process group; a run that has ended already is no error.

        Raises:
            UnknownRun: The host does not know the run.
        """
        answer = await self._channel.request(("cancel", run_id), timeout_s=_CANCEL_S)
        if answer.status == EX_NOINPUT:
            raise UnknownRun(f"The host does not know the run {run_id}.")
        expect_success(answer, "cancel")

    async def answer(self, run_id: str, prompt: Prompt, secret: Secret, user: str, job: str) -> None:
        """Give a passphrase to a run that asks for it.

        Args:
            run_id: Which run.
            prompt: What it asks for; the answer to another prompt is not given.
            secret: The passphrase. It goes over on standard input alone.
            user: Who gives it, for the host's log.
            job: Which job, for the host's log.

        Raises:
            Conflict: The run does not ask for this now, has been answered, or has ended.
            UnknownRun: The host does not know the run.
            RequestRefused: It is no line that could be typed.
        """
        line = secret.reveal() + b"\n"
        words = ("answer", run_id, prompt.value, str(len(line)), user, job)
        answer = await self._channel.request(words, stdin=line, timeout_s=_SHORT_S)
        if answer.status == EX_TEMPFAIL:
            raise Conflict("The command does not ask for this now.")
        if answer.status == EX_NOINPUT:
            raise UnknownRun(f"The host does not know the run {run_id}.")
        expect_success(answer, "answer")

    async def read(self, path: str) -> bytes:
        """Return a file of the agent's allow-list.

        Raises:
            NoSuchFile: It does not exist.
            RequestRefused: It is not on the list.
        """
        answer = await self._channel.request(("read", path), timeout_s=_SHORT_S)
        if answer.status == EX_NOINPUT:
            raise no_such_file(path)
        expect_success(answer, "read")
        return answer.stdout

    async def write(self, path: str, old_hash: str | None, content: bytes, user: str, job: str) -> str:
        """Replace a file of the agent's allow-list, if it still is what it was.

        Args:
            path: Which file.
            old_hash: SHA-256 in hex of what it holds now; None when it must not exist.
            content: What it is to hold.
            user: Who asked, for the host's log.
            job: Which job, for the host's log.

        Returns:
            SHA-256 in hex of what it now holds.

        Raises:
            Conflict: Someone else changed it meanwhile.
            RequestRefused: It is not on the list.
            CommandFailed: The host could not write it.
        """
        words = ("write", path, old_hash or "-", str(len(content)), user, job)
        answer = await self._channel.request(words, stdin=content, timeout_s=_SHORT_S)
        if answer.status == EX_TEMPFAIL:
            raise Conflict(f"{path} was changed on the host meanwhile: look at it again first.")
        expect_success(answer, "write")
        return _new_hash(answer, content)


def argument_lines(argv: tuple[str, ...]) -> bytes:
    """Return an argument vector as the agent reads it: one argument a line.

    Raises:
        InvalidInput: An argument holds a line break, a NUL, or what UTF-8 cannot hold.
    """
    if not argv or any("\n" in word or "\0" in word for word in argv):
        raise InvalidInput("A command's argument may not hold a line break or a NUL.")
    try:
        return "".join(f"{word}\n" for word in argv).encode()
    except UnicodeEncodeError:
        raise InvalidInput("A command's argument holds characters that cannot be sent.") from None


def _new_hash(answer: Answer, content: bytes) -> str:
    found = answer.stdout.decode("ascii", "replace").strip()
    if not _HASH.fullmatch(found) or found != hashlib.sha256(content).hexdigest():
        raise CommandFailed("The host wrote the file, but it does not hold what was sent: look at it.")
    return found
