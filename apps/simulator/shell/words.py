"""Read words out of shell text: quotes, parameters, substitutions."""

from __future__ import annotations

import re

from apps.simulator.shell.tree import Arithmetic, Literal, Parameter, Part, Substitution, SyntaxFault, Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SPECIAL = "@*#?$!-0123456789"
OPERATORS = (":-", ":=", ":+", ":?", "%%", "##", "-", "=", "+", "?", "%", "#")
ENDS_WORD = " \t\n;&|<>()"


class WordReader:
    """A cursor over shell text that reads words; the parser builds on it."""

    def __init__(self, text: str) -> None:
        """Begin at the text's start; backslash-newlines are gone from the outset."""
        self.text = text
        self.at = 0

    def peek(self, length: int = 1) -> str:
        """Give the next characters without taking them."""
        return self.text[self.at : self.at + length]

    def take(self, length: int = 1) -> str:
        """Take the next characters."""
        taken = self.peek(length)
        self.at += length
        return taken

    def word(self, stop: str = ENDS_WORD) -> Word:
        """Read one word up to an unquoted character of `stop` or the end."""
        parts: list[Part] = []
        while self.at < len(self.text) and self.peek() not in stop:
            parts += self._piece()
        return Word(joined(parts))

    def _piece(self) -> list[Part]:
        char = self.peek()
        if char == "'":
            return [self._single()]
        if char == '"':
            return self._double()
        if char == "\\":
            self.take()
            escaped = self.take()
            return [] if escaped == "\n" else [Literal(escaped or "\\", quoted=True)]
        if char in "$`":
            return [self._dollar(quoted=False)]
        return [Literal(self.take(), quoted=False)]

    def _single(self) -> Literal:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise SyntaxFault("Unterminated quoted string")
        text = self.text[self.at + 1 : end]
        self.at = end + 1
        return Literal(text, quoted=True)

    def _double(self) -> list[Part]:
        self.take()
        parts: list[Part] = []
        while self.peek() != '"':
            if self.at >= len(self.text):
                raise SyntaxFault("Unterminated quoted string")
            parts.append(self.quoted_piece('$`"\\'))
        self.take()
        return parts or [Literal("", quoted=True)]

    def quoted_piece(self, escapable: str) -> Part:
        """Read a piece as within double quotes, where a backslash is one only before `escapable`."""
        char = self.peek()
        if char in "$`":
            return self._dollar(quoted=True)
        if char == "\\" and self.peek(2)[1:] in [*escapable, "\n"]:
            self.take()
            escaped = self.take()
            return Literal("" if escaped == "\n" else escaped, quoted=True)
        return Literal(self.take(), quoted=True)

    def _dollar(self, *, quoted: bool) -> Part:
        if self.take() == "`":
            return self._backquoted(quoted=quoted)
        if self.peek() == "(":
            return self._substitution(quoted=quoted)
        if self.peek() == "{":
            return self._braced(quoted=quoted)
        match = NAME.match(self.text, self.at)
        name = match[0] if match else self.peek()
        if match or (name and name in SPECIAL):
            return Parameter(self.take(len(name)), "", Word(), quoted)
        return Literal("$", quoted)

    def _substitution(self, *, quoted: bool) -> Part:
        arithmetic = self.peek(2) == "(("
        inner = self._bracketed()
        if arithmetic and inner.endswith(")"):
            return Arithmetic(quoted_word(inner[1:-1]), quoted)
        return Substitution(inner, quoted)

    def _backquoted(self, *, quoted: bool) -> Substitution:
        text = ""
        while self.peek() != "`":
            if self.at >= len(self.text):
                raise SyntaxFault("EOF in backquote substitution")
            char = self.take()
            text += self.take() if char == "\\" and self.peek() in "`\\$" else char
        self.take()
        return Substitution(text, quoted)

    def _bracketed(self) -> str:
        """Take `(…)` with what it holds, quotes and inner brackets considered; give the inside."""
        self.take()
        start, depth = self.at, 1
        while depth:
            if self.at >= len(self.text):
                raise SyntaxFault('end of file unexpected (expecting ")")')
            char = self.peek()
            if char in "'\"\\":
                self._piece()
                continue
            depth += {"(": 1, ")": -1}.get(self.take(), 0)
        return self.text[start : self.at - 1]

    def _braced(self, *, quoted: bool) -> Parameter:
        self.take()
        if self.peek() == "#" and self.peek(2) != "#}":
            self.take()
            return self._closed(Parameter(self._name(), "#len", Word(), quoted))
        name = self._name()
        operator = next((text for text in OPERATORS if self.text.startswith(text, self.at)), "")
        self.take(len(operator))
        word = Word(joined(self._operand(quoted=quoted and operator[-1:] in "-=+?")))
        return self._closed(Parameter(name, operator, word, quoted))

    def _operand(self, *, quoted: bool) -> list[Part]:
        parts: list[Part] = []
        while self.peek() != "}":
            if self.at >= len(self.text):
                raise SyntaxFault("Missing '}'")
            parts += [self.quoted_piece('$`"\\}')] if quoted and self.peek() not in "'\"" else self._piece()
        return parts

    def _name(self) -> str:
        match = NAME.match(self.text, self.at) or re.compile(r"[0-9]+|[@*#?$!-]").match(self.text, self.at)
        if not match:
            raise SyntaxFault("Bad substitution")
        return self.take(len(match[0]))

    def _closed(self, parameter: Parameter) -> Parameter:
        if self.take() != "}":
            raise SyntaxFault("Bad substitution")
        return parameter


def joined(parts: list[Part]) -> tuple[Part, ...]:
    """Join plain characters that stand together into one part."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            found[-1] = Literal(last.text + part.text, last.quoted)
        else:
            found.append(part)
    return tuple(found)


def quoted_word(text: str) -> Word:
    """Read a whole text as within double quotes, as a here-document or an arithmetic expression is."""
    reader = WordReader(text)
    parts: list[Part] = []
    while reader.at < len(text):
        parts.append(reader.quoted_piece("$`\\"))
    return Word(joined(parts))
