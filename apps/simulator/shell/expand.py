"""Turn words into the arguments that they stand for: values, splitting, file names."""

from __future__ import annotations

import ast
import fnmatch
import operator
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from apps.simulator.shell.tree import Arithmetic, Literal, Parameter, Part, Substitution, Word

if TYPE_CHECKING:
    from apps.simulator.files import Files

GLOB = re.compile(r"[*?\[]")
_NAMED = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_]*")
_SUMS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: lambda left, right: int(left / right),
    ast.Mod: lambda left, right: left - right * int(left / right),
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class ShellExit(Exception):
    """The shell ends with a status."""

    def __init__(self, status: int) -> None:
        """Note the status."""
        super().__init__(status)
        self.status = status


class Scope(Protocol):
    """What expansion asks of the shell."""

    files: Files
    cwd: str

    def get(self, name: str) -> str | None:
        """Give a variable's or special parameter's value; None when it is not set."""

    def set(self, name: str, value: str) -> None:
        """Set a variable."""

    @property
    def positional(self) -> list[str]:
        """$1 and on."""


@dataclass(slots=True)
class Field:
    """An argument as it grows; `glob` has its quoted characters escaped."""

    text: str = ""
    glob: str = ""

    def add(self, text: str, *, quoted: bool) -> None:
        """Join a piece on."""
        self.text += text
        self.glob += _escaped(text) if quoted else text


class Expander:
    """Expands words in a scope; substitutions run through the shell itself."""

    def __init__(
        self,
        scope: Scope,
        run: Callable[[str], Awaitable[str]],
        complain: Callable[[str], Awaitable[None]],
    ) -> None:
        """Take the scope, what runs `$(…)`, and what prints an error."""
        self._scope = scope
        self._run = run
        self._complain = complain

    async def words(self, words: tuple[Word, ...]) -> list[str]:
        """Expand to arguments: a word may become none, or several."""
        found: list[str] = []
        for word in words:
            for field in await self._fields(word):
                found += self._globbed(field)
        return found

    async def text(self, word: Word) -> str:
        """Expand to one text, without splitting or file names, as assignments and redirections do."""
        pieces = [await self._part(part) for part in word.parts]
        return self._tilde(word, "".join(" ".join(piece) for piece in pieces))

    async def pattern(self, word: Word) -> str:
        """Expand to a pattern in which quoted characters stand for themselves."""
        found = ""
        for part in word.parts:
            text = " ".join(await self._part(part))
            found += _escaped(text) if part.quoted else text
        return found

    async def _fields(self, word: Word) -> list[Field]:
        """Join a word's parts to arguments, splitting what is unquoted and expanded at blanks."""
        fields: list[Field] = []
        fresh = True
        for part in word.parts:
            for index, chunk in enumerate(await self._chunks(part)):
                fresh = fresh or index > 0
                if not chunk and not part.quoted:
                    continue
                if fresh:
                    fields.append(Field())
                    fresh = False
                fields[-1].add(chunk, quoted=part.quoted)
        if len(fields) == 1 and word.bare is not None:
            fields[0].text = fields[0].glob = self._tilde(word, fields[0].text)
        return fields

    async def _chunks(self, part: Part) -> list[str]:
        """Expand one part to the texts between which arguments end."""
        pieces = await self._part(part)
        if part.quoted or isinstance(part, Literal):
            return pieces
        return [chunk for piece in pieces for chunk in self._split(piece)]

    def _split(self, text: str) -> list[str]:
        separators = self._scope.get("IFS")
        separators = " \t\n" if separators is None else separators
        if not separators:
            return [text]
        blanks = "".join(char for char in separators if char in " \t\n")
        return re.split(f"[{re.escape(separators)}]+" if blanks else f"[{re.escape(separators)}]", text)

    def _tilde(self, word: Word, text: str) -> str:
        first = word.parts[0] if word.parts else None
        if isinstance(first, Literal) and not first.quoted and re.match(r"~(/|$)", text):
            return (self._scope.get("HOME") or "/root") + text[1:]
        return text

    async def _part(self, part: Part) -> list[str]:
        """Expand one part; only `"$@"` gives other than one text."""
        if isinstance(part, Literal):
            return [part.text]
        if isinstance(part, Substitution):
            return [(await self._run(part.text)).rstrip("\n")]
        if isinstance(part, Arithmetic):
            return [str(self._sum(await self.text(part.word)))]
        if part.name == "@" and not part.operator:
            return list(self._scope.positional)
        return [await self._parameter(part)]

    async def _parameter(self, part: Parameter) -> str:
        value = self._scope.get(part.name)
        operator = part.operator
        if operator == "#len":
            return str(len(value or ""))
        missing = value is None or (operator.startswith(":") and not value)
        if operator in {":+", "+"}:
            return "" if missing else await self.text(part.word)
        if operator[-1:] in {"-", "=", "?"} and missing:
            return await self._default(part)
        if operator in {"#", "##", "%", "%%"}:
            return _trimmed(value or "", operator, await self.pattern(part.word))
        return value or ""

    async def _default(self, part: Parameter) -> str:
        text = await self.text(part.word)
        if part.operator.endswith("="):
            self._scope.set(part.name, text)
        if part.operator.endswith("?"):
            await self._complain(f"sh: {part.name}: {text or 'parameter not set'}\n")
            raise ShellExit(2)
        return text

    def _sum(self, text: str) -> int:
        named = _NAMED.sub(lambda match: self._scope.get(match[0].lstrip("$")) or "0", text)
        return arithmetic(named)

    def _globbed(self, field: Field) -> list[str]:
        if not GLOB.search(re.sub(r"\[[*?\[]\]", "", field.glob)):
            return [field.text]
        return glob(self._scope.files, self._scope.cwd, field.glob) or [field.text]


def arithmetic(text: str) -> int:
    """Work out an integer expression without names; what is none is 0."""
    try:
        return _value(ast.parse(text.strip().replace("/", "//"), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, KeyError):
        return 0


def _value(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.BinOp(left=left, op=sign, right=right):
            return _SUMS[type(sign)](_value(left), _value(right))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return int(_SUMS[type(sign)](_value(left), _value(right)))
    raise ValueError("not an expression")


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _trimmed(value: str, operator: str, pattern: str) -> str:
    """Take the shortest (`#`, `%`) or longest (`##`, `%%`) match away from the front or the back."""
    matches = re.compile(translate(pattern), re.DOTALL).fullmatch
    front = operator[0] == "#"
    cuts = range(len(value) + 1)
    ends = [at for at in cuts if matches(value[:at] if front else value[at:])]
    if not ends:
        return value
    nearest = min if (len(operator) == 1) == front else max
    at = nearest(ends)
    return value[at:] if front else value[:at]


def translate(pattern: str) -> str:
    """Turn a shell pattern into a regular expression."""
    return fnmatch.translate(pattern.replace("[^", "[!"))


def glob(files: Files, cwd: str, pattern: str) -> list[str]:
    """Give the paths in a host's tree that match a pattern, sorted; none when nothing does."""
    base = "/" if pattern.startswith("/") else ""
    found = [base]
    for part in pattern.strip("/").split("/"):
        found = [path for above in found for path in _step(files, cwd, above, part)]
    return found


def _step(files: Files, cwd: str, above: str, part: str) -> list[str]:
    folder = above if above.startswith("/") else f"{cwd}/{above}"
    if not files.is_dir(folder):
        return []
    matches = re.compile(translate(part)).match
    names = [name for name in files.names(folder) if matches(name) and (name[0] != "." or part[0] == ".")]
    return [f"{above.rstrip('/')}/{name}" if above else name for name in names]
