"""What a packet must be for a rule: protocol, from, to and the options.

Source: reference ipfw §2, §4; captures ipfw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall import operands
from apps.freebsd.firewall.actions import state_name
from apps.freebsd.firewall.hoisting import hoisted
from apps.freebsd.firewall.model import Clause, Rule, Term
from apps.freebsd.firewall.operands import NotUnderstood
from apps.freebsd.firewall.option_terms import option_term
from apps.freebsd.firewall.words import LIMIT_MASKS, OPTION_ALIASES, PROTOCOL_ALIASES, PROTOCOLS, STATES

if TYPE_CHECKING:
    from apps.freebsd.firewall.word_stream import Words

_LIMITS = ("limit", "set-limit")


def read_body(words: Words, rule: Rule) -> Rule:
    """Take all that stands behind the action.

    Args:
        words: Where it is taken from.
        rule: The front of the rule, with its comment: a comment may be all that stands there.

    Raises:
        InvalidInput: ipfw refuses it.
        NotUnderstood: Something in it is not known here.
    """
    if not _begins_with_protocol(words):
        return hoisted(_with_options(words, rule))
    proto = words.clause(lambda _: _protocol_term(words))
    _expect(words, "from")
    source, source_ports = _address(words, "src")
    _expect(words, "to")
    destination, destination_ports = _destination(words)
    rule = replace(
        rule,
        proto=proto,
        source=source,
        source_ports=source_ports,
        destination=destination,
        destination_ports=destination_ports,
    )
    return _checked_version(hoisted(_with_options(words, rule)))


def _checked_version(rule: Rule) -> Rule:
    """Refuse IPv4 addresses in a rule of IPv6, which ipfw takes for names of hosts."""
    is_ipv6 = rule.proto[-1] in (Term("proto", "ip6"), Term("proto", "ip6", is_not=True))
    for term in (*rule.source, *rule.destination) if is_ipv6 else ():
        if term.value[:1].isdigit() and "." in term.value and term.value.count(":") < 2:
            raise InvalidInput(f"{term.value} is of IPv4, and the rule is for IPv6.")
    return rule


def protocol(word: str) -> str | None:
    """Return a protocol's name as ipfw prints it, or None for what is none."""
    if word.isdigit():
        return PROTOCOLS.get(int(word), str(int(word))) if 0 < int(word) < 256 else None
    return PROTOCOL_ALIASES.get(word, PROTOCOL_ALIASES.get(word.lower()))


def _begins_with_protocol(words: Words) -> bool:
    first = words.next()
    at = 0
    if first in ("{", "("):
        at = 1
    elif first.startswith(("{", "(")):
        return protocol(first[1:]) is not None
    if words.next(at) == "not":
        at += 1
    word = words.next(at)
    return protocol(word) is not None


def _protocol_term(words: Words) -> Term:
    is_not = words.take_if("not")
    word = words.take("a protocol")
    name = protocol(word)
    if name is None:
        raise InvalidInput(f"{word} is no protocol that the panel knows.")
    if name == "ip" and is_not:
        raise InvalidInput("`not ip` never matches.")
    return Term("proto", name, is_not)


def _expect(words: Words, word: str) -> None:
    if not words.take_if(word):
        raise InvalidInput(f"`{word}` is missing: ACTION PROTOCOL from SOURCE to DESTINATION.")


def _destination(words: Words) -> tuple[Clause, Clause]:
    """Take the destination; ipfw prints a lookup there, where it does not read it."""
    if words.next() == "lookup":
        return (Term("dst", "any"),), ()
    return _address(words, "dst")


def _address(words: Words, name: str) -> tuple[Clause, Clause]:
    clause = words.clause(lambda is_open: _address_term(words, name, is_open))
    if words.next() == "any":
        words.take("any")
        return clause, ()
    if operands.looks_like_ports(words.next(1) if words.next() == "not" else words.next()):
        is_not = words.take_if("not")
        return clause, (Term(f"{name}-port", operands.ports(words.take("ports")), is_not),)
    return clause, ()


def _address_term(words: Words, name: str, is_open: bool) -> Term:
    is_not = words.take_if("not", "!")
    value = operands.address(words.take("an address"))
    if value == "any" and is_not:
        raise InvalidInput("`not any` never matches.")
    if value == "any" and is_open and words.next() == "or":
        raise NotUnderstood("any in an or-block")
    return Term(name, value, is_not)


def _with_options(words: Words, rule: Rule) -> Rule:
    clauses: list[Clause] = []
    while not words.is_done:
        word = OPTION_ALIASES.get(words.next(), words.next())
        if word in STATES:
            rule = _with_state(words, rule)
        elif word == "defer-immediate-action":
            words.take(word)
            rule = replace(rule, is_deferred=True)
        else:
            clauses.append(words.clause(lambda is_open: option_term(words, is_open)))
    kept = tuple(clause for clause in clauses if not _says_nothing(clause))
    if not kept and not rule.proto and rule.state is None and not rule.comment:
        raise InvalidInput("Behind the action stands a protocol, such as ip, or an option.")
    return replace(rule, options=kept)


def _says_nothing(clause: Clause) -> bool:
    return len(clause) == 1 and clause[0].name in ("via", "recv", "xmit") and clause[0].value == "any"


def _with_state(words: Words, rule: Rule) -> Rule:
    name = words.take("a state")
    if rule.state is not None:
        raise InvalidInput("Only one of keep-state, record-state, limit and set-limit may stand in a rule.")
    value = _limit(words) if name in _LIMITS else state_name(words)
    return replace(rule, state=Term(name, value))


def _limit(words: Words) -> str:
    masks: list[str] = []
    while words.next().split(",")[0] in LIMIT_MASKS:
        masks += words.take("a mask").split(",")
    if any(mask not in LIMIT_MASKS for mask in masks):
        raise InvalidInput(f"limit counts by {', '.join(LIMIT_MASKS)}.")
    joined = operands.limit_masks(masks)
    word = words.take("how many")
    most = word if word == "tablearg" else operands.number(word, 1, 65534, "A limit")
    return f"{joined} {most} {state_name(words)}"
