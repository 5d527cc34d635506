"""A jail's file as someone edited it in a text field: whether it may be written.

ezjail and the rc script run the file as root. So nothing but comments and plain assignments can be added;
shell that an administrator wrote by hand can stay, or go.

Source: reference ezjail §3.2, §3.3; SECURITY ("ezjail itself").
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import JailFile, check_value
from apps.freebsd.parsers.ezjail_file import VARIABLES
from apps.freebsd.parsers.lines import excerpt
from apps.freebsd.shellfile import Assignment, Kind, Piece, ShellFile

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 64 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")


def as_typed(text: str) -> str:
    """Return what a browser sends of a text field as the lines that were typed."""
    return text.replace("\r\n", "\n")


def check_plain(text: str, what: str) -> None:
    """Refuse what no file of this kind is edited as here.

    Raises:
        InvalidInput: It is too long, or holds control characters.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise InvalidInput(f"{what} can have at most {MOST_BYTES // 1024} KiB here.", field="text")
    if _CONTROL.search(text) or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(f"{what} cannot hold control characters or halves of characters.", field="text")


def edited(before: JailFile, text: str) -> JailFile:
    """Return the file that someone made of another.

    Args:
        before: The file as it is.
        text: The file as it is to be.

    Raises:
        InvalidInput: It may not be written; `field` is text.
    """
    check_plain(text, "The file")
    after = JailFile(before.safe_name, text)
    if after.problem:
        raise InvalidInput(after.problem, field="text")
    _check_whole(after)
    _check_shell(before.shell, after.shell)
    for statement in _new_statements(before.shell, after.shell):
        _check_statement(before, after, statement)
    return after


def _check_whole(file: JailFile) -> None:
    """Refuse what ezjail would not take for a whole file of this jail.

    Source: reference ezjail §3.2, §11 (a file cut short).
    """
    for name in VARIABLES:
        if name not in file.variables:
            raise InvalidInput(f"{file.prefix}{name} is missing: every file of ezjail sets it.", field="text")
        if doubt := file.doubt(name):
            raise InvalidInput(f"{file.prefix}{name}: {doubt}", field="text")
    if not file.value("hostname") or not file.value("rootdir").startswith("/"):
        raise InvalidInput("A jail needs a hostname, and a rootdir that begins with /.", field="text")


def _kept(file: ShellFile) -> Counter[str]:
    return Counter(text.strip() for text in file.kept)


def _check_shell(before: ShellFile, after: ShellFile) -> None:
    added = _kept(after) - _kept(before)
    if added:
        first = next(iter(added))
        raise InvalidInput(
            f"“{excerpt(first)}” is no assignment of plain text. Only comments and lines such as "
            "export jail_NAME_VARIABLE=\N{QUOTATION MARK}…\N{QUOTATION MARK} can be added here.",
            field="text",
        )


def _new_statements(before: ShellFile, after: ShellFile) -> Iterator[Piece]:
    """Give the statements of assignments that were not there, or not so often."""
    was = Counter(piece.raw.strip() for piece in before.pieces if piece.kind is Kind.SETS)
    for piece in after.pieces:
        if piece.kind is not Kind.SETS:
            continue
        raw = piece.raw.strip()
        was[raw] -= 1
        if was[raw] < 0:
            yield piece


def _check_statement(before: JailFile, after: JailFile, piece: Piece) -> None:
    if piece.operands != len(piece.assignments):
        raise InvalidInput(
            f"“{excerpt(piece.raw.decode())}” exports a variable that it does not set.", field="text"
        )
    for made in piece.assignments:
        _check_assignment(before, after, made)


def _check_assignment(before: JailFile, after: JailFile, made: Assignment) -> None:
    name = made.name.decode()
    variable = name.removeprefix(before.prefix)
    if name not in before.shell.names and (variable == name or not _VARIABLE.fullmatch(variable)):
        raise InvalidInput(f"{name} is no variable of this jail: those begin with {before.prefix}.", "text")
    words = after.shell.data[made.value_start : made.end].decode()
    if made.text is None:
        raise InvalidInput(f"{name}: the shell would compute {excerpt(words)}.", field="text")
    try:
        check_value(variable if variable != name else "", made.text.decode() + "\\" * ("\\" in words))
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error.message}", field="text") from None
