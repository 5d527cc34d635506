"""ps(1): the processes of the host and of jails.

Source: reference jail-tools.md §8.1; captures/host.json (ps-json), captures/jail.json (ps-…),
captures/shell.json (sid-of-command).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.libxo import document, take_style
from apps.simulator.rctl.usage import cpu_seconds
from apps.simulator.state import Process
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.call import Call
    from apps.simulator.machine import Machine

USAGE = """usage: ps [-aCcdeHhjlmrSTuvwXxZ] [-O fmt | -o fmt] [-G gid[,gid...]]
          [-J jid[,jid...]] [-M core] [-N system]
          [-p pid[,pid...]] [-t tty[,tty...]] [-U user[,user...]]
       ps [-L]"""
DEFAULT = ("pid", "tt", "stat", "time", "command")


@dataclass(frozen=True, slots=True)
class Keyword:
    """A column: its heading, its key in documents, whether it stands on the right, its value."""

    heading: str
    key: str
    right: bool
    value: Callable[[Machine, Process], str]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"


def _elapsed(machine: Machine, process: Process) -> str:
    total = int(max(0, machine.now() - process.started))
    days, hours, minutes = total // 86400, total // 3600 % 24, total // 60 % 60
    head = f"{days}-{hours:02d}:" if days else f"{hours:02d}:" if hours else ""
    return f"{head}{minutes:02d}:{total % 60:02d}"


def _jail_name(machine: Machine, process: Process) -> str:
    jail = machine.kernel.jail(str(process.jid)) if process.jid else None
    return jail.name if jail else "-"


def _comm(process: Process) -> str:
    return process.comm or process.command.split()[0].strip("[]").rpartition("/")[2]


def _memory(machine: Machine, process: Process) -> str:
    return f"{100 * process.rss * 1024 / machine.spec.physmem_bytes:.1f}"


KEYWORDS = {
    "pid": Keyword("PID", "pid", True, lambda _m, p: str(p.pid)),
    "ppid": Keyword("PPID", "ppid", True, lambda _m, p: str(p.ppid)),
    "pgid": Keyword("PGID", "process-group", True, lambda _m, p: str(p.pid)),
    "sid": Keyword("SID", "sid", True, lambda _m, p: str(p.pid)),
    "jid": Keyword("JID", "jail-id", True, lambda _m, p: str(p.jid)),
    "jail": Keyword("JAIL", "jail-name", False, _jail_name),
    "user": Keyword("USER", "user", False, lambda _m, p: p.user),
    "uid": Keyword("UID", "uid", True, lambda _m, p: "0" if p.user == "root" else "1001"),
    "state": Keyword("STAT", "state", False, lambda _m, p: p.state + ("J" if p.jid else "")),
    "%cpu": Keyword("%CPU", "percent-cpu", True, lambda _m, p: f"{p.cpu_percent:.1f}"),
    "%mem": Keyword("%MEM", "percent-memory", True, _memory),
    "rss": Keyword("RSS", "rss", True, lambda _m, p: str(p.rss)),
    "vsz": Keyword("VSZ", "virtual-size", True, lambda _m, p: str(p.vsz)),
    "etime": Keyword("ELAPSED", "elapsed-time", True, _elapsed),
    "etimes": Keyword("ELAPSED", "elapsed-times", True, lambda m, p: str(int(max(0, m.now() - p.started)))),
    "time": Keyword("TIME", "cpu-time", True, lambda m, p: _clock(cpu_seconds(m, p))),
    "start": Keyword(
        "STARTED", "start-time", False, lambda _m, p: time.strftime("%H:%M", time.gmtime(p.started))
    ),
    "lstart": Keyword("STARTED", "start-time", False, lambda _m, p: time.asctime(time.gmtime(p.started))),
    "comm": Keyword("COMMAND", "command", False, lambda _m, p: _comm(p)),
    "ucomm": Keyword("COMMAND", "accounting-name", False, lambda _m, p: _comm(p)),
    "command": Keyword("COMMAND", "command", False, lambda _m, p: p.command),
    "args": Keyword("COMMAND", "arguments", False, lambda _m, p: p.command),
    "nlwp": Keyword("NLWP", "threads", True, lambda _m, _p: "1"),
    "class": Keyword("CLASS", "login-class", False, lambda _m, _p: "daemon"),
    "tt": Keyword("TT", "terminal-name", False, lambda _m, p: f"{p.tty:2}"),
}
ALIASES = {"stat": "state", "pcpu": "%cpu", "pmem": "%mem", "cputime": "time", "tty": "tt", "usr": "user"}
FORMATS = {
    "j": ("user", "pid", "ppid", "pgid", "sid", "state", "tt", "time", "command"),
    "l": ("uid", "pid", "ppid", "vsz", "rss", "state", "tt", "time", "command"),
    "u": ("user", "pid", "%cpu", "%mem", "vsz", "rss", "tt", "state", "start", "time", "command"),
}


@dataclass(slots=True)
class Request:
    """What the command line asked for; columns carry the heading that was given with `=`."""

    columns: list[tuple[str, str]] = field(default_factory=list)
    everyone: bool = False
    without_terminal: bool = False
    jails: list[str] = field(default_factory=list)
    pids: list[str] = field(default_factory=list)


@tool("/bin/ps")
async def ps(call: Call) -> int:
    """Play ps; without a match there is a heading (or an empty document) and status 1."""
    style, words = take_style(_with_dash(call.args))
    try:
        found, operands = getopt(words, "AaCcdefG:gHhjJ:LlM:mN:O:o:p:rSTt:U:uvwXxZ")
    except BadOption as bad:
        return await call.fail(f"{bad.text('ps')}\n{USAGE}")
    request = _request(found, operands)
    unknown = [name for name, _heading in request.columns if name not in KEYWORDS]
    if unknown:
        return await call.fail("".join(f"ps: {name}: keyword not found\n" for name in unknown) + USAGE)
    for name in request.jails:
        if name != "0" and (call.jid or call.machine.kernel.jail(name) is None):
            return await call.fail(f"ps: Invalid jail id: {name}")
    rows = _select(call, request)
    names = [name for name, _heading in request.columns]
    if style.json:
        fields = [
            {KEYWORDS[name].key: KEYWORDS[name].value(call.machine, row).strip() for name in names}
            for row in rows
        ]
        await call.out(document("process-information", "process", fields, style=style))
    else:
        await call.out(_table(call.machine, request, rows))
    return 0 if rows else 1


def _with_dash(args: tuple[str, ...]) -> tuple[str, ...]:
    """Let `ps aux` be `ps -aux`, as BSD's ps does for its first word."""
    if args and args[0].isalpha():
        return (f"-{args[0]}", *args[1:])
    return args


def _request(found: list[tuple[str, str]], operands: list[str]) -> Request:
    request = Request(pids=list(operands))
    for letter, value in found:
        if letter in "oO":
            request.columns += _columns(value)
        elif letter in FORMATS:
            request.columns = [(name, KEYWORDS[name].heading) for name in FORMATS[letter]]
        elif letter == "J":
            request.jails += value.replace(",", " ").split()
        elif letter == "p":
            request.pids += value.replace(",", " ").split()
        elif letter in "aA":
            request.everyone = True
        request.without_terminal |= letter in "xA"
    request.columns = request.columns or [(name, KEYWORDS[name].heading) for name in DEFAULT]
    return request


def _columns(value: str) -> list[tuple[str, str]]:
    """Read the value of -o: names, and a heading behind `=` up to the end."""
    found: list[tuple[str, str]] = []
    while value:
        name, mark, rest = _first(value)
        plain = ALIASES.get(name, name)
        if mark == "=":
            return [*found, (plain, rest)]
        found.append((plain, KEYWORDS[plain].heading if plain in KEYWORDS else ""))
        value = rest
    return found


def _first(value: str) -> tuple[str, str, str]:
    for index, character in enumerate(value):
        if character in ",= ":
            return value[:index], character, value[index + 1 :]
    return value, "", ""


def _select(call: Call, request: Request) -> list[Process]:
    """Pick processes; several selectors are joined by "or", and ps sees itself."""
    machine, command = call.machine, " ".join((call.argv[0].rpartition("/")[2], *call.args))
    itself = Process(
        machine.kernel.last_pid + 1, 1, command, call.jid, state="Rs", rss=2724, started=machine.now()
    )
    rows = sorted([*machine.kernel.processes, itself], key=lambda row: row.tty)
    every = [row for row in rows if not call.jid or row.jid == call.jid]
    if request.jails or request.pids:
        jids = {"0" if name == "0" else str(_jid(machine, name)) for name in request.jails}
        return [row for row in every if str(row.jid) in jids or str(row.pid) in request.pids]
    return every if request.without_terminal else []


def _jid(machine: Machine, name: str) -> int:
    jail = machine.kernel.jail(name)
    return jail.jid if jail else -1


def _table(machine: Machine, request: Request, rows: list[Process]) -> str:
    """Print columns as wide as their widest word; the last one is not padded."""
    cells = [[KEYWORDS[name].value(machine, row) for name, _heading in request.columns] for row in rows]
    headings = [heading for _name, heading in request.columns]
    lines = [headings, *cells] if any(headings) else cells
    widths = [max([len(heading), *(len(line[at]) for line in cells)]) for at, heading in enumerate(headings)]
    return "".join(_join(request, widths, line) for line in lines)


def _join(request: Request, widths: list[int], line: list[str]) -> str:
    words = []
    for at, (name, _heading) in enumerate(request.columns):
        word = line[at].rjust(widths[at]) if KEYWORDS[name].right else line[at].ljust(widths[at])
        words.append(word if at < len(widths) - 1 or KEYWORDS[name].right else line[at])
    return " ".join(words) + "\n"
