"""A secret on its way to a host: it shows as *** everywhere, and cannot be stored or sent by accident."""

from __future__ import annotations

from typing import NoReturn

from apps.freebsd.errors import InvalidInput

# A line of a terminal holds no more on FreeBSD (MAX_CANON), with its line feed.
MOST_BYTES = 250


class Secret:
    """Text that only `reveal` gives away, as bytes, at the one place that sends it.

    Raises:
        InvalidInput: It cannot be typed at a terminal as one line.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text:
            raise InvalidInput("A passphrase cannot be empty.")
        if not text.isprintable():
            raise InvalidInput("A passphrase cannot hold control characters: it is typed at a terminal.")
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise InvalidInput("A passphrase cannot hold characters that cannot be sent.") from None
        if len(data) > MOST_BYTES:
            raise InvalidInput(f"A passphrase can have at most {MOST_BYTES} bytes: a terminal takes no more.")
        self._text = data

    def reveal(self) -> bytes:
        """Return the secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not stored.")
