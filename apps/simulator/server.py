"""The far end of the little clients in a machine's tree: a unix socket, and one tool call a connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apps.simulator.call import Call, perform
from apps.simulator.tools import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from apps.simulator.machine import Machine

CLIENT = Path(__file__).with_name("client.py").read_text()
HEAD_LIMIT = 4 * 1024 * 1024
NOT_FOUND = 127


def place(root: Path, paths: Iterable[str]) -> None:
    """Put the client at each tool's path in a tree; all of them are one file, which lies beside the tree.

    Args:
        root: the machine's tree.
        paths: absolute paths as the simulated host names them.
    """
    source = _client_beside(root)
    inode = source.stat().st_ino
    for path in paths:
        target = root / path.lstrip("/")
        if target.exists() and target.stat().st_ino == inode:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.hardlink_to(source)


def _client_beside(root: Path) -> Path:
    """Write the client of today beside a tree, unless it is there."""
    source = root.parent / "client"
    text = f"#!{interpreter()} -ISE\n{CLIENT}"
    if not source.exists() or source.read_text() != text:
        source.unlink(missing_ok=True)
        source.write_text(text)
        source.chmod(0o555)
    return source


def refresh(root: Path) -> None:
    """Put the client of today in the place of the tools that a tree has; those it lacks stay away."""
    place(root, [path for path in registry.load() if (root / path.lstrip("/")).is_file()])


def interpreter() -> str:
    """Name the Python that clients run under: the base one, which starts without the environment's set-up."""
    return str(Path(getattr(sys, "_base_executable", None) or sys.executable).resolve())


async def answer(call: Call, path: str) -> int:
    """Call the tool at a path and give its status."""
    tool = registry.load().get(path)
    if tool is None:
        return await call.fail(f"{path}: not found", NOT_FOUND)
    return await perform(tool, call)


class Line:
    """One client's connection: what it was called with, and its streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the two ends over."""
        self._reader = reader
        self._writer = writer
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = False

    async def head(self) -> list[str]:
        """Read the fields with which a client begins."""
        size = int.from_bytes(await self._reader.readexactly(4), "big")
        if size > HEAD_LIMIT:
            raise ValueError("the head of a call is too long")
        packed = await self._reader.readexactly(size)
        return packed.decode("utf-8", "surrogateescape").split("\0")[:-1]

    async def frame(self, kind: bytes, data: bytes) -> None:
        """Send one frame and wait while the client is slow."""
        self._writer.write(kind + len(data).to_bytes(4, "big") + data)
        await self._writer.drain()

    async def out(self, data: bytes) -> None:
        """Send standard output."""
        await self.frame(b"o", data)

    async def err(self, data: bytes) -> None:
        """Send standard error."""
        await self.frame(b"e", data)

    async def read(self) -> bytes:
        """Ask the client for its standard input's next piece."""
        if self._ended:
            return b""
        await self.frame(b"r", b"")
        data = await self._answers.get()
        self._ended = not data
        return data

    async def listen(self) -> None:
        """Take the client's answers in, until it is gone."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                self._answers.put_nowait(await self._reader.readexactly(size))


def unpack(fields: list[str], machine: Machine, line: Line) -> tuple[str, Call]:
    """Make the call of a client's fields: path, cwd, tty, environment, arguments."""
    program, cwd, tty, count = fields[:4]
    path = inside(machine, program)
    env = dict(pair.split("=", 1) for pair in fields[4 : 4 + int(count)])
    argv = fields[5 + int(count) :]
    call = Call(
        argv=(path.rpartition("/")[2], *argv),
        machine=machine,
        sink_out=line.out,
        sink_err=line.err,
        env=env,
        cwd=inside(machine, cwd),
        stdin_tty=tty == "1",
        stdin_waits=tty == "2",
        read=line.read,
    )
    return path, call


def inside(machine: Machine, path: str) -> str:
    """Name a real path as the simulated host does; what lies outside of its tree is its root."""
    real, root = os.path.realpath(path), os.path.realpath(machine.files.root)
    return real.removeprefix(root) if real.startswith(f"{root}/") else "/"


class ToolServer:
    """Serves the tools of one machine to the clients in its tree."""

    def __init__(self, machine: Machine, socket: Path, ended: Callable[[], None] = lambda: None) -> None:
        """Prepare.

        Args:
            machine: whose tools.
            socket: where to listen; short, and linked to from beside the tree.
            ended: called after each call.
        """
        self._machine = machine
        self._ended = ended
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, and put the link where the clients look for it."""
        self._server = await asyncio.start_unix_server(self._connected, str(self._socket))
        self._socket.chmod(stat.S_IRUSR | stat.S_IWUSR)
        link = self._machine.folder / "socket"
        link.unlink(missing_ok=True)
        link.symlink_to(self._socket)

    async def stop(self) -> None:
        """Stop listening and end what runs."""
        if self._server is not None:
            self._server.close()
        await self.kill_all()
        self._socket.unlink(missing_ok=True)
        (self._machine.folder / "socket").unlink(missing_ok=True)

    async def idle(self) -> None:
        """Wait until the calls that run now have ended."""
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def kill_all(self) -> None:
        """End every call in its middle, as a power cut does."""
        for task in tuple(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        try:
            path, call = unpack(await line.head(), self._machine, line)
            status = await attend(answer(call, path), line.listen())
            await line.frame(b"x", bytes([status & 0xFF]))
        except (OSError, EOFError, ValueError):
            pass  # the client was killed, and its call with it; or it is none of ours
        finally:
            writer.close()
            self._ended()


async def attend(work: Coroutine[None, None, int], gone: Coroutine[None, None, None]) -> int:
    """Run a tool as long as its client lives.

    Args:
        work: the tool's call.
        gone: returns when the client has gone.

    Returns:
        The tool's status.

    Raises:
        ConnectionResetError: the client went first; the call was ended in its middle.
    """
    tool, client = asyncio.ensure_future(work), asyncio.ensure_future(gone)
    try:
        await asyncio.wait((tool, client), return_when=asyncio.FIRST_COMPLETED)
        if not tool.done():
            raise ConnectionResetError("the client went away")
        return await tool
    finally:
        tool.cancel()
        client.cancel()
        await asyncio.gather(tool, client, return_exceptions=True)
