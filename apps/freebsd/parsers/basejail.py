"""The basejail and the template for new jails: whether they are there, and whether they are whole.

ezjail itself asks only whether the basejail's directory exists, and so builds jails on a broken one.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines
from apps.freebsd.parsers.releases import parse_userland_version

_BASE_FILES = ("bin/sh", "libexec/ld-elf.so.1", "usr/bin/env", "bin/freebsd-version")
_LINKS = (
    "bin", "boot", "lib", "libexec", "rescue", "sbin", "usr/bin", "usr/include", "usr/lib", "usr/libdata",
    "usr/libexec", "usr/sbin", "usr/src", "usr/share", "usr/ports",
)  # fmt: skip
_LIB32 = "usr/lib32"  # on amd64 only, and only where the mirror has the set
_HALF_MADE = ("fulljail", "ezjailtemp")
_KINDS = ("missing", "file", "dir", "link")
_DIRECTORY = ("dir", "")


@dataclass(frozen=True, slots=True)
class BasejailFacts:
    """What is there of the basejail.

    Args:
        present: Whether anything of it is there.
        complete: Whether jails can be made and run with it: nothing is missing.
        missing: What it or the template lacks, relative to ezjail's directory.
        half_made: Which of the staging directories an unfinished installation left behind.
        release: Its release with the patch level, such as 13.2-RELEASE-p3; empty when unknown.
        has_sources: Whether it holds the system's sources.
        has_ports: Whether it holds the ports tree.
    """

    present: bool
    complete: bool
    missing: tuple[str, ...]
    half_made: tuple[str, ...]
    release: str
    has_sources: bool
    has_ports: bool

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with it, in words."""
        lacks = tuple(f"{part} is missing or is not what ezjail makes" for part in self.missing)
        left = tuple(
            f"{part} is left behind by an installation that did not finish" for part in self.half_made
        )
        return (lacks if self.present else ()) + left


def parse_basejail(tree_text: str, release_text: str) -> BasejailFacts:
    """Read what the agent saw of the basejail.

    Args:
        tree_text: A line `PATH missing|file|dir|link TARGET` for each part that matters.
        release_text: The line USERLAND_VERSION= of the basejail's bin/freebsd-version; empty without one.

    Raises:
        ParseError: A line is not understood, or a part that matters is not in the list.

    Source: reference ezjail §5, §6.5, §11; captures ezjail.json (tree-after-install).
    """
    tree = _parse_tree(tree_text)
    try:
        missing = tuple(_missing(tree))
        present = any(tree[f"basejail/{part}"] != ("missing", "") for part in _BASE_FILES)
        half_made = tuple(part for part in _HALF_MADE if tree[part] != ("missing", ""))
    except KeyError as error:
        raise ParseError(f"The host's answer does not say what {error.args[0]} is.") from error
    return BasejailFacts(
        present=present,
        complete=present and not missing,
        missing=missing,
        half_made=half_made,
        release=parse_userland_version(release_text) if release_text else "",
        has_sources=_has_tree(tree, "usr/src"),
        has_ports=_has_tree(tree, "usr/ports"),
    )


def _parse_tree(text: str) -> dict[str, tuple[str, str]]:
    tree: dict[str, tuple[str, str]] = {}
    for line in split_lines(text):
        path, _, rest = line.partition(" ")
        kind, _, target = rest.partition(" ")
        if kind not in _KINDS or bool(target) != (kind == "link"):
            raise ParseError(
                f"The host's answer on the basejail holds “{excerpt(line)}”, which is not understood."
            )
        tree[path] = (kind, target)
    return tree


def _missing(tree: dict[str, tuple[str, str]]) -> list[str]:
    wanted = {f"basejail/{part}": ("file", "") for part in _BASE_FILES}
    wanted |= {"newjail/etc/rc": ("file", ""), "newjail/basejail": _DIRECTORY}
    links = _LINKS + ((_LIB32,) if tree[f"basejail/{_LIB32}"] == _DIRECTORY else ())
    wanted |= {f"newjail/{part}": ("link", f"/basejail/{part}") for part in links}
    return [path for path, what in wanted.items() if tree[path] != what]


def _has_tree(tree: dict[str, tuple[str, str]], part: str) -> bool:
    """Look for the Makefile: base.txz brings usr/src as an empty directory."""
    return tree.get(f"basejail/{part}/Makefile", ("missing", ""))[0] == "file"
