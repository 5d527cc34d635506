"""One call of one FreeBSD tool on a simulated host: what it was given, and where its output goes."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.faults import Fault

if TYPE_CHECKING:
    from apps.simulator.files import Files
    from apps.simulator.machine import Machine

LOG = logging.getLogger(__name__)
KILLED, BROKEN = 137, 70
Sink = Callable[[bytes], Awaitable[None]]
Source = Callable[[], Awaitable[bytes]]


async def nothing_to_read() -> bytes:
    """Answer as a closed standard input does."""
    return b""


@dataclass(frozen=True, slots=True)
class Captured:
    """What a call printed and how it ended, when another tool wanted it for itself."""

    status: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Buffer:
    """A sink that keeps what it is given."""

    data: bytearray = field(default_factory=bytearray)

    async def __call__(self, chunk: bytes) -> None:
        """Keep the chunk."""
        self.data += chunk

    @property
    def text(self) -> str:
        """All of it as text; bytes that are no text survive a round trip."""
        return self.data.decode("utf-8", "surrogateescape")


@dataclass(slots=True)
class Call:
    """A tool's whole world: arguments, environment, streams and the machine that it runs on.

    A call may be cancelled at any `await`, as a process may be killed at any moment; what it
    had done to the machine until then stays done. It may meet `Fault`s and `DiskFull` there, too.

    Attributes:
        argv: the argument vector; argv[0] is the name as it was called.
        env: the environment.
        cwd: the working folder as the simulated host names it ("/" when it lies elsewhere).
        stdin_tty: standard input is a terminal.
        stdin_waits: standard input is a FIFO that is held open: whoever reads it waits for an answer.
        machine: the host.
        sink_out: takes standard output.
        sink_err: takes standard error.
        read: gives the next piece of standard input, empty at its end; nothing is read unasked.
        jid: the jail that the process is in; 0 is the host.
    """

    argv: tuple[str, ...]
    machine: Machine
    sink_out: Sink
    sink_err: Sink
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    stdin_tty: bool = False
    stdin_waits: bool = False
    read: Source = nothing_to_read
    jid: int = 0

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments without the tool's own name."""
        return self.argv[1:]

    @property
    def files(self) -> Files:
        """The files as the process sees them: the host's, or those of its jail."""
        return self.machine.files_of(self.jid)

    async def out(self, text: str) -> None:
        """Write text to standard output."""
        await self.sink_out(text.encode("utf-8", "surrogateescape"))

    async def err(self, text: str) -> None:
        """Write text to standard error."""
        await self.sink_err(text.encode("utf-8", "surrogateescape"))

    async def fail(self, text: str, status: int = 1) -> int:
        """Write a line to standard error and give the status to return: `return await call.fail(…)`."""
        await self.err(text + "\n")
        return status

    async def pause(self, seconds: float) -> None:
        """Take the time that the real tool takes, scaled by the machine's pace (0 takes none)."""
        await asyncio.sleep(seconds * self.machine.pace * self.machine.faults.slow)

    async def stdin(self) -> bytes:
        """Read standard input to its end."""
        whole = bytearray()
        while chunk := await self.read():
            whole += chunk
        return bytes(whole)

    def child(self, argv: tuple[str, ...], **changes: object) -> Call:
        """Make the call of a child process: same streams and environment but for `changes`."""
        return dataclasses.replace(self, argv=argv, **changes)  # type: ignore[arg-type]

    async def run(self, argv: tuple[str, ...], **changes: object) -> int:
        """Run another tool as a child and give its status (127 when there is no such tool).

        Args:
            argv: a name that PATH finds, or an absolute path, and the arguments.
            **changes: fields of the child's call that differ, e.g. `env=`, `jid=`, `stdin_tty=`.

        Returns:
            The exit status. Nothing is printed for a missing tool: each caller has its own words.
        """
        from apps.simulator.tools.registry import find  # noqa: PLC0415 - tools import this module

        child = self.child(argv, **changes)
        tool = find(child, argv[0])
        return 127 if tool is None else await tool(child)

    async def capture(self, argv: tuple[str, ...], **changes: object) -> Captured:
        """Run another tool and keep what it prints, as `$(…)` does."""
        out, err = Buffer(), Buffer()
        status = await self.run(argv, sink_out=out, sink_err=err, **changes)
        return Captured(status, out.text, err.text)


Tool = Callable[[Call], Awaitable[int]]


async def perform(tool: Tool, call: Call) -> int:
    """Call a tool as the kernel runs a program: whatever it meets ends in a status.

    Args:
        tool: the tool.
        call: what it is called with.

    Returns:
        Its status; a full disk and a reboot end it as they end a process, and a fault of the
        simulator's own is told to whoever asked and to whoever runs the simulator.
    """
    name = call.argv[0].rpartition("/")[2]
    try:
        return await tool(call)
    except Fault:
        return KILLED
    except ConnectionError:
        raise
    except OSError as error:
        return await call.fail(f"{name}: {error.filename}: {error.strerror}")
    except Exception as error:
        LOG.exception("%s failed", call.argv)
        return await call.fail(f"{name}: the simulator failed: {error!r}", BROKEN)
