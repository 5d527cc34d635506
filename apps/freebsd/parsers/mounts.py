"""mount(8): what is mounted where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

# Tabs, and one blank where a path is too long for them; the paths themselves may hold blanks.
_LINE = re.compile(
    r"(?P<device>\S.*?)(?:\t+| +)(?P<point>/.*?)[ \t]+(?P<kind>\S+)[ \t]+(?P<options>\S+)[ \t]+[0-9]+ [0-9]+"
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount.

    Args:
        device: A device, a directory (nullfs), a dataset, or the kind's own name.
        point: The directory that it is mounted on.
        kind: Such as `nullfs`.
        options: Such as `ro`.
    """

    device: str
    point: str
    kind: str
    options: tuple[str, ...]


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """Read `mount -p`, in the order of mounting.

    Raises:
        ParseError: A line has another form than one of fstab(5).

    Source: captures jail.json (mounts).
    """
    return tuple(_mount(line) for line in split_lines(text))


def _mount(line: str) -> Mount:
    form = _LINE.fullmatch(line)
    if form is None:
        raise ParseError(f"mount printed “{excerpt(line)}”, which is not understood.")
    return Mount(form["device"], form["point"], form["kind"], tuple(form["options"].split(",")))
