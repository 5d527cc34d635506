"""Jails of a host: ezjail's files and the kernel's list put side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.ezjail_file import EzjailJail, JailKind, ObservedAddress, parse_ezjail_file
from apps.freebsd.parsers.lines import excerpt, split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.freebsd.parsers.jls import RunningJail
    from apps.freebsd.parsers.sections import Section

NORUN = ".norun"

NO_TEXT = "The jail's file holds bytes that are no UTF-8, shown as �, so the panel cannot change this file."

_CONFIG_NAME = re.compile(r"(?P<safe>[A-Za-z0-9_]+)(?P<norun>\.norun)?")


@dataclass(frozen=True, slots=True)
class JailFacts:
    """One jail that ezjail has a file for.

    Args:
        safe_name: Its file's name without `.norun`, and its name in the kernel.
        name: Its host name; the safe name when the file cannot be read.
        run_at_boot: Whether the file is without `.norun`. With it, ezjail skips starts and stops by name.
        kind: What its root is; None when the file does not say for certain.
        root: Its root directory; empty when the file cannot be read.
        root_exists: Whether that is there; None when the host did not say.
        addresses: As the file holds them; None when it does not say for certain.
        blocking: Whether it is passed over at boot, since starting it may ask for a passphrase.
        parameters: jail(8) parameters.
        fib: Its routing table's number, or empty.
        cpuset: The CPUs it is bound to, or empty.
        config_text: The file.
        fstab_text: /etc/fstab.NAME, empty when there is none; None when it could not be read.
        problem: Why the file cannot be read or what is odd about it, or empty.
        running: The kernel's jail of that name, or None when it does not run.
        id_jid: The JID in /var/run/jail_NAME.id, by which ezjail thinks that it runs.
    """

    safe_name: str
    name: str
    run_at_boot: bool
    kind: JailKind | None
    root: str
    root_exists: bool | None
    addresses: tuple[ObservedAddress, ...] | None
    blocking: bool
    parameters: tuple[str, ...]
    fib: str
    cpuset: str
    config_text: str
    fstab_text: str | None
    problem: str
    running: RunningJail | None
    id_jid: int | None


@dataclass(frozen=True, slots=True)
class Roots:
    """What the agent saw of jail roots.

    Args:
        entries: What lies in ezjail's directory, by name: `d` directory, `l` symbolic link, `f` file.
        exists: Whether the root of a jail that has a file is there, by path.
    """

    entries: Mapping[str, str]
    exists: Mapping[str, bool]


def parse_roots(text: str) -> Roots:
    """Read the lines `d|l|f NAME` and `root PATH yes|no`.

    Raises:
        ParseError: A line is neither.
    """
    entries: dict[str, str] = {}
    exists: dict[str, bool] = {}
    for line in split_lines(text):
        kind, _, rest = line.partition(" ")
        path, _, there = rest.rpartition(" ")
        if kind in ("d", "l", "f") and rest:
            entries[rest] = kind
        elif kind == "root" and path and there in ("yes", "no"):
            exists[path] = there == "yes"
        else:
            raise ParseError(
                f"The host's answer on jail roots holds “{excerpt(line)}”, which is not understood."
            )
    return Roots(entries, exists)


def config_names(names: list[str]) -> dict[str, str]:
    """Return the file that ezjail goes by for each safe name; others are strays.

    With both `foo` and `foo.norun` it is `foo.norun`.

    Source: reference ezjail §2, §12.
    """
    forms = [form for name in names if (form := _CONFIG_NAME.fullmatch(name))]
    forms.sort(key=lambda form: bool(form["norun"]))
    return {form["safe"]: form[0] for form in forms}


def jail_facts(
    safe_name: str,
    file_name: str,
    file: Section,
    *,
    fstab: Section | None,
    roots: Roots,
    running: RunningJail | None,
    id_jid: int | None,
    is_double: bool,
) -> JailFacts:
    """Put together what is known of one jail.

    Args:
        safe_name: Its name in the kernel.
        file_name: Its file, with `.norun` where it has that.
        file: The file's content.
        fstab: That of /etc/fstab.NAME; None when there is none.
        roots: What is known of roots.
        running: The kernel's jail of that name.
        id_jid: What its id file says.
        is_double: Whether there is a file without `.norun` besides the one with it.
    """
    config, problem = _read(file, safe_name)
    if is_double:
        problem = problem or f"There are two files, {safe_name} and {file_name}; ezjail goes by the second."
    return JailFacts(
        safe_name=safe_name,
        name=(config and config.hostname) or safe_name,
        run_at_boot=not file_name.endswith(NORUN),
        kind=_kind(config),
        root=config.root if config else "",
        root_exists=roots.exists.get(config.root) if config else None,
        addresses=config.addresses if config and config.has_all_addresses else None,
        blocking=config.blocking if config else False,
        parameters=config.parameters if config else (),
        fib=config.value("fib") if config else "",
        cpuset=config.value("cpuset") if config else "",
        config_text=_printable(file),
        fstab_text=_fstab(fstab),
        problem=problem,
        running=running,
        id_jid=id_jid,
    )


def _kind(config: EzjailJail | None) -> JailKind | None:
    return None if config is None or "imagetype" in config.doubts else config.kind


def _fstab(file: Section | None) -> str | None:
    if file is None:
        return ""
    return None if file.status != 0 else _printable(file)


def _read(file: Section, safe_name: str) -> tuple[EzjailJail | None, str]:
    if file.status != 0:
        return None, f"ezjail's file {safe_name} could not be read: {excerpt(file.error_text)}."
    text = file.stdout.decode("utf-8", "surrogateescape")
    try:
        config = parse_ezjail_file(text, safe_name)
    except ParseError as error:
        return None, error.message
    return config, config.problem or (NO_TEXT if file.text != text else "")


def _printable(file: Section) -> str:
    return file.text.replace("\0", "\N{REPLACEMENT CHARACTER}")
