"""FreeBSD releases as uname, freebsd-version and the mirrors name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Self

from apps.freebsd.errors import InvalidInput

# In the order in which one branch goes through them.
_STAGES = ("CURRENT", "PRERELEASE", "ALPHA", "BETA", "RC", "RELEASE", "STABLE")
_INSTALLABLE = ("BETA", "RC", "RELEASE")
_FORM = re.compile(
    r"(?P<major>[1-9][0-9]?)\.(?P<minor>0|[1-9][0-9]?)"
    r"-(?:(?P<plain>CURRENT|PRERELEASE|RELEASE|STABLE)|(?P<numbered>ALPHA|BETA|RC)(?P<number>[1-9][0-9]?))"
    r"(?:-p(?P<patch>[1-9][0-9]{0,2}))?"
)
_ALLOWED = "A FreeBSD release has the form 14.1-RELEASE, 14.1-RELEASE-p5 or 15.0-RC2."


@total_ordering
@dataclass(frozen=True, slots=True)
class Release:
    """A release of FreeBSD with its patch level, such as `14.1-RELEASE-p5` or `15.0-RC2`.

    Args:
        major: The major version.
        minor: The minor version.
        stage: RELEASE, RC, BETA, ALPHA, STABLE, CURRENT or PRERELEASE.
        number: The 2 in RC2; 0 where the stage has none.
        patch: The 5 in -p5; 0 where there is none.

    Raises:
        InvalidInput: FreeBSD names no release so.
    """

    major: int
    minor: int
    stage: str
    number: int = 0
    patch: int = 0

    def __post_init__(self) -> None:
        if self.stage not in _STAGES or not _FORM.fullmatch(str(self)):
            raise InvalidInput(_ALLOWED)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the release in `text`, or raise InvalidInput."""
        form = _FORM.fullmatch(text)
        if form is None:
            raise InvalidInput(_ALLOWED)
        major, minor, number, patch = (int(form[key] or 0) for key in ("major", "minor", "number", "patch"))
        return cls(major, minor, form["plain"] or form["numbered"], number, patch)

    @property
    def name(self) -> str:
        """The release without its patch level, as mirrors name its directory."""
        return f"{self.major}.{self.minor}-{self.stage}{self.number or ''}"

    @property
    def is_release(self) -> bool:
        """Whether it is a finished release."""
        return self.stage == "RELEASE"

    @property
    def installable(self) -> bool:
        """Whether mirrors carry sets of it below releases/: finished ones, release candidates and betas."""
        return self.stage in _INSTALLABLE

    def at_most(self, other: Release) -> bool:
        """Return whether this is no newer than `other`, patch levels aside.

        A basejail must not be newer than its host's kernel; a patch level may be, since most patches
        leave the kernel as it is.

        Source: reference ezjail §9, "After a basejail upgrade".
        """
        return self._branch_order() <= other._branch_order()

    def _branch_order(self) -> tuple[int, int, int, int]:
        return self.major, self.minor, _STAGES.index(self.stage), self.number

    def __lt__(self, other: Release) -> bool:
        return (*self._branch_order(), self.patch) < (*other._branch_order(), other.patch)

    def __str__(self) -> str:
        return f"{self.name}-p{self.patch}" if self.patch else self.name
