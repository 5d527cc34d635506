"""Read lists of commands out of shell text."""

from __future__ import annotations

from apps.simulator.shell.tree import (
    Case,
    Chain,
    Command,
    For,
    Function,
    Group,
    If,
    Literal,
    Loop,
    Pipeline,
    Redirect,
    Sequence,
    Simple,
    SyntaxFault,
    Word,
)
from apps.simulator.shell.words import NAME, WordReader, quoted_word

REDIRECTS = ("<<-", "<<", "<&", "<", ">>", ">&", ">|", ">")
CLOSERS = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})


def parse(text: str) -> Sequence:
    """Parse a whole text.

    Raises:
        SyntaxFault: it is no shell.
    """
    parser = Parser(text)
    found = parser.sequence()
    if parser.at < len(parser.text):
        raise SyntaxFault(f'"{parser.peek_word() or parser.peek()}" unexpected')
    return found


class Parser(WordReader):
    """Recursive descent over the text itself: shell knows its tokens only by where they stand."""

    def blank(self, *, lines: bool = False) -> None:
        """Pass over blanks and comments, and over line ends when asked."""
        while self.at < len(self.text):
            if self.peek(2) == "\\\n":
                self.take(2)
            elif self.peek() in " \t" or (lines and self.peek() == "\n"):
                self.take()
            elif self.peek() == "#":
                self.at = (self.text + "\n").index("\n", self.at)
            else:
                return

    def peek_word(self) -> str:
        """Give the reserved or plain word that comes next, without taking it."""
        here = self.at
        try:
            return self.word().bare or ""
        except SyntaxFault:
            return ""
        finally:
            self.at = here

    def sequence(self) -> Sequence:
        """Read commands until something that closes them, or the end."""
        chains = []
        while True:
            self.blank(lines=True)
            if self.at >= len(self.text) or self.peek() == ")" or self.peek(2) == ";;":
                break
            if self.peek_word() in CLOSERS:
                break
            chains.append(self._chain())
        return Sequence(tuple(chains))

    def _chain(self) -> Chain:
        first, rest = self._pipeline(), []
        while self.peek(2) in {"&&", "||"}:
            operator = self.take(2)
            self.blank(lines=True)
            rest.append((operator, self._pipeline()))
        background = self.peek() == "&"
        if background or (self.peek() == ";" and self.peek(2) != ";;"):
            self.take()
        elif self.peek() not in {"", "\n", ")"} and self.peek(2) != ";;":
            raise SyntaxFault(f'"{self.peek_word() or self.peek()}" unexpected')
        return Chain(first, tuple(rest), background)

    def _pipeline(self) -> Pipeline:
        negated = self.peek_word() == "!"
        if negated:
            self.take()
            self.blank()
        commands = [self._command()]
        while self.peek() == "|" and self.peek(2) != "||":
            self.take()
            self.blank(lines=True)
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        readers = {"{": self._brace, "if": self._if, "while": self._while, "until": self._while}
        readers |= {"for": self._for, "case": self._case}
        if self.peek() == "(":
            return self._subshell()
        reader = readers.get(self.peek_word())
        return reader() if reader else self._simple()

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            self.blank()
            redirect = self._redirect()
            if redirect:
                redirects.append(redirect)
                continue
            if self.peek(2) == "()" and len(words) == 1 and words[0].bare:
                return self._function(words[0].bare)
            if self.peek() in {"", "\n", ";", "&", "|", "(", ")"}:
                break
            match = None if words else NAME.match(self.text, self.at)
            if match and self.text[match.end() : match.end() + 1] == "=":
                self.at = match.end() + 1
                assignments.append((match[0], self.word()))
            else:
                words.append(self.word())
        if not (assignments or words or redirects):
            raise SyntaxFault(f'"{self.peek() or "end of file"}" unexpected')
        return Simple(tuple(assignments), tuple(words), tuple(redirects))

    def _function(self, name: str) -> Function:
        self.take(2)
        self.blank(lines=True)
        return Function(name, self._command())

    def _redirect(self) -> Redirect | None:
        digits = 1 if self.peek().isdigit() and self.peek(2)[1:] in {"<", ">"} else 0
        start = self.at + digits
        operator = next((text for text in REDIRECTS if self.text.startswith(text, start)), "")
        if not operator:
            return None
        number = self.take(digits)
        self.take(len(operator))
        self.blank()
        descriptor = int(number) if number else int(operator[0] == ">")
        word = self.word()
        if not word.parts:
            raise SyntaxFault(f'"{self.peek() or "end of file"}" unexpected')
        if operator.startswith("<<"):
            return self._here(descriptor, operator, word)
        return Redirect(descriptor, operator, word)

    def _here(self, descriptor: int, operator: str, end: Word) -> Redirect:
        """Cut a here-document's lines out of the text behind this line."""
        literal = any(isinstance(part, Literal) and part.quoted for part in end.parts)
        mark = "".join(part.text for part in end.parts if isinstance(part, Literal))
        start = (self.text + "\n").index("\n", self.at) + 1
        lines, at = [], start
        while at < len(self.text):
            stop = (self.text + "\n").index("\n", at)
            line = self.text[at:stop].lstrip("\t" if operator == "<<-" else "")
            at = stop + 1
            if line == mark:
                break
            lines.append(line + "\n")
        self.text = self.text[:start] + self.text[at:]
        text = "".join(lines)
        return Redirect(
            descriptor, "<<", Word((Literal(text, quoted=True),)) if literal else quoted_word(text)
        )

    def _expect(self, word: str) -> None:
        self.blank(lines=True)
        if self.peek_word() != word:
            raise SyntaxFault(
                f'"{self.peek_word() or self.peek() or "end of file"}" unexpected (expecting "{word}")'
            )
        self.take(len(word))

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while True:
            self.blank()
            redirect = self._redirect()
            if redirect is None:
                return tuple(found)
            found.append(redirect)

    def _brace(self) -> Command:
        self.take()
        body = self.sequence()
        self._expect("}")
        return Group(body, self._redirects())

    def _subshell(self) -> Command:
        self.take()
        body = self.sequence()
        if self.take() != ")":
            raise SyntaxFault('end of file unexpected (expecting ")")')
        return Group(body, self._redirects(), subshell=True)

    def _if(self) -> Command:
        self._expect("if")
        branches, otherwise = [], None
        while True:
            condition = self.sequence()
            self._expect("then")
            branches.append((condition, self.sequence()))
            self.blank(lines=True)
            if self.peek_word() != "elif":
                break
            self._expect("elif")
        if self.peek_word() == "else":
            self._expect("else")
            otherwise = self.sequence()
        self._expect("fi")
        return If(tuple(branches), otherwise, self._redirects())

    def _while(self) -> Command:
        until = self.peek_word() == "until"
        self._expect("until" if until else "while")
        condition = self.sequence()
        return Loop(condition, self._do(), until, self._redirects())

    def _do(self) -> Sequence:
        self._expect("do")
        body = self.sequence()
        self._expect("done")
        return body

    def _for(self) -> Command:
        self._expect("for")
        self.blank()
        name, words = self.word().bare or "", None
        self.blank(lines=True)
        if self.peek_word() == "in":
            self._expect("in")
            words = tuple(self._words())
        self.blank(lines=True)
        if self.peek() == ";":
            self.take()
        return For(name, words, self._do(), self._redirects())

    def _words(self) -> list[Word]:
        found: list[Word] = []
        while True:
            self.blank()
            if self.peek() in {"", "\n", ";"}:
                return found
            found.append(self.word())

    def _case(self) -> Command:
        self._expect("case")
        self.blank()
        word = self.word()
        self._expect("in")
        branches = []
        while True:
            self.blank(lines=True)
            if self.peek_word() == "esac" or self.at >= len(self.text):
                break
            branches.append(self._branch())
        self._expect("esac")
        return Case(word, tuple(branches), self._redirects())

    def _branch(self) -> tuple[tuple[Word, ...], Sequence]:
        if self.peek() == "(":
            self.take()
        patterns = []
        while True:
            self.blank()
            patterns.append(self.word())
            self.blank()
            if self.take() != "|":
                break
        body = self.sequence()
        if self.peek(2) == ";;":
            self.take(2)
        return tuple(patterns), body
