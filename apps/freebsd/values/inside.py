"""What lies within a jail: services, packages, logs, and the words of a command there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Self

from apps.freebsd.errors import InvalidInput

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,+~-]{0,127}")
_LOG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=-]*(?:/[A-Za-z0-9_@+=-][A-Za-z0-9_.@+=-]*)?")
_PROGRAM = re.compile(r"[A-Za-z0-9._/+][A-Za-z0-9._/+-]{0,1022}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_WORDS = 200
MOST_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, order=True)
class ServiceName:
    """The name of an rc script, such as `sshd`.

    Args:
        text: Up to 128 letters, digits and `_ . , + ~ -`, a letter or digit first.

    Raises:
        InvalidInput: service(8) could take it for something else.
    """

    text: str

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.text):
            raise InvalidInput(
                "A service's name is letters, digits and _ . - and begins with a letter or digit.",
                field="name",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class PackageName:
    """The name of a package, with a version or without, such as `nginx` or `nginx-1.26.2,3`.

    Args:
        text: Up to 128 letters, digits and `_ . , + ~ -`, a letter or digit first.

    Raises:
        InvalidInput: pkg(8) could take it for an option, a file or a pattern.
    """

    text: str

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.text):
            raise InvalidInput(
                "A package's name is letters, digits and _ . , + ~ - and begins with a letter or digit, as "
                "in nginx or py311-requests.",
                field="names",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class LogName:
    """A file below /var/log, such as `messages` or `nginx/access.log`.

    Args:
        text: One name, or a directory's and one in it.

    Raises:
        InvalidInput: It could lead elsewhere than it reads.
    """

    text: str

    def __post_init__(self) -> None:
        if not _LOG.fullmatch(self.text) or len(self.text) > 200:
            raise InvalidInput("A log is a file below /var/log, such as messages or nginx/access.log.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the name in `text`, or raise InvalidInput."""
        return cls(text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class CommandWords:
    """A program and its arguments, as jexec(8) hands them on: no shell reads them.

    Args:
        words: The program first.

    Raises:
        InvalidInput: A word cannot be sent to a host, or there are too many.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise InvalidInput("Write a program, as in /usr/bin/uptime.", field="line")
        if any(_CONTROL.search(word) for word in self.words):
            raise InvalidInput("A word may hold no line break and no other control character.", field="line")
        if not _PROGRAM.fullmatch(self.words[0]):
            raise InvalidInput(
                f"“{self.words[0][:60]}” is no program: its path or name has letters, digits and . _ / + - "
                "only, and no dash first.",
                field="line",
            )
        if len(self.words) > MOST_WORDS or len(" ".join(self.words).encode()) > MOST_BYTES:
            raise InvalidInput("That is too long for one command.", field="line")

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the words of a line, split and with quotes taken away as a shell does; nothing is expanded.

        Raises:
            InvalidInput: A quote is not closed, or a word cannot be sent.
        """
        try:
            return cls(tuple(shlex.split(line)))
        except UnicodeEncodeError:
            raise InvalidInput("The command holds characters that cannot be sent.", field="line") from None
        except InvalidInput:
            raise
        except ValueError:
            raise InvalidInput(
                "A quote is opened and not closed, or the line ends in a backslash.", field="line"
            ) from None
