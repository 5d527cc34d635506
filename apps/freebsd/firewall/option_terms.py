"""One option of a rule, with what it is given, in the form in which ipfw prints it.

Source: reference ipfw §2, §4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall import operands
from apps.freebsd.firewall.model import Term
from apps.freebsd.firewall.operands import NotUnderstood
from apps.freebsd.firewall.words import OPTION_ALIASES, OPTIONS, PROTOCOL_ALIASES, PROTOCOLS, STATES, Takes

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.freebsd.firewall.word_stream import Words

_TURNED = {"in": "out", "out": "in"}
_LOOKUP_KEY = re.compile(
    r"(?:dst-ip|src-ip|dst-port|src-port|dst-mac|src-mac|uid|jail|dscp|mark)(?::[x0-9a-f./]+)?"
)


def option_term(words: Words, is_open: bool) -> Term:
    """Take one option.

    Args:
        words: Where it is taken from.
        is_open: Whether it stands in an or-block.

    Raises:
        InvalidInput: ipfw refuses it.
        NotUnderstood: It is no option that is known here.
    """
    is_not = words.take_if("not", "!")
    typed = words.take("an option")
    name = OPTION_ALIASES.get(typed, typed)
    if is_open and name in STATES:
        raise InvalidInput(f"{name} cannot stand in an or-block.")
    takes = OPTIONS.get(name)
    if takes is None:
        raise NotUnderstood(name)
    term = _turned(_term(name, takes, words), is_not)
    if term.value == "any" and (is_not or is_open):
        raise NotUnderstood(f"{name} any")
    return term


def _turned(term: Term, is_not: bool) -> Term:
    if is_not and term.name in _TURNED:
        return Term(_TURNED[term.name])
    return Term(term.name, term.value, is_not)


def _term(name: str, takes: Takes, words: Words) -> Term:
    if name in ("ip4", "ip6"):
        return Term("proto", name)
    if takes is Takes.NOTHING:
        return Term(name)
    if takes is Takes.MAY_BE_FLAGS:
        return Term(name, _frag(words))
    if takes is Takes.TABLE_LOOKUP:
        return Term(name, _lookup(words))
    value = _value(name, takes, words.take(f"what {name} is given"))
    if name == "tcpflags" and value == "syn,!ack":
        return Term("setup")
    if name == "uid" and value == "0":
        value = "root"
    return Term(_family(name, value), value)


def _family(name: str, value: str) -> str:
    """Return src-ip6 for src-ip, and the other way round, where the address says what it is."""
    if name.removesuffix("6") not in ("src-ip", "dst-ip") or value == "any":
        return name
    return name.removesuffix("6") + ("6" if value.count(":") > 1 or value == "me6" else "")


def _value(name: str, takes: Takes, word: str) -> str:
    if takes is Takes.FLAGS:
        return operands.flags(name, word)
    if word == "tablearg" and takes in (Takes.NUMBER, Takes.NUMBERS):
        return word
    if takes is Takes.NUMBER:
        return operands.number(word, 0, 2**32 - 1, f"What {name} is given")
    return _VALUES[takes](word)


def _interface(word: str) -> str:
    return word if word == "any" else operands.interface(word)


def _dscp(word: str) -> str:
    return operands.table(word) if word.startswith("table(") else operands.dscp(word)


def _protocol(word: str) -> str:
    if word.isdigit():
        return PROTOCOLS.get(int(word)) or operands.number(word, 1, 255, "A protocol")
    if word in ("ip", "all"):
        raise NotUnderstood("proto ip")
    if word not in PROTOCOL_ALIASES:
        raise InvalidInput(f"{word} is no protocol that the panel knows.")
    return PROTOCOL_ALIASES[word]


_VALUES: dict[Takes, Callable[[str], str]] = {
    Takes.INTERFACE: _interface,
    Takes.ADDRESS: operands.address,
    Takes.PORTS: operands.ports,
    Takes.NUMBERS: operands.numbers,
    Takes.ICMP_TYPES: lambda word: operands.icmp_types(word, 31),
    Takes.ICMP6_TYPES: lambda word: operands.icmp_types(word, 255),
    Takes.DSCP: _dscp,
    Takes.PROTOCOL: _protocol,
    Takes.TABLE: operands.table,
    Takes.WORD: operands.word,
}


def _frag(words: Words) -> str:
    if words.next() and operands.is_flags("frag", words.next()):
        return operands.flags("frag", words.take("flags"))
    return "offset"


def _lookup(words: Words) -> str:
    key = words.take("what is looked up")
    if not _LOOKUP_KEY.fullmatch(key):
        raise NotUnderstood(f"lookup {key}")
    return f"{key} {operands.table_name(words.take('a table'))}"
