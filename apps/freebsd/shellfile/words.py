"""Words of the shell: where each ends, and what it comes to when nothing has to be computed.

Where shells disagree, or following one would take a whole shell, `LostTrack` is raised: the caller keeps the
rest of the file to the byte and concludes nothing from it.

Source: sh(1) "Lexical Structure", POSIX.1-2017 Shell Command Language §2.2, §2.3, §2.6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENDS_WORD = b" \t\n;&|<>()"
CONTINUED = b"\\\n"

_BLANKS = re.compile(rb"(?:[ \t]|\\\n)*")
_PLAIN = re.compile(rb"[^ \t\n;&|<>()'\"\\$`]+")
_PLAIN_IN_QUOTES = re.compile(rb"[^\"\\$`]+")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = b"0123456789@*#?$!-"
_BRACE = re.compile(rb"#?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(?=\}|:?[-+=?]|%|#)")
_PATTERN = re.compile(rb"[*?\[{]")
_TILDE = re.compile(rb"(?:^|[=:])~")
_CASE = re.compile(rb"\bcase\b")


class LostTrack(Exception):
    """The file cannot be followed from here on; the text says why."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Args:
        start: Where it begins in the file, in bytes.
        end: The byte after it.
        text: What the shell makes of it, or None when it would have to compute that.
        has_pattern: Whether it holds `* ? [ {` outside quotes, which count where a word is no assignment.
    """

    start: int
    end: int
    text: bytes | None
    has_pattern: bool


def skip_blanks(data: bytes, at: int) -> int:
    """Return where the blanks and line continuations that begin at `at` end."""
    found = _BLANKS.match(data, at)
    return found.end() if found else at


def read_word(data: bytes, at: int) -> Word:
    """Read the word that begins at `at`.

    Raises:
        LostTrack: It has no end, or none that all shells agree on.
    """
    reader = _Reader(data, at)
    while reader.at < len(data) and data[reader.at] not in ENDS_WORD:
        reader.step()
    return Word(at, reader.at, None if reader.computed else bytes(reader.text), reader.has_pattern)


class _Reader:
    """Goes through one word."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.text = bytearray()
        self.computed = False
        self.has_pattern = False

    def step(self) -> None:
        """Read the next part, which is plain, quoted, escaped or an expansion."""
        first = self.data[self.at : self.at + 1]
        if first == b"'":
            end = _find(self.data, b"'", self.at + 1)
            self._take(self.data[self.at + 1 : end], end + 1)
        elif first == b'"':
            self._double_quoted()
        elif first == b"\\":
            self._escaped()
        elif first in (b"$", b"`"):
            self._expansion(quoted=False)
        else:
            self._plain()

    def _plain(self) -> None:
        found = _PLAIN.match(self.data, self.at)
        part = found[0] if found else b""
        before = self.data[max(self.at - 1, 0) : self.at] if self.text else b""
        self.computed = self.computed or bool(_TILDE.search(before + part if self.text else part))
        self.has_pattern = self.has_pattern or bool(_PATTERN.search(part))
        self._take(part, self.at + len(part))

    def _escaped(self) -> None:
        after = self.data[self.at + 1 : self.at + 2]
        if not after:
            raise LostTrack("it ends in a backslash")
        self._take(b"" if after == b"\n" else after, self.at + 2)

    def _double_quoted(self) -> None:
        self.at += 1
        while (part := self.data[self.at : self.at + 1]) != b'"':
            if not part:
                raise LostTrack("a quoted value has no closing quote")
            if part == b"\\":
                self._escaped_in_quotes()
            elif part in b"$`":
                self._expansion(quoted=True)
            else:
                found = _PLAIN_IN_QUOTES.match(self.data, self.at)
                part = found[0] if found else part
                self._take(part, self.at + len(part))
        self.at += 1

    def _escaped_in_quotes(self) -> None:
        after = self.data[self.at + 1 : self.at + 2]
        kept = {b"\n": b"", b"$": b"$", b"`": b"`", b'"': b'"', b"\\": b"\\"}.get(after, b"\\" + after)
        self._take(kept, self.at + 1 + len(after))

    def _expansion(self, *, quoted: bool) -> None:
        end = expansion_end(self.data, self.at, quoted=quoted)
        if end == self.at:
            self._take(b"$", self.at + 1)
        else:
            self.computed = True
            self.at = end

    def _take(self, text: bytes, end: int) -> None:
        self.text += text
        self.at = end


def expansion_end(data: bytes, at: int, *, quoted: bool) -> int:
    """Return where the expansion that begins at `at` ends; `at` itself when its `$` is a plain one.

    Args:
        data: The file.
        at: Where a `$` or a backquote stands.
        quoted: Whether that is within double quotes.
    """
    if data[at : at + 1] == b"`":
        return _backquoted_end(data, at + 1)
    if data.startswith(CONTINUED, at + 1):
        raise LostTrack("a line ends between a $ and what belongs to it")
    after = data[at + 1 : at + 2]
    if after == b"(":
        return _parenthesis_end(data, at + 1)
    if after == b"{":
        return _brace_end(data, at + 2, quoted=quoted)
    if not quoted and after in (b"'", b'"'):
        return _dollar_quoted_end(data, at + 2) if after == b"'" else at + 1
    name = _NAME.match(data, at + 1)
    special = at + 2 if after and after in _SPECIAL else at
    return name.end() if name else special


def _backquoted_end(data: bytes, at: int) -> int:
    while (part := data[at : at + 1]) != b"`":
        if not part:
            raise LostTrack("a backquote is never closed")
        at += 2 if part == b"\\" else 1
    return at + 1


def _dollar_quoted_end(data: bytes, at: int) -> int:
    while (part := data[at : at + 1]) != b"'":
        if not part:
            raise LostTrack("a quoted value has no closing quote")
        at += 2 if part == b"\\" else 1
    return at + 1


def _brace_end(data: bytes, at: int, *, quoted: bool) -> int:
    head = _BRACE.match(data, at)
    if head is None:
        raise LostTrack("it holds a ${…} that sh does not know")
    at = head.end()
    while (part := data[at : at + 1]) != b"}":
        if not part:
            raise LostTrack("a ${ is never closed")
        if quoted and part in b"'\"":
            raise LostTrack("it holds a ${…} with quotes within quotes")
        at = _part_end(data, at)
    return at + 1


def _parenthesis_end(data: bytes, at: int) -> int:
    start, depth = at, 0
    arithmetic = data.startswith(b"((", at)
    while True:
        part = data[at : at + 1]
        if part == b"(":
            depth += 1
        elif part == b")":
            depth -= 1
        else:
            _check_in_parentheses(data, at, arithmetic=arithmetic)
        at = at + 1 if part in (b"(", b")") else _part_end(data, at)
        if not depth:
            break
    if not arithmetic and _CASE.search(data, start, at):
        raise LostTrack("a command within $(…) has a case in it")
    return at


def _check_in_parentheses(data: bytes, at: int, *, arithmetic: bool) -> None:
    part = data[at : at + 1]
    if not part:
        raise LostTrack("a parenthesis is never closed")
    if arithmetic and part in b"'\"":
        raise LostTrack("it holds quotes within $((…))")
    if part == b"#" and data[at - 1] in b" \t\n;&|()":
        raise LostTrack("a command within $(…) has a comment in it")
    if not arithmetic and data.startswith(b"<<", at):
        raise LostTrack("a command within $(…) has a here-document in it")


def _part_end(data: bytes, at: int) -> int:
    """Return where the part that begins at `at` ends: something quoted, an expansion, or one byte."""
    part = data[at : at + 1]
    if part == b"'":
        return _find(data, b"'", at + 1) + 1
    if part == b'"':
        reader = _Reader(data, at)
        reader.step()
        return reader.at
    if part == b"\\":
        return at + 2
    if part in b"$`":
        return max(expansion_end(data, at, quoted=False), at + 1)
    return at + 1


def _find(data: bytes, what: bytes, at: int) -> int:
    found = data.find(what, at)
    if found < 0:
        raise LostTrack("a quoted value has no closing quote")
    return found
