"""Values as words that the shell reads back exactly, in the way of quoting that stood there before."""

from __future__ import annotations

import re

from apps.freebsd.errors import InvalidInput

_BARE = re.compile(rb"[A-Za-z0-9_./:,@%+=-]*")
_SPECIAL = re.compile(rb"[\\\"$`]")
_SINGLE = re.compile(rb"'[^']*'")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def value_bytes(value: str) -> bytes:
    """Return the bytes of a value.

    Args:
        value: With bytes that are not UTF-8 as os.fsdecode gives them.

    Raises:
        InvalidInput: It holds a line feed or NUL, or what is no character.
    """
    if "\n" in value or "\0" in value:
        raise InvalidInput("A value is one line of text: it can hold no line feed and no NUL.")
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidInput("A value holds half a character, which no file can hold.") from None


def name_bytes(name: str) -> bytes:
    """Return the bytes of a variable's name.

    Raises:
        InvalidInput: The shell knows no such names.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput("A variable's name is of letters, digits and _, and begins with no digit.")
    return name.encode()


def quote_like(value: bytes, before: bytes) -> bytes:
    """Return the word for `value`.

    Args:
        value: Without line feed and NUL.
        before: The word that stood there; its way of quoting is kept where that can hold the value.
    """
    if _SINGLE.fullmatch(before) and b"'" not in value:
        return b"'" + value + b"'"
    if before and not re.search(rb"['\"\\$`]", before) and _BARE.fullmatch(value):
        return value
    return b'"' + _SPECIAL.sub(rb"\\\g<0>", value) + b'"'
