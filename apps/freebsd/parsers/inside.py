"""What programs within a jail print, and programs of the host about it. All of it is text that others wrote.

Source: reference jail-tools §7, §8, §9.2; captures jail.json; w(1)'s keys and pkg's texts: inferred.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import split_lines

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,+~-]{0,127}")
_LOG = re.compile(r"/var/log/([A-Za-z0-9_][A-Za-z0-9_.@+=-]*(?:/[A-Za-z0-9_@+=-][A-Za-z0-9_.@+=-]*)?)")
_NO_TEXT = re.compile(r"\.(?:gz|bz2|xz|zst|lzma|pflog)$|^(?:utx\.|lastlog|wtmp|setuid\.|mount\.)|^utx")
_PACKAGE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.+~-]*)-([^\s-]+)")


def shown(text: str, longest: int = 400) -> str:
    """Return a jail's text as one line that hides nothing: no escapes, nothing that turns its order."""
    plain = _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", _ESCAPE.sub("", text))
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


@dataclass(frozen=True, slots=True)
class JailProcess:
    """One process. Names of users are the host's.

    Args:
        pid: Its number.
        ppid: Its parent's.
        user: Whose it is.
        state: As ps(1) has it.
        cpu: Percent, decaying.
        rss_bytes: Memory in use; None when unknown.
        elapsed_s: How long it has been there, in seconds; None when unknown.
        command: With its arguments, which the process itself may have written.
    """

    pid: str
    ppid: str
    user: str
    state: str
    cpu: str
    rss_bytes: int | None
    elapsed_s: int | None
    command: str


@dataclass(frozen=True, slots=True)
class Port:
    """A socket that listens."""

    user: str
    command: str
    pid: str
    protocol: str
    address: str


@dataclass(frozen=True, slots=True)
class Login:
    """Someone who is logged in."""

    user: str
    terminal: str
    origin: str
    since: str
    command: str


@dataclass(frozen=True, slots=True)
class Service:
    """An rc script.

    Args:
        name: Its name.
        enabled: Whether it starts with the jail.
        running: None where it was not asked: of those that are not enabled, and of most that have no status.
        is_local: Whether a package brought it.
    """

    name: str
    enabled: bool
    running: bool | None = None
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package of a jail."""

    name: str
    version: str
    is_automatic: bool
    is_locked: bool
    size_bytes: int | None
    comment: str

    @property
    def full_name(self) -> str:
        """Name and version, as pkg audit has them."""
        return f"{self.name}-{self.version}"


def parse_processes(text: str) -> tuple[JailProcess, ...]:
    """Read `ps --libxo json -o pid,ppid,user,state,%cpu,%mem,rss,etimes,time,command`; none is no error.

    Raises:
        ParseError: It is no such output.
    """
    if not text.strip():
        return ()
    rows = _rows(text, "process-information", "process")
    return tuple(_process(row) for row in rows)


def _process(row: dict[str, Any]) -> JailProcess:
    def word(key: str) -> str:
        return shown(str(row.get(key, "")), 64)

    rss_kb = _number(row.get("rss"))
    return JailProcess(
        pid=word("pid"),
        ppid=word("ppid"),
        user=word("user"),
        state=word("state"),
        cpu=word("percent-cpu"),
        rss_bytes=None if rss_kb is None else rss_kb * 1024,
        elapsed_s=_number(row.get("elapsed-times")),
        command=shown(str(row.get("command", ""))),
    )


def parse_ports(text: str) -> tuple[Port, ...]:
    """Read `sockstat -46lnqw`. The command may hold blanks: the fields behind it are counted from the end."""
    found = []
    for line in split_lines(text):
        words = line.split()
        if len(words) >= 7:
            user, *command, pid, _fd, protocol, local, _foreign = words
            found.append(Port(*(shown(word, 80) for word in (user, " ".join(command), pid, protocol, local))))
    return tuple(dict.fromkeys(found))


def parse_logins(text: str) -> tuple[Login, ...]:
    """Read `w --libxo json`.

    Raises:
        ParseError: It is no such output.
    """
    try:
        whole = json.loads(text)["uptime-information"]
        rows = whole.get("user-table", whole).get("user-entry", [])
        return tuple(_login(row) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError("What w printed is not understood.") from error


def _login(row: dict[str, Any]) -> Login:
    keys = ("user", "tty", "from", "login-time", "command")
    return Login(*(shown(str(row.get(key, "")), 120) for key in keys))


def parse_services(every: str, enabled: str, running: str) -> tuple[Service, ...]:
    """Put together `service -l`, `service -e` and the statuses that were asked for; enabled ones first."""
    on = {path.rpartition("/")[2]: path.startswith("/usr/local/") for path in split_lines(enabled)}
    runs = {name: status for status, _, name in (line.partition(" ") for line in split_lines(running))}
    names = {name for name in [*split_lines(every), *on] if _NAME.fullmatch(name)}
    rows = [Service(name, name in on, _runs(runs.get(name)), on.get(name, False)) for name in names]
    return tuple(sorted(rows, key=lambda row: (not row.enabled, row.name)))


def _runs(status: str | None) -> bool | None:
    """Take only what rc.subr's own status says: scripts without one end in other ways."""
    return {"0": True, "1": False}.get(status or "")


def parse_packages(text: str) -> tuple[InstalledPackage, ...]:
    r"""Read `pkg query -a '%n\t%v\t%a\t%k\t%sb\t%c'`; lines that are no package are left out."""
    found = []
    for line in split_lines(text):
        cells = line.split("\t", 5)
        if len(cells) == 6 and _NAME.fullmatch(cells[0]):
            name, version, automatic, locked, size, comment = cells
            found.append(
                InstalledPackage(
                    name,
                    shown(version, 60),
                    automatic == "1",
                    locked == "1",
                    _number(size),
                    shown(comment, 200),
                )
            )
    return tuple(sorted(found, key=lambda item: item.name))


@dataclass(frozen=True, slots=True)
class Audit:
    """What `pkg audit -q` says.

    Args:
        has_list: Whether the jail has a list of vulnerabilities at all.
        vulnerable: Packages with known ones, with their versions.
        said: What it said when neither can be told.
    """

    has_list: bool
    vulnerable: tuple[str, ...] = ()
    said: str = ""


def parse_audit(text: str, status: int) -> Audit:
    """Read `pkg audit -q`: status 0 is none, 1 with names is some; without a list it says so."""
    lines = [line.strip() for line in split_lines(text) if line.strip()]
    if any("vulnxml" in line or "audit -F" in line for line in lines):
        return Audit(has_list=False)
    names = tuple(shown(line, 160) for line in lines if _PACKAGE.fullmatch(line))
    if status == 0 or (status == 1 and names):
        return Audit(has_list=True, vulnerable=names)
    return Audit(has_list=False, said=shown(" ".join(lines), 200) or f"pkg audit ended with status {status}.")


def parse_logs(text: str) -> tuple[str, ...]:
    """Read `find /var/log -maxdepth 2 -type f`: names of files that may be text."""
    found = {match[1] for line in split_lines(text) if (match := _LOG.fullmatch(line))}
    return tuple(sorted(name for name in found if not _NO_TEXT.search(name)))


def _rows(text: str, outer: str, inner: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)[outer].get(inner, [])
        return [dict(row) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError("What the jail's host printed is not understood; it may have been cut.") from error


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
