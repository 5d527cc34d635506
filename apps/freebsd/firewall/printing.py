"""Writes a rule as ipfw prints it; the text reads back as the same rule.

Source: reference ipfw §4; captures ipfw.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import Clause, Rule, Term


def rule_text(rule: Rule, with_set: bool = False) -> str:
    """Return a rule as `ipfw list` prints it, or `ipfw -S list` with its set.

    Args:
        rule: What is written.
        with_set: Whether `set N` is said.
    """
    pieces = [f"{rule.number:05d}" if rule.number else ""]
    if with_set or _needs_set(rule):
        pieces.append(f"set {rule.set_number}")
    pieces.append(rule.unread or _known(rule))
    if rule.comment:
        pieces.append(f"// {rule.comment}")
    return " ".join(piece for piece in pieces if piece)


def body_text(rule: Rule) -> str:
    """Return a rule without its number, set and comment."""
    return rule.unread or _known(rule)


def _needs_set(rule: Rule) -> bool:
    """Tell whether words that are kept as they stand would be read as a number or a set."""
    return bool(re.match(r"set(?: |$)|[0-9]", rule.unread))


def _known(rule: Rule) -> str:
    pieces = [f"prob {rule.prob}" if rule.prob else "", rule.action, rule.argument, *_parameters(rule)]
    if rule.proto:
        pieces += [
            _clause_text(rule.proto),
            "from",
            _clause_text(rule.source),
            _clause_text(rule.source_ports),
        ]
        pieces += ["to", _clause_text(rule.destination), _clause_text(rule.destination_ports)]
    pieces += _options(rule)
    if rule.state is not None:
        pieces += [rule.state.name, rule.state.value]
    if rule.is_deferred:
        pieces.append("defer-immediate-action")
    return " ".join(piece for piece in pieces if piece)


def _options(rule: Rule) -> list[str]:
    """Write the options; ip4 and ip6 in front of all would be read as the protocol before `from`."""
    texts = [_clause_text(clause, is_option=True) for clause in rule.options]
    if texts and not rule.proto:
        texts[0] = re.sub(r"^((?:\{ )?(?:not )?)(ip[46])\b", r"\1proto \2", texts[0])
    return texts


def _parameters(rule: Rule) -> list[str]:
    log = "log" if rule.is_logged else ""
    amount = f"logamount {rule.log_amount}" if rule.log_amount else ""
    return [log, amount, rule.tag]


def _clause_text(clause: Clause, is_option: bool = False) -> str:
    texts = [term_text(term, is_option) for term in clause]
    return f"{{ {' or '.join(texts)} }}" if len(texts) > 1 else "".join(texts)


def term_text(term: Term, is_option: bool = True) -> str:
    """Return one test as ipfw prints it: with its own word as an option, and without it at its place."""
    is_bare = not is_option or (term.name == "proto" and term.value in ("ip4", "ip6"))
    words = ["not" if term.is_not else "", "" if is_bare else term.name, term.value]
    return " ".join(word for word in words if word)
