"""How the basejail is kept: what freebsd-update has not installed yet, sets that wait, a base of packages.

Source: reference ezjail §9 (FreeBSD 15 pkgbase), §11 (pending freebsd-update install); freebsd-src
usr.sbin/freebsd-update (BDHASH, check_pkgbase).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.parsers.lines import split_lines

_TREES = {"jailbase": "basejail", "jailtemplate": "newjail"}
_SET = re.compile(r"[0-9]+\.[0-9]+-[A-Z0-9]+/[a-z0-9-]+\.txz")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is under way with the basejail, or was cut short.

    Args:
        pending: Trees for which freebsd-update has fetched what it has not installed: basejail, newjail.
        sets: Files of distribution sets that lie in the panel's directory, as RELEASE/NAME.txz.
        is_packaged: Whether the host's own base system is of packages, which freebsd-update refuses.
    """

    pending: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    is_packaged: bool = False


NOTHING_UNDER_WAY = Upkeep()


def parse_upkeep(marks_text: str, sets_text: str, packaged_text: str) -> Upkeep:
    """Read what the agent saw of it; what an older agent does not say is taken for nothing.

    Args:
        marks_text: A line `jailbase|jailtemplate pending|none` for each tree.
        sets_text: A line RELEASE/NAME.txz for each file.
        packaged_text: The name of the package that the base system comes from, or nothing.
    """
    pending = [line.partition(" ") for line in split_lines(marks_text)]
    trees = tuple(_TREES[tree] for tree, _, state in pending if tree in _TREES and state == "pending")
    sets = tuple(line for line in split_lines(sets_text) if _SET.fullmatch(line))
    return Upkeep(trees, sets, bool(packaged_text.strip()))
