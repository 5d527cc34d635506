"""sysctl(8): the kernel's values."""

from __future__ import annotations

import re

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

_BOOTTIME = re.compile(r"\{ sec = (?P<sec>[0-9]+), usec = [0-9]+ \}.*")
_LOADAVG = re.compile(r"\{ ([0-9]+\.[0-9]+) ([0-9]+\.[0-9]+) ([0-9]+\.[0-9]+) \}")


def parse_sysctl(text: str) -> dict[str, str]:
    """Read `sysctl -ie NAME…`, one `name=value` a line; names that the kernel lacks are not there.

    Raises:
        ParseError: A line is no `name=value`.

    Source: reference jail-tools §6.1.
    """
    values: dict[str, str] = {}
    for line in split_lines(text):
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise ParseError(f"sysctl printed “{excerpt(line)}”, which is not understood.")
        values[name] = value
    return values


def parse_boottime(value: str) -> int:
    """Return when the kernel started, in seconds since 1970, from kern.boottime.

    Raises:
        ParseError: It has another form than `{ sec = N, usec = N } …`.
    """
    form = _BOOTTIME.fullmatch(value)
    if form is None:
        raise ParseError(f"kern.boottime is “{excerpt(value)}”, which is not understood.")
    return int(form["sec"])


def parse_loadavg(value: str) -> tuple[float, float, float]:
    """Return the load of the last 1, 5 and 15 minutes, from vm.loadavg.

    Raises:
        ParseError: It has another form than `{ 0.20 0.30 0.25 }`.
    """
    form = _LOADAVG.fullmatch(value)
    if form is None:
        raise ParseError(f"vm.loadavg is “{excerpt(value)}”, which is not understood.")
    return float(form[1]), float(form[2]), float(form[3])
