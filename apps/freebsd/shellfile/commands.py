"""How far a command of the shell goes that is no assignment, so that what follows it is read rightly.

Nothing is understood but the extent: `if … fi` and a function's body must not have the assignments in them
taken for such of the file.

Source: POSIX.1-2017 Shell Command Language §2.4, §2.7, §2.9, §2.10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from apps.freebsd.shellfile.words import CONTINUED, ENDS_WORD, LostTrack, read_word, skip_blanks

_OPERATORS = re.compile(rb"<<-|<<|>>|<&|>&|<>|>\||&&|\|\||;;|;&|[;&|()<>\n]")
_REDIRECTIONS = (b"<", b">", b">>", b"<&", b">&", b"<>", b">|")
_OPENS = {b"if": b"fi", b"while": b"done", b"until": b"done", b"for": b"done", b"case": b"esac", b"{": b"}"}
_BETWEEN = (b"then", b"elif", b"else", b"do", b"!")
_CLOSES = (*_OPENS.values(),)
_OTHER_SHELLS = (b"function", b"select")
_FUNCTION_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_DELIMITER = re.compile(rb"[\\'\"]?[A-Za-z0-9_.-]+['\"]?")


@dataclass(slots=True)
class _Opened:
    """A compound command that is not closed yet; `case` goes head → pattern → body → pattern …."""

    closer: bytes
    case_part: str = ""


def command_end(data: bytes, at: int) -> int:
    """Return the byte after the command that begins at `at`, with the line feed, `;` or `&` that ends it.

    Raises:
        LostTrack: It has no end, or is no sh.
    """
    return _Command(data, at).end()


@dataclass(slots=True)
class _Command:
    data: bytes
    at: int
    stack: list[_Opened] = field(default_factory=list)
    here_documents: list[tuple[bytes, bool]] = field(default_factory=list)
    begins: bool = True  # whether a command may begin here, so that reserved words count
    goes_on: bool = True  # whether a line feed here does not end the command
    word: bytes = b""  # the command's first word, while nothing followed it
    fresh: bool = False  # whether nothing stands yet behind the ; or line feed before
    closed: bool = False  # whether a compound command has just ended, which no plain word can follow
    is_target: bool = False  # whether the next word belongs to a redirection

    def end(self) -> int:
        while True:
            self.at = skip_blanks(self.data, self.at)
            if self.at >= len(self.data):
                return self._end_of_file()
            if self.data[self.at : self.at + 1] == b"#":
                found = self.data.find(b"\n", self.at)
                self.at = len(self.data) if found < 0 else found
            elif self.data[self.at] in ENDS_WORD:
                if self._operator():
                    return self.at
            else:
                self._word()

    def _end_of_file(self) -> int:
        if self.stack or self.goes_on or self.here_documents or self.is_target:
            raise LostTrack("a command in it has no end")
        return self.at

    def _operator(self) -> bool:
        """Take the operator at hand; return whether it ends the command."""
        found = _OPERATORS.match(self.data, self.at)
        operator = found[0] if found else b""
        if self.is_target:
            raise LostTrack("a redirection in it leads nowhere")
        self.at += len(operator)
        if operator == b"\n":
            return self._line_feed()
        self.fresh = self.fresh and operator not in (*_REDIRECTIONS, b"<<", b"<<-", b"(", b")")
        if operator in (b"<<", b"<<-"):
            self._here_document(strip_tabs=operator == b"<<-")
        elif operator in _REDIRECTIONS:
            self.is_target = True
            self.goes_on = False
        elif operator in (b"(", b")"):
            self._parenthesis(operator)
        else:
            return self._separator(operator)
        return False

    def _line_feed(self) -> bool:
        for delimiter, strip_tabs in self.here_documents:
            self.at = _after_here_document(self.data, self.at, delimiter, strip_tabs=strip_tabs)
        self.here_documents = []
        if not self.stack and not self.goes_on:
            return True
        self.begins, self.closed, self.fresh, self.word = True, False, True, b""
        return False

    def _separator(self, operator: bytes) -> bool:
        top = self.stack[-1] if self.stack else None
        if operator == b"|" and top and top.case_part == "pattern":
            return False
        if operator in (b";;", b";&"):
            if top is None or top.case_part != "body":
                raise LostTrack("it holds a ;; outside case")
            top.case_part = "pattern"
            return False
        if self.goes_on or self.fresh:
            raise LostTrack(f"it holds a {operator.decode()} where a command belongs")
        self.begins, self.closed, self.fresh, self.word = True, False, True, b""
        if operator in (b"|", b"||", b"&&"):
            self.goes_on = True
            return False
        if not self.stack and self.here_documents:
            raise LostTrack("a here-document's line goes on behind it")
        return not self.stack

    def _parenthesis(self, operator: bytes) -> None:
        top = self.stack[-1] if self.stack else None
        if top and top.case_part == "pattern":
            if operator == b")":
                top.case_part, self.begins, self.closed, self.word = "body", True, False, b""
            return
        if operator == b")":
            self._close(b")")
        elif self.begins and not self.closed:
            self.stack.append(_Opened(b")"))
            self.goes_on = True
        else:
            self._function()

    def _function(self) -> None:
        at = skip_blanks(self.data, self.at)
        if not _FUNCTION_NAME.fullmatch(self.word) or self.data[at : at + 1] != b")":
            raise LostTrack("it holds a parenthesis that is no sh")
        self.at, self.begins, self.goes_on, self.word = at + 1, True, True, b""

    def _word(self) -> None:
        word = read_word(self.data, self.at)
        text = self.data[word.start : word.end].replace(CONTINUED, b"")
        self.at, self.fresh = word.end, False
        top = self.stack[-1] if self.stack else None
        if self.is_target:
            self.is_target = False
        elif top and top.case_part in ("head", "pattern"):
            self._word_of_case(top, text)
        elif self.begins and self._reserved(text):
            self.word = b""
        elif self.closed:
            raise LostTrack("it holds a word right behind a command that has ended")
        else:
            self.word = text if self.begins else b""
            self.begins = self.goes_on = False

    def _word_of_case(self, top: _Opened, text: bytes) -> None:
        if top.case_part == "head":
            top.case_part = "pattern" if text == b"in" and self.word else "head"
            self.word = text
        elif text == b"esac":
            self._close(b"esac")

    def _reserved(self, text: bytes) -> bool:
        if text in _OTHER_SHELLS:
            raise LostTrack(f"it holds {text.decode()}, which sh does not know")
        if text in _OPENS:
            if self.closed:
                raise LostTrack(f"it holds {text.decode()} right behind a command that has ended")
            self.stack.append(_Opened(_OPENS[text], "head" if text == b"case" else ""))
            self.goes_on = True
            self.begins = text not in (b"case", b"for")
            return True
        if text in _CLOSES:
            self._close(text)
            return True
        if text in _BETWEEN:
            self.closed = False
            if text != b"!" and not self.stack:
                raise LostTrack(f"it holds a {text.decode()} that belongs to nothing")
            self.goes_on = True
            return True
        return False

    def _close(self, closer: bytes) -> None:
        if not self.stack or self.stack[-1].closer != closer:
            raise LostTrack(f"it holds a {closer.decode()} that closes nothing")
        if self.goes_on and closer != b"esac":
            raise LostTrack(f"it holds a {closer.decode()} where a command belongs")
        self.stack.pop()
        self.begins, self.closed, self.goes_on, self.word = True, True, False, b""

    def _here_document(self, *, strip_tabs: bool) -> None:
        self.at = skip_blanks(self.data, self.at)
        word = read_word(self.data, self.at)
        text = self.data[word.start : word.end]
        if not _DELIMITER.fullmatch(text) or word.text is None:
            raise LostTrack("it holds a here-document with an odd end")
        self.here_documents.append((word.text, strip_tabs))
        self.at, self.goes_on = word.end, False


def _after_here_document(data: bytes, at: int, delimiter: bytes, *, strip_tabs: bool) -> int:
    while at < len(data):
        found = data.find(b"\n", at)
        end = len(data) if found < 0 else found
        line = data[at:end].lstrip(b"\t") if strip_tabs else data[at:end]
        at = end + 1
        if line == delimiter:
            return min(at, len(data))
        if line.endswith(b"\\"):
            raise LostTrack("a here-document in it has a line that goes on")
    raise LostTrack("a here-document in it has no end")
