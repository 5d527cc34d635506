"""Names: of jails, flavours, interfaces and runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from apps.freebsd.errors import InvalidInput

RESERVED = ("basejail", "newjail", "fulljail", "flavours", "ezjailtemp", "ezjail_archives")
IMAGE_ENDINGS = (".img", ".device")

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,14}")
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")
_UNSAFE = re.compile(r"[^A-Za-z0-9]")


def safe_name(hostname: str) -> str:
    """Fold a jail's name the way ezjail does: every byte that is no letter or digit becomes `_`.

    ezjail uses the result for the jail's file, its variables, its fstab and its name in the kernel.

    Args:
        hostname: The jail's name as the user knows it.

    Source: reference ezjail §3.1 (`tr -c '[:alnum:]' _` under LC_ALL=C, so a character beyond ASCII
        becomes as many underscores as it has bytes).
    """
    as_bytes = hostname.encode("utf-8", "surrogateescape").decode("latin-1")
    return _UNSAFE.sub("_", as_bytes)


@dataclass(frozen=True, slots=True, order=True)
class JailName:
    """A jail's name, which is also its host name and the name of its root directory.

    Args:
        text: 1 to 63 letters, digits, dots, dashes and underscores, a letter or digit first.

    Raises:
        InvalidInput: ezjail, jail(8) or a file system would take this name for something else.

    Source: reference ezjail §3.1, §7 row 8, §11 (`config -n`); jail-tools §1.1 (`-j`).
    """

    text: str

    def __post_init__(self) -> None:
        _check_jail_name(self.text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    @property
    def hostname(self) -> str:
        """The name as host.hostname and as the root directory's name."""
        return self.text

    @property
    def safe_name(self) -> str:
        """The name as ezjail's files and the kernel have it: `two.example` is `two_example` there."""
        return safe_name(self.text)

    def __str__(self) -> str:
        return self.text


def _check_jail_name(text: str) -> None:
    if not _PLAIN_NAME.fullmatch(text):
        raise InvalidInput(
            "A jail's name is 1 to 63 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or a digit."
        )
    if ".." in text:
        raise InvalidInput("A jail's name cannot hold two dots in a row: it becomes the name of a directory.")
    if text.isdigit():
        raise InvalidInput(
            "A jail's name needs something besides digits: jls and jail take a bare number for a jail ID."
        )
    _check_not_taken_by_ezjail(text)


def _check_not_taken_by_ezjail(text: str) -> None:
    if text.lower() in RESERVED:
        raise InvalidInput(
            f"“{text}” is the name of one of ezjail's own directories; a jail needs another name. "
            f"Kept for ezjail: {', '.join(RESERVED)}."
        )
    if text.lower().endswith(IMAGE_ENDINGS):
        raise InvalidInput(
            "A jail's name cannot end in .img or .device: ezjail keeps images of jails under such names."
        )


@dataclass(frozen=True, slots=True, order=True)
class FlavourName:
    """The name of one flavour, which is a directory below ezjail's flavours directory.

    Args:
        text: 1 to 63 letters, digits, dots, dashes and underscores, a letter or digit first.

    Raises:
        InvalidInput: The name could be read as an option, as two flavours or as a path.

    Source: reference ezjail §7 (`-f` splits its argument at blanks).
    """

    text: str

    def __post_init__(self) -> None:
        if not _PLAIN_NAME.fullmatch(self.text) or ".." in self.text:
            raise InvalidInput(
                "A flavour's name is 1 to 63 letters, digits, dots (not two in a row), dashes and "
                "underscores, and begins with a letter or a digit."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class InterfaceName:
    """A network interface's name, such as `lo0`, `re0.10` or `vm-public`.

    Args:
        text: 1 to 15 letters, digits, dots, dashes and underscores, a letter first.

    Raises:
        InvalidInput: No interface that a jail's address can name is called so.

    Source: ifconfig(8); IFNAMSIZ is 16 with the closing NUL.
    """

    text: str

    def __post_init__(self) -> None:
        if not _INTERFACE.fullmatch(self.text):
            raise InvalidInput(
                "An interface's name is 1 to 15 letters, digits, dots, dashes and underscores, "
                "and begins with a letter, as in lo0."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class RunId:
    """The identity of one run on a host: the agent starts a run id at most once.

    Args:
        text: 8 to 64 lower-case letters, digits and dashes, not a dash first.

    Raises:
        InvalidInput: The agent would refuse it.
    """

    text: str

    def __post_init__(self) -> None:
        if not _RUN_ID.fullmatch(self.text):
            raise InvalidInput("A run id is 8 to 64 lower-case letters, digits and dashes, not a dash first.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the run id in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text
