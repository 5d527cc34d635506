"""The few ordinary programs that run inside of simulated jails, where no real machine lies below.

On the host itself everything that POSIX has comes from the machine that the simulator runs on. A
jail's tree holds only names, so what commands in it do is played here or in `tools`; a program that
is neither is refused by name and not made up.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from apps.simulator.tools import registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.simulator.call import Call
    from apps.simulator.files import Files
    from apps.simulator.state import Jail

LOGIN_PATH = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/root/bin"
SEARCH = LOGIN_PATH.split(":")[:-1]
NOT_PLAYED = 126
SHELL = "/bin/sh"


def find(files: Files, name: str, path: str = "") -> str | None:
    """Find a program among a jail's files.

    Args:
        files: the jail's own view.
        name: bare, or with slashes.
        path: the value of PATH; the usual folders when empty.

    Returns:
        Its path as the jail sees it, or None.
    """
    folders = path.split(":") if path else SEARCH
    paths = [name] if "/" in name else [f"{folder}/{name}" for folder in folders]
    return next((path for path in paths if files.is_file(path)), None)


async def run(call: Call, jail: Jail, argv: tuple[str, ...]) -> int | None:
    """Run a program inside a jail.

    Args:
        call: whose streams and environment count.
        jail: where.
        argv: the program and its arguments.

    Returns:
        Its status, or None when the jail has no such program.
    """
    path = find(call.machine.jail_files(jail), argv[0], call.env.get("PATH", ""))
    if path is None:
        return None
    child = call.child(argv, jid=jail.jid, cwd="/")
    name = path.rpartition("/")[2]
    if name in PROGRAMS:
        return await PROGRAMS[name](child)
    tool = registry.load().get(path)
    if tool is not None:
        return await tool(child)
    await call.err(f"simulator: {path} is not played inside of jails\n")
    return NOT_PLAYED


def _jail(call: Call) -> Jail:
    jail = call.machine.kernel.jail(str(call.jid))
    assert jail is not None, "a program in a jail that is gone"
    return jail


async def _true(_call: Call) -> int:
    return 0


async def _false(_call: Call) -> int:
    return 1


async def _echo(call: Call) -> int:
    words, end = call.args, "\n"
    if words[:1] == ("-n",):
        words, end = words[1:], ""
    await call.out(" ".join(words) + end)
    return 0


async def _hostname(call: Call) -> int:
    jail = _jail(call)
    if call.args:
        if jail.params.get("allow.set_hostname") != "true":
            return await call.fail("hostname: sethostname: Operation not permitted")
        jail.hostname = call.args[0]
        call.machine.touch()
        return 0
    await call.out(jail.hostname + "\n")
    return 0


async def _uname(call: Call) -> int:
    """Play the letters of uname that ask for names; -a is all of them."""
    jail, spec = _jail(call), call.machine.spec
    release = jail.osrelease or spec.release
    values = {"s": "FreeBSD", "n": jail.hostname, "r": release, "m": spec.arch, "p": spec.arch}
    asked = "".join(call.args).replace("-", "").replace("a", "snrm") or "s"
    await call.out(" ".join(values[letter] for letter in "snrmp" if letter in asked) + "\n")
    return 0


async def _id(call: Call) -> int:
    if "-u" in call.args:
        await call.out("root\n" if "-n" in call.args else "0\n")
    else:
        await call.out("uid=0(root) gid=0(wheel) groups=0(wheel),5(operator)\n")
    return 0


async def _cat(call: Call) -> int:
    status = 0
    for path in call.args:
        files = call.machine.jail_files(_jail(call))
        if files.is_file(path):
            await call.out(files.read_text(path))
        else:
            status = await call.fail(f"cat: {path}: No such file or directory")
    return status


async def _sleep(call: Call) -> int:
    await call.pause(float(call.args[0]) if call.args else 0.0)
    return 0


async def _login(call: Call) -> int:
    """Play a login shell for someone who has nothing to type: it reads its commands from standard input."""
    return await shell(call, (await call.stdin()).decode("utf-8", "surrogateescape"))


async def _sh(call: Call) -> int:
    """Play `sh -c text`, and a script of rc's, which was played by whoever started the jail."""
    if call.args[:1] == ("-c",) and len(call.args) > 1:
        return await shell(call, call.args[1])
    if call.args:
        return 0
    return await _login(call)


async def shell(call: Call, text: str) -> int:
    """Run simple commands one after the other: words, quotes, `$NAME`, `;`, `&&`, `||`, `exit`.

    Args:
        call: of the shell, in its jail.
        text: what it is to run.

    Returns:
        The status of the last command.
    """
    status = 0
    for joint, line in split(text):
        if (joint == "&&" and status) or (joint == "||" and not status):
            continue
        words = expand(line, call)
        if not words:
            continue
        if words[0] == "exit":
            return int(words[1]) & 255 if len(words) > 1 and words[1].isdecimal() else status
        found = await run(call, _jail(call), tuple(words))
        status = await call.fail(f"sh: {words[0]}: not found", 127) if found is None else found
    return status


def split(text: str) -> list[tuple[str, str]]:
    """Cut a shell text into commands, each with what joins it to the one before."""
    pieces = re.split(r"""(;|&&|\|\||\n)(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", text)
    joints = [";", *pieces[1::2]]
    return list(zip(joints, pieces[0::2], strict=True))


def expand(line: str, call: Call) -> list[str]:
    """Split a command into words; `$NAME` counts outside of single quotes."""
    pieces = re.split(r"('[^']*')", line)
    env = {**call.env, "?": "0"}
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"\$(\w+|\?)", lambda match: env.get(match[1], ""), pieces[index])
    try:
        return shlex.split("".join(pieces))
    except ValueError:
        return []


PROGRAMS: dict[str, Callable[[Call], Awaitable[int]]] = {
    "true": _true,
    "false": _false,
    "echo": _echo,
    "hostname": _hostname,
    "uname": _uname,
    "id": _id,
    "cat": _cat,
    "sleep": _sleep,
    "sh": _sh,
    "login": _login,
}
