"""The commands that a shell has in itself."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from apps.simulator.shell import external, ulimit
from apps.simulator.shell.expand import ShellExit

if TYPE_CHECKING:
    from apps.simulator.shell.run import Shell
    from apps.simulator.shell.streams import Streams

Builtin = Callable[["Shell", list[str], "Streams"], Awaitable[int]]
BUILTINS: dict[str, Builtin] = {}
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "0": "\0",
}


class Return(Exception):
    """A function ends."""

    def __init__(self, status: int) -> None:
        """Note the status."""
        super().__init__(status)
        self.status = status


class Leave(Exception):
    """A round of a loop ends; with `stop` the loop does."""

    def __init__(self, *, stop: bool) -> None:
        """Note which of the two."""
        super().__init__(stop)
        self.stop = stop


def builtin(*names: str) -> Callable[[Builtin], Builtin]:
    """Enter a function under names."""

    def enter(function: Builtin) -> Builtin:
        BUILTINS.update(dict.fromkeys(names, function))
        return function

    return enter


def number(words: list[str], otherwise: int) -> int:
    """Read the first word as a status."""
    return int(words[0]) & 0xFF if words and words[0].isdecimal() else otherwise


@builtin(":", "true", "trap", "umask")
async def nothing(_shell: Shell, _argv: list[str], _io: Streams) -> int:
    """Do nothing, well."""
    return 0


@builtin("ulimit")
async def show_limits(_shell: Shell, argv: list[str], io: Streams) -> int:
    """Show limits."""
    await io.out(ulimit.shown(argv[1:]).encode())
    return 0


@builtin("false")
async def false(_shell: Shell, _argv: list[str], _io: Streams) -> int:
    """Fail."""
    return 1


@builtin("exit")
async def leave_shell(shell: Shell, argv: list[str], _io: Streams) -> int:
    """End the shell."""
    raise ShellExit(number(argv[1:], shell.status))


@builtin("return")
async def leave_function(shell: Shell, argv: list[str], _io: Streams) -> int:
    """End the function."""
    raise Return(number(argv[1:], shell.status))


@builtin("break", "continue")
async def leave_round(_shell: Shell, argv: list[str], _io: Streams) -> int:
    """End a loop or its round."""
    raise Leave(stop=argv[0] == "break")


@builtin("cd")
async def cd(shell: Shell, argv: list[str], io: Streams) -> int:
    """Go to another folder."""
    wanted = next((word for word in argv[1:] if word != "--"), shell.get("HOME") or "/")
    path = shell.files.cwd(shell.path(wanted))
    if not shell.files.is_dir(path):
        reason = "Not a directory" if shell.files.exists(path) else "No such file or directory"
        await io.err(f"cd: {wanted}: {reason}\n".encode())
        return 2
    shell.cwd = path
    return 0


@builtin("pwd")
async def pwd(shell: Shell, _argv: list[str], io: Streams) -> int:
    """Name the folder."""
    await io.out(f"{shell.cwd}\n".encode())
    return 0


@builtin("echo")
async def echo(_shell: Shell, argv: list[str], io: Streams) -> int:
    """Print words; as FreeBSD's sh, backslashes mean something only after -e."""
    words = argv[1:]
    option = words.pop(0) if words[:1] and words[0] in {"-n", "-e"} else ""
    text = " ".join(words)
    text = unescape(text) if option == "-e" else text
    await io.out((text + ("" if option == "-n" else "\n")).encode("utf-8", "surrogateescape"))
    return 0


def unescape(text: str) -> str:
    """Put characters in the place of backslash sequences; octal ones, too."""

    def one(match: re.Match[str]) -> str:
        return chr(int(match[1], 8) & 0xFF) if match[1] else _ESCAPES.get(match[2], match[0])

    return re.sub(r"\\(?:0?([0-7]{1,3})|(.))", one, text, flags=re.DOTALL)


@builtin("printf")
async def printf(_shell: Shell, argv: list[str], io: Streams) -> int:
    """Print by a format, again while there are arguments."""
    words = [word for word in argv[1:] if word != "--"]
    text, values = unescape(words[0]) if words else "", words[1:]
    out = ""
    while True:
        before = len(values)
        out += re.sub(r"%(-?\d*)([sdcbix%])", lambda match: _formatted(match, values), text)
        if not values or len(values) == before:
            break
    await io.out(out.encode("utf-8", "surrogateescape"))
    return 0


def _formatted(match: re.Match[str], values: list[str]) -> str:
    if match[2] == "%":
        return "%"
    value = values.pop(0) if values else ""
    if match[2] == "b":
        value = unescape(value)
    elif match[2] in "dix":
        return f"%{match[1]}{match[2]}" % int(value or "0")
    return f"%{match[1]}s" % value[: 1 if match[2] == "c" else None]


@builtin("export", "readonly", "local")
async def export(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Set variables; `export` gives them to commands."""
    for word in argv[1:]:
        name, assigned, value = word.partition("=")
        if assigned or argv[0] == "local":
            shell.set(name, value)
        if argv[0] == "export":
            shell.exported.add(name)
    return 0


@builtin("unset")
async def unset(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Forget variables."""
    for name in argv[1:]:
        shell.variables.pop(name, None)
    return 0


@builtin("set")
async def set_options(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Set -e and the positional parameters; other options change nothing here."""
    words = argv[1:]
    while words and words[0][:1] in {"-", "+"}:
        word = words.pop(0)
        if word == "--":
            shell.positional = words
            return 0
        if "e" in word:
            shell.errexit = word[0] == "-"
    if words:
        shell.positional = words
    return 0


@builtin("shift")
async def shift(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Drop positional parameters."""
    del shell.positional[: number(argv[1:], 1)]
    return 0


@builtin("read")
async def read(shell: Shell, argv: list[str], io: Streams) -> int:
    """Read a line into variables; the last one takes what is left."""
    names = [word for word in argv[1:] if not word.startswith("-")]
    data = await io.read.line()
    text = data.decode("utf-8", "surrogateescape").removesuffix("\n")
    separators = shell.get("IFS")
    words = [text] if separators == "" else text.strip(" \t").split(separators, len(names) - 1)
    for index, name in enumerate(names):
        shell.set(name, words[index] if index < len(words) else "")
    return 0 if data.endswith(b"\n") else 1


@builtin("eval")
async def evaluate(shell: Shell, argv: list[str], io: Streams) -> int:
    """Run words as shell text."""
    return await shell.source(" ".join(argv[1:]), io)


@builtin(".")
async def dot(shell: Shell, argv: list[str], io: Streams) -> int:
    """Run a file in this shell."""
    try:
        text = shell.files.read_text(shell.path(argv[1]))
    except OSError as error:
        await io.err(f".: cannot open {argv[1]}: {error.strerror}\n".encode())
        raise ShellExit(2) from None
    return await shell.source(text, io)


@builtin("exec")
async def exec_(shell: Shell, argv: list[str], io: Streams) -> int:
    """Become another program."""
    if len(argv) == 1:
        return 0
    raise ShellExit(await shell.invoke(argv[1:], {}, io))


@builtin("command", "type")
async def command(shell: Shell, argv: list[str], io: Streams) -> int:
    """Say what a name is (`command -v`, `type`), or run it without looking for a function."""
    words = argv[1:]
    if argv[0] == "command" and words[:1] not in (["-v"], ["-V"]):
        return await shell.invoke(words, {}, io) if words else 0
    return await shell.invoke(["which", *(word for word in words if not word.startswith("-"))], {}, io)


@builtin("wait")
async def wait(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Wait for what runs in the background."""
    wanted = [int(word) for word in argv[1:] if word.isdecimal()] or list(shell.jobs)
    results = [
        await asyncio.wait([shell.jobs[pid]]) and shell.jobs[pid] for pid in wanted if pid in shell.jobs
    ]
    return 143 if any(task.cancelled() for task in results) else 0


@builtin("kill")
async def kill(shell: Shell, argv: list[str], io: Streams) -> int:
    """End what was left running on this machine."""
    status = 0
    for word in (word for word in argv[1:] if not word.startswith("-")):
        task = external.left(shell.call.machine, int(word)) if word.isdecimal() else None
        if task is None or not task.cancel():
            await io.err(f"kill: {word}: No such process\n".encode())
            status = 1
    return status


@builtin("test", "[")
async def test(shell: Shell, argv: list[str], _io: Streams) -> int:
    """Compare, and look at files."""
    words = argv[1:-1] if argv[0] == "[" else argv[1:]
    return int(not _any(shell, words))


def _any(shell: Shell, words: list[str]) -> bool:
    if "-o" in words[1:]:
        at = words.index("-o", 1)
        return _any(shell, words[:at]) or _any(shell, words[at + 1 :])
    if "-a" in words[1:]:
        at = words.index("-a", 1)
        return _any(shell, words[:at]) and _any(shell, words[at + 1 :])
    if words[:1] == ["!"]:
        return not _any(shell, words[1:])
    return _one(shell, words)


def _one(shell: Shell, words: list[str]) -> bool:
    match words:
        case [word] | ["-n", word]:
            return word != ""
        case ["-z", word]:
            return word == ""
        case ["-t", word]:
            return word == "0" and shell.call.stdin_tty
        case [flag, path]:
            return _file(shell, flag, shell.path(path))
        case [left, sign, right]:
            return _compare(left, sign, right)
    return False


def _compare(left: str, sign: str, right: str) -> bool:
    if sign in {"=", "==", "!="}:
        return (left == right) == (sign != "!=")
    signs = {"-eq": (0,), "-ne": (-1, 1), "-gt": (1,), "-ge": (0, 1), "-lt": (-1,), "-le": (-1, 0)}
    if not all(re.fullmatch(r"-?\d+", text.strip()) for text in (left, right)):
        return False
    return (int(left) > int(right)) - (int(left) < int(right)) in signs.get(sign, ())


def _file(shell: Shell, flag: str, path: str) -> bool:
    files = shell.files
    if flag in {"-L", "-h"}:
        return files.is_link(path)
    if not files.exists(path):
        return False
    state = files.lstat(files.real(path)[len(files.root) :])
    tests = {
        "-e": True,
        "-f": stat.S_ISREG(state.st_mode),
        "-d": stat.S_ISDIR(state.st_mode),
        "-s": state.st_size > 0,
        "-x": bool(state.st_mode & 0o111),
        "-r": True,
        "-w": True,
    }
    return tests.get(flag, False)
