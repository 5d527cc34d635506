"""Places: absolute paths on a host, and where distribution sets come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from apps.freebsd.errors import InvalidInput

_LONGEST_PATH = 1023  # PATH_MAX is 1024 with the closing NUL
_PATH = re.compile(r"/|(?:/[A-Za-z0-9._@:=+,~-]+)+")
_LONGEST_MIRROR = 255
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_STEP = r"/(?!\.(?:/|$))[A-Za-z0-9._+~-]+"
_SERVER = rf"https://{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?"
_MIRROR = re.compile(rf"{_SERVER}(?:{_STEP})*|file://(?:{_STEP})+")
_PLAIN_SCHEMES = ("http://", "ftp://")


@dataclass(frozen=True, slots=True, order=True)
class AbsolutePath:
    """An absolute path on a host, in one spelling only.

    Args:
        text: Begins with `/`; no empty, `.` or `..` component, no closing slash; of letters, digits and
            `. _ @ : = + , ~ -` between the slashes.

    Raises:
        InvalidInput: The path could lead elsewhere than it reads, or mean something to a shell.
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > _LONGEST_PATH:
            raise InvalidInput(f"A path has at most {_LONGEST_PATH} characters.")
        if not _PATH.fullmatch(self.text):
            raise InvalidInput(
                "A path begins with / and does not end with one; between the slashes stand letters, "
                "digits and . _ @ : = + , ~ - only."
            )
        if {".", ".."} & set(self.text.split("/")):
            raise InvalidInput("A path cannot hold . or .. as a component: write where it leads.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the path in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class Mirror:
    """Where `ezjail-admin install` fetches from: a server over HTTPS, or a directory on the host.

    Args:
        text: https://HOST[:PORT][/PATH], or file:///DIRECTORY that holds base.txz itself.

    Raises:
        InvalidInput: The fetch could be tampered with on its way, or the text holds more than a place.

    Source: reference ezjail §6.1 (`-h`; sets are not verified, so the way there has to be).
    """

    text: str

    def __post_init__(self) -> None:
        if self.text.lower().startswith(_PLAIN_SCHEMES):
            raise InvalidInput(
                "Fetch over https:// or from file:///…: ezjail does not verify what it fetches, "
                "and on the way over http or ftp anyone can change it."
            )
        if not _MIRROR.fullmatch(self.text) or ".." in self.text or len(self.text) > _LONGEST_MIRROR:
            raise InvalidInput(
                "A mirror is https://host, https://host/path or file:///directory, of letters, digits "
                "and . _ + ~ - and nothing more."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the mirror in `text`, without closing slashes, or raise InvalidInput."""
        return cls(text.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is a directory on the host itself."""
        return self.text.startswith("file://")

    def __str__(self) -> str:
        return self.text


DEFAULT_MIRROR = Mirror("https://download.freebsd.org")
