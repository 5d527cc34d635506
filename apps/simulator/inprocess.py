"""Answer the agent's reading verbs without a process, for hundreds of hosts at once.

What `facts` is made of is read off the agent's own script, so that both give the same sections; what
the script works out in functions of its own is done by `sections`. A request that is any other, or
a script that does something unknown here, goes to the real script.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from apps.simulator import agent, sections
from apps.simulator.call import Buffer, Call
from apps.simulator.shell.parser import parse
from apps.simulator.shell.tree import (
    Function,
    Group,
    If,
    Literal,
    Parameter,
    Sequence,
    Simple,
    Substitution,
    Word,
)
from apps.simulator.tools import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.simulator.machine import Machine

ERROR_LIMIT = 4096
# Tools whose answer changes only when the kernel's state or rc.conf does; its state is touched then.
STEADY = frozenset(
    {"uname", "freebsd-version", "jls", "ifconfig", "mount", "kldstat", "id", "sysrc", "mdconfig"}
    | {"/usr/local/bin/ezjail-admin"}
)
_REQUEST = re.compile(r"(version)|facts ([0-9a-f]{32})|read (/[A-Za-z0-9_./-]+)")
_PROTOCOL = re.compile(r"printf 'jailpanel-agent (\S+) %s\\n' ")
_FUNCTIONS = re.compile(r"^(\w+)\(\)", re.MULTILINE)
_READABLE = re.compile(
    r"/etc/rc\.conf|/usr/local/etc/ezjail\.conf|/(?:usr/local/etc/ezjail/|etc/fstab\.)[A-Za-z0-9_]{1,63}"
)


class NotKnown(Exception):
    """This shortcut does not know what the script does there."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the script's `facts`: words, and the condition that it stands under."""

    words: tuple[Word, ...]
    condition: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """What matters of the agent's script: its checksum, its protocol, its functions, its facts."""

    checksum: str
    protocol: str
    functions: frozenset[str]
    facts: tuple[Step, ...]


async def run(call: Call) -> int:
    """Be the agent for one forced command."""
    match = _REQUEST.fullmatch(call.env.get("SSH_ORIGINAL_COMMAND", ""))
    if match is None or call.machine.faults.disk_full:
        return await agent.run(call)
    try:
        answer = await _answer(call, match)
    except (NotKnown, OSError):
        return await agent.run(call)
    await call.sink_out(answer)
    return 0


async def _answer(call: Call, match: re.Match[str]) -> bytes:
    root = agent.real_root(call.machine)
    script = load(root + agent.AGENT)
    if match[1]:
        return f"jailpanel-agent {script.protocol} {script.checksum}\n".encode()
    if match[3]:
        return _read(root, match[3])
    return await Facts(call, script, root, match[2]).answer()


def _read(root: str, path: str) -> bytes:
    """Read an allow-listed file; every refusal is the script's business."""
    if not _READABLE.fullmatch(path) or not sections.is_regular(root + path):
        raise NotKnown(path)
    return sections.contents(root + path)


def load(path: str) -> Script:
    """Read a script, once for each state of its file."""
    state = os.stat(path)  # noqa: PTH116 - hot
    return _load(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=1024)
def _load(path: str, _modified: int, _size: int) -> Script:
    return _parsed(sections.contents(path))


@functools.lru_cache(maxsize=16)
def _parsed(data: bytes) -> Script:
    """Take a script apart; hundreds of hosts have the same one."""
    text = data.decode("utf-8", "surrogateescape")
    protocol = _PROTOCOL.search(text)
    body = re.search(r"^facts\(\) \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    if protocol is None or body is None:
        raise NotKnown("facts")
    function = parse(body[0]).chains[0].first.commands[0]
    if not isinstance(function, Function) or not isinstance(function.body, Group):
        raise NotKnown("facts")
    steps = tuple(_steps(function.body.body))
    return Script(hashlib.sha256(data).hexdigest(), protocol[1], frozenset(_FUNCTIONS.findall(text)), steps)


def _steps(sequence: Sequence, condition: tuple[Word, ...] = ()) -> Iterator[Step]:
    """Give the commands of a list, and those under a simple `if`."""
    for chain in sequence.chains:
        command = chain.first.commands[0]
        if isinstance(command, Simple) and command.words:
            yield Step(command.words, condition)
        elif isinstance(command, If) and len(command.branches) == 1 and not command.otherwise:
            test, body = command.branches[0]
            first = test.chains[0].first.commands[0]
            if not isinstance(first, Simple):
                raise NotKnown("if")
            yield from _steps(body, first.words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a section's program gave."""

    stdout: bytes
    stderr: bytes = b""
    status: int = 0


_KNOWN: WeakKeyDictionary[Machine, tuple[tuple[int, ...], dict[tuple[str, ...], Answer]]] = (
    WeakKeyDictionary()
)


def known_answers(machine: Machine, root: str) -> dict[tuple[str, ...], Answer]:
    """Give what steady tools answered since the machine's kernel and its rc.conf last changed."""
    stamp = (
        machine.changes,
        *(sections.modified(f"{root}/etc/{name}") for name in ("rc.conf", "rc.conf.local")),
    )
    known = _KNOWN.get(machine)
    if known is None or known[0] != stamp:
        known = _KNOWN[machine] = stamp, {}
    return known[1]


class Facts:
    """One probe of one machine."""

    def __init__(self, call: Call, script: Script, root: str, nonce: str) -> None:
        """Prepare for a machine whose tree has a real root, and for marks with a nonce."""
        self._call = call
        self._script = script
        self._nonce = nonce
        self._out = bytearray()
        self._works = sections.Sections(root)
        self._known = known_answers(call.machine, root)
        self._env = {"PATH": call.env.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "JAILPANEL_ROOT": root}

    async def answer(self) -> bytes:
        """Give the whole answer.

        Raises:
            NotKnown: the script does something that only itself can do.
        """
        await self._settle()
        for step in self._script.facts:
            if step.condition and (await self._program(self._expanded(step.condition))).status:
                continue
            await self._step(self._expanded(step.words))
        return bytes(self._out)

    async def _settle(self) -> None:
        """Work out ezjail's settings, on which paths depend."""
        settings = sections.settings_of(self._works.root)
        if settings is None:
            raise NotKnown("ezjail.conf is more than assignments")
        self._works.settings = settings

    async def _step(self, words: list[str]) -> None:
        match words:
            case ["section", key, program, *arguments]:
                self._add(key, await self._section(program, arguments))
            case ["file_section", key, path]:
                self._file(key, path)
            case ["file_sections", prefix, start]:
                for path in sections.starting_with(start):
                    self._file(prefix + path.removeprefix(start), path)
            case ["is_hash", *_] | ["exec"]:
                pass
            case _:
                raise NotKnown(words[0])

    def _add(self, key: str, answer: Answer) -> None:
        mark = f"\n@@{self._nonce}".encode()
        self._out += b"%s OUT %s\n%s" % (mark, key.encode(), answer.stdout)
        self._out += b"%s ERR %s\n%s" % (mark, key.encode(), answer.stderr[:ERROR_LIMIT])
        self._out += b"%s RC %s %d\n" % (mark, key.encode(), answer.status)

    def _file(self, key: str, path: str) -> None:
        if sections.is_regular(path):
            self._add(key, Answer(sections.contents(path)))
        else:
            self._add(key, Answer(b"", b"not a regular file", 1))

    async def _section(self, program: str, arguments: list[str]) -> Answer:
        if program == "ezjail_version":
            return await self._ezjail_version()
        if program == "client":
            return Answer(f"{self._call.env.get('SSH_CLIENT', '')}\n".encode())
        if program in self._script.functions:
            work = self._works.of(program)
            if work is None:
                raise NotKnown(program)
            return Answer(*work(*arguments))
        return await self._program([program, *arguments])

    async def _program(self, argv: list[str]) -> Answer:
        """Call a tool of the host, or one of the two programs that the machine below always gives."""
        if argv[0] == "true":
            return Answer(b"")
        if argv == ["date", "+%s"]:
            return Answer(b"%d\n" % int(self._call.machine.now()))
        out, err = Buffer(), Buffer()
        call = Call(tuple(argv), self._call.machine, out, err, env=self._env)
        tool = registry.find(call, argv[0])
        if tool is None:
            raise NotKnown(argv[0])
        key = tuple(argv)
        if key in self._known:
            return self._known[key]
        answer = Answer(status=await tool(call), stdout=bytes(out.data), stderr=bytes(err.data))
        if argv[0] in STEADY:
            self._known[key] = answer
        return answer

    async def _ezjail_version(self) -> Answer:
        path = "/usr/local/bin/ezjail-admin"
        if not self._call.machine.files.exists(path):
            return Answer(b"", b"there is no ezjail-admin\n", 127)
        answer = await self._program([path])
        return Answer(b"".join(answer.stderr.splitlines(keepends=True)[:1]))

    def _expanded(self, words: tuple[Word, ...]) -> list[str]:
        return ["".join(self._part(part) for part in word.parts) for word in words]

    def _part(self, part: object) -> str:
        match part:
            case Literal(text=text):
                return text
            case Parameter(name="R"):
                return self._works.root
            case Parameter(name="conf"):
                return f"{self._works.root}/usr/local/etc"
            case Parameter(name="nonce"):
                return self._nonce
            case Substitution(text=text):
                return self._substituted(text)
        raise NotKnown("an expansion")

    def _substituted(self, text: str) -> str:
        function, _, argument = text.partition(" ")
        match function:
            case "path_of":
                return self._works.path_of(argument)
            case "dataset_of":
                return self._works.dataset_of(argument)
            case "jails_dataset":
                return self._works.dataset_of("x").removesuffix("/x")
        raise NotKnown("an expansion")
