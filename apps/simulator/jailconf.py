"""Read jail.conf(5), the generated files of rc.d/jail among it.

Source: reference jail-tools.md §2.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.jailparams import BOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
    |(?P<mark>\+=|[=,;{}])
    |(?P<word>(?!/[/*])(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\$\{[^}]*\}|\\.|[^\s,;={}'"#+\\]|\+(?!=))+)""",
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(
    r"""'(?P<single>(?:\\.|[^'\\])*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^'"]+)""", re.DOTALL
)
_REFERENCE = re.compile(r"\\(.)|\$\{([^}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)
SWITCHES = {*BOOLS, "exec.clean", "mount.devfs", "mount.fdescfs", "mount.procfs", "allow.dying"}
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}


class ConfError(Exception):
    """A file that jail(8) refuses; the text is its complaint without "jail: "."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`name = values;`, `name += values;` or `name;` inside of a block; "*" is every jail."""

    block: str
    name: str
    add: bool
    values: tuple[str, ...]


@dataclass(slots=True)
class Config:
    """All statements of a file, in its order."""

    statements: list[Statement] = field(default_factory=list)

    @property
    def jails(self) -> list[str]:
        """The blocks that name a jail."""
        return list(dict.fromkeys(item.block for item in self.statements if "*" not in item.block))

    def params(self, jail: str) -> dict[str, list[str]]:
        """Merge what applies to a jail, in the order of the file, with its variables filled in.

        A boolean is ["true"] or ["false"] under its plain name.
        """
        return merge([item for item in self.statements if item.block in {"*", jail}], {"name": [jail]})


def merge(statements: Sequence[Statement], known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Apply statements one after the other onto parameters that are known already."""
    found: dict[str, list[str]] = {key: list(values) for key, values in known.items()}
    for item in statements:
        name, values = item.name, [fill(value, found) for value in item.values]
        if not values:
            head, dot, last = name.rpartition(".")
            plain = f"{head}{dot}{last.removeprefix('no')}"
            negative = last.startswith("no") and plain in SWITCHES
            name = plain if negative else name
            values = ["false" if negative else "true"]
        found[name] = [*found.get(name, []), *values] if item.add else values
    return found


def fill(value: str, known: Mapping[str, list[str]]) -> str:
    """Turn a word as written, its quotes still on, into its text."""

    def reference(match: re.Match[str]) -> str:
        escaped, braced, plain = match.groups()
        if escaped is not None:
            return _ESCAPES.get(escaped, escaped)
        name = braced or plain
        found = known.get(name) or known.get(f"${name}")
        if found is None:
            raise ConfError(f'variable "{name}" not found')
        return found[-1]

    pieces = []
    for match in _PIECE.finditer(value):
        if match["single"] is not None:
            pieces.append(re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), match["single"]))
        else:
            pieces.append(
                _REFERENCE.sub(reference, match["double"] if match["double"] is not None else match["bare"])
            )
    return "".join(pieces)


def parse(text: str, path: str) -> Config:
    """Read a whole file.

    Args:
        text: of the file.
        path: for complaints.

    Raises:
        ConfError: any syntax error makes the whole file useless.
    """
    config, block, inside = Config(), "*", False
    pending: list[str] = []
    for part, line in _tokens(text, path):
        if part == "{":
            block, inside = _plain(pending, path, line, part), True
            pending = []
        elif part == "}":
            if pending or not inside:
                raise ConfError(f"{path} line {line}: {part}: syntax error")
            block, inside = "*", False
        elif part == ";":
            if pending:
                config.statements.append(_statement(block, pending, path, line))
            pending = []
        else:
            pending.append(part)
    if pending or inside:
        raise ConfError(f"{path}: unexpected EOF")
    return config


def _plain(pending: list[str], path: str, line: int, part: str) -> str:
    if len(pending) != 1 or pending[0] in {"=", "+=", ","}:
        raise ConfError(f"{path} line {line}: {part}: syntax error")
    return fill(pending[0], {})


def _statement(block: str, words: list[str], path: str, line: int) -> Statement:
    """Make a statement of its words."""
    name, rest = words[0], words[1:]
    add = rest[:1] == ["+="]
    if rest[:1] in (["="], ["+="]):
        rest = rest[1:]
        if not rest:
            raise ConfError(f"{path} line {line}: ;: syntax error")
    values, commas = rest[0::2], rest[1::2]
    if name in {"=", "+=", ","} or any(mark != "," for mark in commas) or "," in values:
        raise ConfError(f"{path} line {line}: {words[-1]}: syntax error")
    return Statement(block, name, add, tuple(values))


def _tokens(text: str, path: str) -> Iterator[tuple[str, int]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        line = text.count("\n", 0, position) + 1
        if match is None:
            what = "comment" if text.startswith("/*", position) else "string"
            raise ConfError(f"{path} line {line}: unterminated {what}")
        position = match.end()
        if match["skip"] is None:
            yield match[0], line
