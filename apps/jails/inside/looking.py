"""One look into a running jail: a round trip to its host. Nothing of it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.channel import loop
from apps.freebsd.channel.inside import CUT_BYTES
from apps.freebsd.errors import CommandFailed, ParseError
from apps.freebsd.parsers import inside as parsers
from apps.freebsd.parsers.inside import (
    Audit,
    InstalledPackage,
    JailProcess,
    Login,
    Port,
    Service,
    shown,
)
from apps.freebsd.parsers.sections import FactSections, Section
from apps.freebsd.values.inside import LogName
from apps.hosts.gateway import agent_of
from apps.jails.models import Jail
from apps.jobs.terminal import plain

# A person waits for this, and a thread of the web process with them.
LOOK_TIMEOUT_S = 30
TAIL_TIMEOUT_S = 12
MOST_ROWS = 500
NO_PKG = 1


@dataclass(frozen=True, slots=True)
class Now:
    """What goes on in a jail. What could not be read is None, with a sentence among the problems."""

    processes: tuple[JailProcess, ...] | None
    ports: tuple[Port, ...] | None
    logins: tuple[Login, ...] | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a jail."""

    rows: tuple[Service, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of a jail.

    Args:
        has_pkg: Whether pkg is installed in it.
        rows: Its packages.
        audit: What is known of vulnerabilities.
        is_cut: Whether there are more.
    """

    has_pkg: bool
    rows: tuple[InstalledPackage, ...] = ()
    audit: Audit | None = None
    is_cut: bool = False

    @property
    def vulnerable(self) -> frozenset[str]:
        """Names, with versions, of those with known vulnerabilities."""
        return frozenset(self.audit.vulnerable) if self.audit else frozenset()


def look_now(jail: Jail) -> Now:
    """Return processes, ports and users of a jail.

    Raises:
        PanelError: The host cannot be asked, or the jail does not run.
    """
    sections = _look(jail, "processes", "ports", "users")
    problems: list[str] = []
    processes = _read_processes(sections["processes"], problems)
    ports = (
        parsers.parse_ports(_text(sections["ports"]))
        if _worked(sections["ports"], "sockstat", problems)
        else None
    )
    logins = _read_logins(sections["users"], problems)
    return Now(processes, ports, logins, tuple(problems))


def _read_processes(section: Section, problems: list[str]) -> tuple[JailProcess, ...] | None:
    """Take status 1 with nothing for a jail without processes, as ps means it."""
    try:
        if section.status in (0, 1):
            return parsers.parse_processes(section.text)
    except ParseError as error:
        problems.append(error.message)
        return None
    problems.append(_failed("ps", section))
    return None


def _read_logins(section: Section, problems: list[str]) -> tuple[Login, ...] | None:
    try:
        if _worked(section, "w", problems):
            return parsers.parse_logins(section.text)
    except ParseError as error:
        problems.append(error.message)
    return None


def look_services(jail: Jail) -> Services:
    """Return the services of a jail. Raises as `look_now`; CommandFailed when it cannot list them."""
    sections = _look(jail, "services")
    every = sections["services-all"]
    problems: list[str] = []
    if not _worked(every, "service", problems):
        raise CommandFailed(problems[0])
    running = sections["services-running"]
    rows = parsers.parse_services(_text(every), _text(sections["services-on"]), _text(running))
    return Services(rows[:MOST_ROWS], len(rows) > MOST_ROWS)


def look_packages(jail: Jail) -> Packages:
    """Return the packages of a jail. Raises as `look_now`; CommandFailed when pkg fails."""
    sections = _look(jail, "packages", "vulnerable")
    if sections["pkg"].status == NO_PKG:
        return Packages(has_pkg=False)
    problems: list[str] = []
    if not _worked(sections["packages"], "pkg", problems):
        if sections["pkg"].status != 0:
            raise CommandFailed(problems[0])
        return Packages(has_pkg=True)  # pkg query ends with 1 where nothing is installed
    rows = parsers.parse_packages(_text(sections["packages"]))
    found = sections["vulnerable"]
    audit = parsers.parse_audit(_text(found), found.status)
    return Packages(True, rows[:MOST_ROWS], audit, len(rows) > MOST_ROWS)


def look_logs(jail: Jail) -> tuple[str, ...]:
    """Return the names of a jail's logs. Raises as `look_now`."""
    return parsers.parse_logs(_text(_look(jail, "logs")["logs"]))[:MOST_ROWS]


def tail(jail: Jail, log: LogName, lines: int) -> list[str]:
    """Return the last lines of a log, as a terminal would show them, without anything that hides.

    Raises:
        PanelError: The host cannot be asked, the jail does not run, or it has no such log.
    """
    section = loop.run(
        agent_of(jail.host).inside.tail(jail.safe_name, str(log), lines), timeout_s=TAIL_TIMEOUT_S
    )
    if section.status != 0 and not section.stdout:
        raise CommandFailed(f"/var/log/{log} could not be read in the jail.")
    found = section.stdout.removesuffix(b"\n").split(b"\n") if section.stdout else []
    return [shown(plain(line), 4000) for line in found]


def _look(jail: Jail, *parts: str) -> FactSections:
    agent = agent_of(jail.host)
    return loop.run(agent.inside.look(jail.safe_name, parts), timeout_s=LOOK_TIMEOUT_S)


def _worked(section: Section, program: str, problems: list[str]) -> bool:
    if section.status == 0 or _is_cut(section):
        return True
    problems.append(_failed(program, section))
    return False


def _failed(program: str, section: Section) -> str:
    if section.status in (124, 137):
        return f"{program} did not end in time in this jail."
    said = shown(section.error_text or section.text.strip(), 160)
    return f"{program} ended with status {section.status}{': ' if said else '.'}{said}"


def _is_cut(section: Section) -> bool:
    return len(section.stdout) >= CUT_BYTES


def _text(section: Section) -> str:
    """Return what was printed, without the line that the agent's limit cut through."""
    text = section.text
    return text.rpartition("\n")[0] if _is_cut(section) else text
