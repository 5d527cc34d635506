"""Run shell text on a simulated host."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import TYPE_CHECKING

from apps.simulator import zeros
from apps.simulator.call import Buffer, Call
from apps.simulator.faults import DiskFull
from apps.simulator.shell import builtins, external
from apps.simulator.shell.expand import Expander, ShellExit, translate
from apps.simulator.shell.parser import parse
from apps.simulator.shell.streams import BrokenPipe, FileSink, Input, Pipe, Streams, discard, given
from apps.simulator.shell.tree import (
    Case,
    Chain,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Redirect,
    Sequence,
    Simple,
    SyntaxFault,
)

if TYPE_CHECKING:
    from collections.abc import Sequence as Several

SIGPIPE_STATUS = 141
USAGE = 2


class Shell:
    """One shell process: variables, functions, working folder, what runs in its background.

    Attributes:
        call: the call that started it, with machine, jail and environment.
        files: the tree as this process sees it.
        cwd: the working folder.
        variables: all variables.
        exported: names of those that commands get.
        functions: by name.
        positional: $1 and on.
        status: $?.
        jobs: what was left running with `&`, by number.
        errexit: `set -e` is on.
    """

    def __init__(self, call: Call, name: str = "sh", positional: Several[str] = ()) -> None:
        """Start in a call's environment; nothing is read yet."""
        self.call = call
        self.files = call.files
        self.cwd = call.cwd
        self.name = name
        self.variables = dict(call.env)
        self.exported = set(call.env)
        self.functions: dict[str, Command] = {}
        self.positional: list[str] = list(positional)
        self.status = 0
        self.jobs: dict[int, asyncio.Task[int]] = {}
        self.errexit = False
        self._tested = 0

    def copy(self) -> Shell:
        """Make the copy of this shell that brackets, pipes and substitutions run in."""
        twin = Shell(self.call, self.name, self.positional)
        twin.cwd, twin.status, twin.errexit = self.cwd, self.status, self.errexit
        twin.variables, twin.exported = dict(self.variables), set(self.exported)
        twin.functions = dict(self.functions)
        return twin

    def get(self, name: str) -> str | None:
        """Give a variable's or special parameter's value; None when it is not set."""
        if name.isdecimal():
            number = int(name)
            return self.name if number == 0 else next(iter(self.positional[number - 1 : number]), None)
        special = {"?": str(self.status), "#": str(len(self.positional)), "-": ""}
        special["$"] = str(self.call.machine.kernel.last_pid + 1)
        special |= {"*": " ".join(self.positional), "@": " ".join(self.positional)}
        special["!"] = str(max(self.jobs, default="")) if self.jobs else ""
        return special[name] if name in special else self.variables.get(name)

    def set(self, name: str, value: str) -> None:
        """Set a variable."""
        self.variables[name] = value

    def path(self, name: str) -> str:
        """Make a path absolute."""
        return name if name.startswith("/") else f"{self.cwd.rstrip('/')}/{name}"

    async def run(self, text: str, io: Streams) -> int:
        """Run a text to its end and give the shell's status; `exit` ends it earlier."""
        try:
            return await self.sequence(parse(text), io)
        except SyntaxFault as fault:
            await io.err(f"{self.name}: Syntax error: {fault}\n".encode())
            return USAGE
        except ShellExit as end:
            return end.status

    async def source(self, text: str, io: Streams) -> int:
        """Run a text in this shell (`eval`, `.`)."""
        try:
            return await self.sequence(parse(text), io)
        except SyntaxFault as fault:
            await io.err(f"{self.name}: Syntax error: {fault}\n".encode())
            raise ShellExit(USAGE) from None

    def expander(self, io: Streams) -> Expander:
        """Make what expands words with this shell's values."""

        async def substitute(text: str) -> str:
            out = Buffer()
            self.status = await self.copy().run(text, Streams(io.read, out, io.err))
            return out.text

        async def complain(text: str) -> None:
            await io.err(text.encode())

        return Expander(self, substitute, complain)

    async def sequence(self, sequence: Sequence, io: Streams) -> int:
        """Run chains one after the other."""
        for chain in sequence.chains:
            self.status = await self._chain(chain, io)
            if self.errexit and self.status and not self._tested and not chain.rest:
                raise ShellExit(self.status)
        return self.status

    async def _chain(self, chain: Chain, io: Streams) -> int:
        if chain.background:
            twin = self.copy()
            quiet = Streams(given(b""), io.out, io.err)
            foreground = dataclasses.replace(chain, background=False)
            pid, work = external.next_pid(self.call), twin.run_sequence(Sequence((foreground,)), quiet)
            self.jobs[pid] = external.leave(self.call.machine, work, pid)
            return 0
        status = await self._pipeline(chain.first, io)
        for operator, pipeline in chain.rest:
            if (operator == "&&") == (status == 0):
                self.status = status
                status = await self._pipeline(pipeline, io)
        return status

    async def run_sequence(self, sequence: Sequence, io: Streams) -> int:
        """Run a sequence as a process of its own."""
        try:
            return await self.sequence(sequence, io)
        except ShellExit as end:
            return end.status
        except BrokenPipe:
            return SIGPIPE_STATUS

    async def _pipeline(self, pipeline: Pipeline, io: Streams) -> int:
        if len(pipeline.commands) == 1:
            self._tested += pipeline.negated
            status = await self.command(pipeline.commands[0], io)
            self._tested -= pipeline.negated
        else:
            status = await self._piped(pipeline.commands, io)
        return int(status == 0) if pipeline.negated else status

    async def _piped(self, commands: tuple[Command, ...], io: Streams) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        stages = []
        for index, command in enumerate(commands):
            source = Input(pipes[index - 1].read) if index else io.read
            sink = pipes[index].write if index < len(pipes) else io.out
            ends = (pipes[index - 1] if index else None, pipes[index] if index < len(pipes) else None)
            stages.append(self._stage(command, Streams(source, sink, io.err), *ends))
        statuses = list(await asyncio.gather(*stages))
        if zeros.TERMINATED in statuses:
            await io.err(b"Terminated\n")
        return statuses[-1]

    async def _stage(self, command: Command, io: Streams, before: Pipe | None, after: Pipe | None) -> int:
        alone = Sequence((Chain(Pipeline((command,))),))
        try:
            return await self.copy().run_sequence(alone, io)
        finally:
            if before:
                before.close()
            if after:
                await after.end()

    async def command(self, command: Command, io: Streams) -> int:
        """Run one command, with its redirections in place."""
        if isinstance(command, Function):
            self.functions[command.name] = command.body
            return 0
        streams = await self._redirected(command.redirects, io)
        if streams is None:
            return USAGE
        if isinstance(command, Simple):
            return await self._simple(command, streams)
        return await self._compound(command, streams)

    async def _redirected(self, redirects: tuple[Redirect, ...], io: Streams) -> Streams | None:
        """Put redirections in place; None when one cannot be, which is complained of."""
        streams = Streams(io.read, io.out, io.err)
        for redirect in redirects:
            target = await self.expander(io).text(redirect.word)
            try:
                self._redirect(redirect, target, streams)
            except OSError as error:
                doing = "open" if redirect.operator == "<" else "create"
                await io.err(f"{self.name}: cannot {doing} {target}: {error.strerror}\n".encode())
                return None
        return streams

    def _redirect(self, redirect: Redirect, target: str, streams: Streams) -> None:
        if redirect.operator == "<<":
            streams.read = given(target.encode("utf-8", "surrogateescape"))
        elif redirect.operator in {"<", "<&"}:
            streams.read = self._input(redirect.operator, target, streams)
        else:
            self._output(redirect, target, streams)

    def _input(self, operator: str, target: str, streams: Streams) -> Input:
        if operator == "<&":
            return given(b"") if target == "-" else streams.read
        return given(b"" if target == "/dev/null" else self.files.read_bytes(self.path(target)))

    def _output(self, redirect: Redirect, target: str, streams: Streams) -> None:
        if redirect.operator == ">&":
            sink = {"1": streams.out, "2": streams.err}.get(target, discard)
        elif target == "/dev/null":
            sink = discard
        else:
            sink = FileSink(self.files, self.path(target), append=redirect.operator == ">>")
        if redirect.descriptor == 2:
            streams.err = sink
        elif redirect.descriptor == 1:
            streams.out = sink

    async def _simple(self, command: Simple, io: Streams) -> int:
        expander = self.expander(io)
        if not command.words:
            self.status = 0
            for name, word in command.assignments:
                self.set(name, await expander.text(word))
            return self.status
        own = {name: await expander.text(word) for name, word in command.assignments}
        argv = await expander.words(command.words)
        return await self.invoke(argv, own, io) if argv else 0

    async def invoke(self, argv: list[str], own: dict[str, str], io: Streams) -> int:
        """Run a function, a builtin or a program with assignments of its own."""
        function, builtin = self.functions.get(argv[0]), builtins.BUILTINS.get(argv[0])
        if function is None and builtin is None:
            return await external.run(self, argv, own, io)
        self.variables.update(own)
        try:
            return await (self._function(function, argv, io) if function else builtin(self, argv, io))  # type: ignore[misc]
        except DiskFull as error:
            await io.err(f"{argv[0]}: {error.filename}: {error.strerror}\n".encode())
            return 1

    async def _function(self, body: Command, argv: list[str], io: Streams) -> int:
        saved, self.positional = self.positional, argv[1:]
        try:
            return await self.command(body, io)
        except builtins.Return as end:
            return end.status
        finally:
            self.positional = saved

    async def _compound(self, command: Command, io: Streams) -> int:
        match command:
            case Group(subshell=True):
                return await self.copy().run_sequence(command.body, io)
            case Group():
                return await self.sequence(command.body, io)
            case If():
                return await self._if(command, io)
            case Loop():
                return await self._loop(command, io)
            case For():
                return await self._for(command, io)
            case Case():
                return await self._case(command, io)
        raise AssertionError(command)

    async def _holds(self, condition: Sequence, io: Streams) -> bool:
        self._tested += 1
        try:
            return await self.sequence(condition, io) == 0
        finally:
            self._tested -= 1

    async def _if(self, command: If, io: Streams) -> int:
        for condition, body in command.branches:
            if await self._holds(condition, io):
                return await self.sequence(body, io)
        self.status = 0
        return await self.sequence(command.otherwise, io) if command.otherwise else 0

    async def _loop(self, command: Loop, io: Streams) -> int:
        status = 0
        while await self._holds(command.condition, io) != command.until:
            try:
                status = await self.sequence(command.body, io)
            except builtins.Leave as leave:
                if leave.stop:
                    break
            await asyncio.sleep(0)
        return status

    async def _for(self, command: For, io: Streams) -> int:
        status = 0
        values = self.positional if command.words is None else await self.expander(io).words(command.words)
        for value in values:
            self.set(command.name, value)
            try:
                status = await self.sequence(command.body, io)
            except builtins.Leave as leave:
                if leave.stop:
                    break
        return status

    async def _case(self, command: Case, io: Streams) -> int:
        expander = self.expander(io)
        text = await expander.text(command.word)
        for patterns, body in command.branches:
            for pattern in patterns:
                if re.fullmatch(translate(await expander.pattern(pattern)), text, re.DOTALL):
                    self.status = 0
                    return await self.sequence(body, io)
        return 0
