"""What a host's flavours hold, as the agent lists it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

MOST_LISTED = 500  # the agent gives one more when there are more
_LINE = re.compile(r"([-dl])([-rwxsStT]{9}) ([0-9]{1,18}) ([A-Za-z0-9][A-Za-z0-9_.@+=-]*)/(\S+)")


@dataclass(frozen=True, slots=True)
class FlavourFile:
    """One entry of a flavour's tree.

    Args:
        flavour: Its name.
        path: Below the flavour's directory, such as etc/rc.conf.
        kind: `-` a file, `d` a directory, `l` a symbolic link.
        mode: The nine letters of ls(1), such as rwxr-xr-x.
        size_bytes: Of a file; else 0.
    """

    flavour: str
    path: str
    kind: str
    mode: str
    size_bytes: int


def parse_flavour_files(text: str) -> tuple[FlavourFile, ...]:
    """Read the agent's section `flavour-files`; what its cap left out is left out here as well.

    Raises:
        ParseError: A line is another than the agent writes.
    """
    return tuple(_entry(line) for line in split_lines(text)[: MOST_LISTED + 1])


def _entry(line: str) -> FlavourFile:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ParseError(f"The list of flavours holds “{excerpt(line)}”, which is no entry of one.")
    kind, mode, size, flavour, path = found.groups()
    return FlavourFile(flavour, path, kind, mode, int(size))
