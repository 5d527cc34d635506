"""Puts what stands among the options to the place at which ipfw prints it.

ipfw keeps no word of where a test was written: it prints the first one of an address at `from` or `to`, and
a port behind the address when there is only one.

Source: reference ipfw §4; captures ipfw/add-or-block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.freebsd.firewall.model import Term

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import Clause, Rule

_ANY = "any"
_ANY_PROTOCOL = (Term("proto", "ip"),)
_VERSIONS = ("ip4", "ip6")


def hoisted(rule: Rule) -> Rule:
    """Return the rule with its lone ports, addresses and protocol where ipfw prints them."""
    if not rule.proto:
        return rule
    rule = _with_source(_with_destination(rule))
    return _with_protocol(_with_source_ports(_with_destination_ports(rule)))


def _with_protocol(rule: Rule) -> Rule:
    """Put the protocol first that ipfw prints first: a version of IP, or else the first one that is said."""
    said = [clause for clause in rule.options if any(term.name == "proto" for term in clause)]
    clauses = [clause for clause in (rule.proto, *said) if clause != _ANY_PROTOCOL]
    if not said or not clauses or not all(_is_whole(clause) for clause in clauses):
        return rule
    first = next((clause for clause in clauses if _is_version(clause)), clauses[0])
    if first is rule.proto:
        return rule
    moved = () if rule.proto == _ANY_PROTOCOL else (rule.proto,)
    return replace(rule, proto=first, options=(*moved, *_without(rule.options, rule.options.index(first))))


def _is_version(clause: Clause) -> bool:
    return all(term.value in _VERSIONS for term in clause)


def _is_whole(clause: Clause) -> bool:
    """Tell whether a clause tests protocols alone, and not a version of IP beside another one."""
    versions = {term.value in _VERSIONS for term in clause}
    return all(term.name == "proto" for term in clause) and len(versions) == 1


def _with_source_ports(rule: Rule) -> Rule:
    ports, options = _ports(rule.source_ports, rule.options, "src-port")
    return replace(rule, source_ports=ports, options=options)


def _with_destination_ports(rule: Rule) -> Rule:
    ports, options = _ports(rule.destination_ports, rule.options, "dst-port")
    return replace(rule, destination_ports=ports, options=options)


def _ports(ports: Clause, options: tuple[Clause, ...], name: str) -> tuple[Clause, tuple[Clause, ...]]:
    """Keep a lone port at its address; when there are several, all of them are options."""
    count = len(ports) + sum(term.name == name for clause in options for term in clause)
    at = _only(options, name)
    if count == 1 and at is not None and len(options[at]) == 1:
        return options[at], _without(options, at)
    if count > 1 and ports:
        return (), (ports, *options)
    return ports, options


def _with_source(rule: Rule) -> Rule:
    clause, options = _address(rule.source, rule.options, "src")
    return replace(rule, source=clause, options=options)


def _with_destination(rule: Rule) -> Rule:
    clause, options = _address(rule.destination, rule.options, "dst")
    return replace(rule, destination=clause, options=options)


def _address(clause: Clause, options: tuple[Clause, ...], name: str) -> tuple[Clause, tuple[Clause, ...]]:
    if clause != (Term(name, _ANY),):
        return clause, options
    at = _first(options, f"{name}-ip", f"{name}-ip6")
    if at is None or any(term.value == _ANY for term in options[at]):
        return clause, options
    moved = tuple(Term(name, term.value, term.is_not) for term in options[at])
    return moved, _without(options, at)


def _first(options: tuple[Clause, ...], *names: str) -> int | None:
    """Return where the first clause stands that tests this and nothing else."""
    return next((at for at, clause in enumerate(options) if all(t.name in names for t in clause)), None)


def _only(options: tuple[Clause, ...], name: str) -> int | None:
    found = [at for at, clause in enumerate(options) if any(term.name == name for term in clause)]
    return found[0] if len(found) == 1 and _first(options, name) == found[0] else None


def _without(options: tuple[Clause, ...], at: int) -> tuple[Clause, ...]:
    return options[:at] + options[at + 1 :]
