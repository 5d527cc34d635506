"""Where a file lies in a flavour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from apps.freebsd.errors import InvalidInput

_LONGEST = 255
_DEEPEST = 10
_STEP = re.compile(r"[A-Za-z0-9_.@+=-]+")


@dataclass(frozen=True, slots=True, order=True)
class FlavourPath:
    """A path below a flavour's directory, in one spelling only, such as `etc/rc.conf`.

    Args:
        text: Names of letters, digits and `_ . @ + = -` with slashes between; none is `.` or `..`.

    Raises:
        InvalidInput: The path could lead elsewhere than it reads, or the agent would refuse it.
    """

    text: str

    def __post_init__(self) -> None:
        steps = self.text.split("/")
        if not all(_STEP.fullmatch(step) for step in steps) or {".", ".."} & set(steps):
            raise InvalidInput(
                "A path in a flavour is names with slashes between, as in etc/rc.conf: letters, digits and "
                "_ . @ + = - only, no slash at its ends, no . or .. for a name.",
                field="path",
            )
        if len(self.text) > _LONGEST or len(steps) > _DEEPEST:
            raise InvalidInput(
                f"A path in a flavour has at most {_LONGEST} characters and {_DEEPEST} names.", field="path"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the path in `text`, or raise InvalidInput."""
        return cls(text)

    @property
    def folder(self) -> str:
        """The path of the directory that holds it; empty for the flavour's own."""
        return self.text.rpartition("/")[0]

    def __str__(self) -> str:
        return self.text
