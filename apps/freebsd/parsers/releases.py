"""uname(1), freebsd-version(1) and ezjail-admin: which version of what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

_UNAME = re.compile(r"(?P<system>\S+) (?P<release>\S+) (?P<machine>\S+)\n?")
_USERLAND = re.compile(r"USERLAND_VERSION=([\"']?)(?P<version>[A-Za-z0-9._-]+)\1\n?")
_EZJAIL = re.compile(r"^ezjail-admin v(?P<version>[0-9][A-Za-z0-9._-]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a host's parts; other systems' names are kept as they are.

    Args:
        installed_kernel: The kernel that the next boot starts.
        running_kernel: The kernel that runs.
        userland: The base system around it.
    """

    installed_kernel: str
    running_kernel: str
    userland: str


@dataclass(frozen=True, slots=True)
class Uname:
    """What `uname -mrs` says.

    Args:
        system: `FreeBSD`.
        release: The running kernel's.
        machine: Such as `amd64`.
    """

    system: str
    release: str
    machine: str


def parse_freebsd_version(text: str) -> Versions:
    """Read `freebsd-version -kru`.

    Raises:
        ParseError: There are not three lines with a word each.

    Source: reference jail-tools §6.3 (always kernel, running, userland, whatever the order of the flags).
    """
    lines = split_lines(text)
    if len(lines) != 3 or any(len(line.split()) != 1 for line in lines):
        raise ParseError(f"freebsd-version printed “{excerpt(text)}” where three versions belong.")
    return Versions(*lines)


def parse_uname(text: str) -> Uname:
    """Read `uname -mrs`.

    Raises:
        ParseError: There are not three words.

    Source: reference jail-tools §6.3.
    """
    form = _UNAME.fullmatch(text)
    if form is None:
        raise ParseError(f"uname printed “{excerpt(text)}”, which is not understood.")
    return Uname(form["system"], form["release"], form["machine"])


def parse_userland_version(text: str) -> str:
    """Read the line of bin/freebsd-version that says which userland it belongs to.

    Args:
        text: The line `USERLAND_VERSION="13.2-RELEASE-p3"`.

    Raises:
        ParseError: It is another line, or none.

    Source: reference ezjail §6.5 (the script is read, never run).
    """
    form = _USERLAND.fullmatch(text)
    if form is None:
        raise ParseError(f"The basejail's freebsd-version says “{excerpt(text)}”, which is not understood.")
    return form["version"]


def parse_ezjail_version(text: str) -> str:
    """Find ezjail's version in what `ezjail-admin` without arguments prints.

    Raises:
        ParseError: It is not there.

    Source: reference ezjail §1.0; captures ezjail.json (no-arguments).
    """
    form = _EZJAIL.search(text)
    if form is None:
        raise ParseError(f"ezjail-admin printed “{excerpt(text)}” where its version belongs.")
    return form["version"]
