"""A release's MANIFEST: which distribution sets it has, and what each of their files must hash to.

Source: freebsd-src release/scripts/make-manifest.sh (tab-delimited); reference ezjail §6.1, §9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

_LINE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]{0,40})\.txz\t(?P<sha256>[0-9a-f]{64})\t(?P<files>[0-9]{1,9})\t[^\t]*"
    r"\t\"(?P<description>[^\t\"]*)\"\t(?P<default>on|off)"
)


@dataclass(frozen=True, slots=True)
class ManifestSet:
    """One distribution set of a release.

    Args:
        name: Such as base or lib32-dbg; its file is NAME.txz.
        sha256: What the file must hash to, in hex.
        files: How many names are in it.
        description: In the project's words.
        is_default: Whether FreeBSD's installer takes it unless told otherwise.
    """

    name: str
    sha256: str
    files: int
    description: str
    is_default: bool


def parse_manifest(text: str) -> dict[str, ManifestSet]:
    """Read a MANIFEST.

    Args:
        text: The whole file.

    Returns:
        The sets by name.

    Raises:
        ParseError: A line is not understood, a set stands there twice, or there is no base set.
    """
    sets: dict[str, ManifestSet] = {}
    for line in split_lines(text):
        form = _LINE.fullmatch(line)
        if form is None or form["name"] in sets:
            raise ParseError(f"The MANIFEST holds “{excerpt(line)}”, which is not understood.")
        is_default = form["default"] == "on"
        sets[form["name"]] = ManifestSet(
            form["name"], form["sha256"], int(form["files"]), form["description"], is_default
        )
    if "base" not in sets:
        raise ParseError("The MANIFEST names no base set.")
    return sets
