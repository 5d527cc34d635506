"""Reads tables: `ipfw table all list`, and entries as people write them.

Source: reference ipfw §9; captures ipfw (table-…).
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall.model import Table
from apps.freebsd.firewall.operands import NAME
from apps.freebsd.firewall.parse import Problem

_HEADER = re.compile(rf"--- table\(({NAME})\), set\(\d+\) ---")
_PLAIN = re.compile(r"[A-Za-z0-9_.:,/*-]{1,128}")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,14}")
NO_VALUE = "0"
HIGHEST_VALUE = 4294967295


def parse_tables(text: str) -> tuple[Table, ...]:
    """Read what `ipfw table all list` prints, by name.

    The kind is not said there; it is told by the keys.

    Raises:
        ParseError: A line is neither a head nor a key with its value.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    entries: list[tuple[str, str]] | None = None
    for line in filter(str.strip, text.split("\n")):
        head = _HEADER.fullmatch(line.strip())
        if head is not None:
            entries = found.setdefault(head[1], [])
        elif entries is None:
            raise ParseError(f"ipfw table all list: {line[:80]!r} stands before any table.")
        else:
            entries.append(_seen(line))
    return tuple(Table(name, tuple(found[name]), _kind(found[name])) for name in sorted(found))


def parse_entry(line: str) -> tuple[str, str]:
    """Read an entry of a table of addresses: a network, and a number where it has one.

    Args:
        line: `10.0.0.0/24` or `10.0.0.2 700`.

    Returns:
        Key and value as ipfw prints them: `10.0.0.2/32` and `0`.

    Raises:
        InvalidInput: It is none.
    """
    words = line.split()
    if not 1 <= len(words) <= 2:
        raise InvalidInput("An entry is an address or a network, and a number behind it where it has one.")
    value = words[1] if len(words) == 2 else NO_VALUE
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", value) or int(value) > HIGHEST_VALUE:
        raise InvalidInput(f"An entry's value is a number from 0 to {HIGHEST_VALUE}, and {value!r} is none.")
    try:
        return str(ip_network(words[0], strict=False)), value
    except ValueError:
        raise InvalidInput(f"{words[0]!r} is no address and no network.") from None


def parse_entries(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
    """Read entries, one a line; empty lines and lines that begin with `#` are passed over."""
    entries: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key, value = parse_entry(line)
        except InvalidInput as error:
            problems.append(Problem(number, error.message))
            continue
        if key in entries:
            problems.append(Problem(number, f"{key} is in the table already."))
        entries.setdefault(key, value)
    return tuple(entries.items()), tuple(problems)


def checked_entry(kind: str, key: str, value: str) -> tuple[str, str]:
    """Return an entry that may be put in ipfw's file.

    Raises:
        InvalidInput: It is no entry of such a table.
    """
    if kind == "addr":
        return parse_entry(f"{key} {value}")
    is_key = {"iface": bool(_INTERFACE.fullmatch(key)), "number": key.isascii() and key.isdigit()}.get(kind)
    if not is_key or not re.fullmatch(r"[0-9A-Za-z.:]{1,45}", value):
        raise InvalidInput(f"{key!r} is no entry that the panel would put in a table of kind {kind}.")
    return key, value


def _seen(line: str) -> tuple[str, str]:
    words = line.split()
    if len(words) != 2 or not all(_PLAIN.fullmatch(word) for word in words):
        raise ParseError(f"ipfw table all list: {line[:80]!r} is no key with its value.")
    return words[0], words[1]


def _kind(entries: list[tuple[str, str]]) -> str:
    if not entries:
        return "addr"
    key = entries[0][0]
    if key.isdigit():
        return "number"
    return "addr" if re.fullmatch(r"[0-9a-fA-F.:]+/\d+", key) else "iface"
