"""What the lint finds in the order of rules: hidden ones, ones that nothing reaches, and jumps.

Source: reference ipfw §0 (1, 4), §3, §6.5.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from apps.freebsd.firewall.coverage import covers, networks, one_network, telling_clauses
from apps.freebsd.firewall.findings import Finding, Fix, Severity, Subject
from apps.freebsd.firewall.flow import Flow, ends_walk, target_of
from apps.freebsd.firewall.model import HIGHEST_NUMBER, Term
from apps.freebsd.firewall.parse import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.freebsd.firewall.coverage import Networks
    from apps.freebsd.firewall.model import Clause, Rule

Telling = tuple["Clause", ...]
# What the panel puts last where the host's own default rule allows.
CLOSING = parse_rule(f"{HIGHEST_NUMBER} deny ip from any to any")


def unreached_rules(subject: Subject) -> Iterator[Finding]:
    """Find rules to which no packet can come; one that stands in for the default rule need not be met."""
    reached = Flow(subject).reached
    for place in subject.live:
        if place not in reached and replace(subject.rules[place], set_number=0) != CLOSING:
            yield Finding(
                "unreachable",
                Severity.WARNING,
                f"No packet comes to {subject.said(place)}.",
                "Before it stands a rule that ends the way of every packet, or jumps over it with every "
                "packet, and "
                "no skipto or call leads to it.",
                rule=place,
                fix=Fix("Take it out.", removed=(place,)),
            )


def hidden_rules(subject: Subject) -> Iterator[Finding]:
    """Find rules all of whose packets an earlier rule takes for good."""
    hidden = Hidden(subject)
    reached = hidden.flow.reached
    for place, rule in subject.read():
        if place not in reached or rule.action in ("check-state", "count") or not rule.action:
            continue
        by = hidden.by(place)
        if by is not None:
            yield _hidden(subject, place, by)


def _hidden(subject: Subject, place: int, by: int) -> Finding:
    rule, earlier = subject.rules[place], subject.rules[by]
    is_same = (rule.action, rule.argument) == (earlier.action, earlier.argument)
    fix = None if rule.has_state else Fix("Take it out.", removed=(place,))
    return Finding(
        "hidden",
        Severity.HINT if is_same else Severity.WARNING,
        f"{subject.titled(place)} never matches: {subject.said(by)} takes all of its packets first.",
        "The first rule that matches decides; what stands here is said already."
        if is_same
        else f"The first rule that matches decides, and that one says {earlier.action}.",
        rule=place,
        fix=fix,
    )


class Hidden:
    """Finds, for a rule, an earlier one that takes all of its packets for good.

    Most rules name a network or a port, so that the earlier ones are looked up by what they name.

    Args:
        subject: The firewall.
    """

    def __init__(self, subject: Subject) -> None:
        self.flow = Flow(subject)
        self._subject = subject
        self._mine: Networks = networks(subject.context.jail_networks)
        self._telling = {place: telling_clauses(rule) for place, rule in subject.read()}
        self._rewriting = [place for place, rule in subject.read() if rule.action == "nat"]
        self._by_key: dict[Term | None, list[int]] = defaultdict(list)
        self._widths: set[int] = set()
        one_pass = subject.firewall.one_pass
        for place, rule in subject.read():
            if ends_walk(rule, one_pass) and not rule.has_state and place in self.flow.reached:
                self._remember(place)

    def _remember(self, place: int) -> None:
        key = _key(self._telling[place])
        self._by_key[key].append(place)
        network = one_network(key.value) if key is not None and key.name in ("src", "dst") else None
        if network is not None:
            self._widths.add(network.prefixlen)

    def by(self, place: int) -> int | None:
        """Return the place of the rule that hides the one at this place, or None."""
        later = self._telling[place]
        found = (
            at for key in set(_keys(later, self._widths)) for at in self._by_key.get(key, ()) if at < place
        )
        return min((at for at in found if self._is_hidden_by(place, at)), default=None)

    def _is_hidden_by(self, place: int, earlier: int) -> bool:
        if self.flow.next_landing[earlier] <= place:
            return False
        if any(earlier < at < place and self._meet(at, place) for at in self._rewriting):
            return False  # what comes to the later rule had another address at the earlier one
        return covers(self._telling[earlier], self._telling[place], self._mine)

    def _meet(self, one: int, other: int) -> bool:
        """Tell whether two rules are not for different directions."""
        first, second = _directions(self._telling[one]), _directions(self._telling[other])
        return not (first and second) or bool(first & second)


def _directions(telling: Telling) -> set[str]:
    """Return the direction that a rule is for alone; nothing when it is for both."""
    words = {"in": "in", "out": "out", "xmit": "out"}  # recv is asked in both
    terms = (clause[0] for clause in telling if len(clause) == 1 and not clause[0].is_not)
    return {words[term.name] for term in terms if term.name in words}


def _key(telling: Telling) -> Term | None:
    """Return a test of a rule by which it is found: of one network or one port; None when it has none."""
    for term in (clause[0] for clause in telling if len(clause) == 1 and not clause[0].is_not):
        if term.name in ("src", "dst") and one_network(term.value) is not None:
            return term
        if term.name in ("src-port", "dst-port") and term.value.isdigit():
            return term
    return None


def _keys(telling: Telling, widths: set[int]) -> Iterator[Term | None]:
    """Return the keys of all rules that may cover this one."""
    yield None
    for term in (clause[0] for clause in telling if not clause[0].is_not):
        yield term
        network = one_network(term.value.partition(",")[0]) if term.name in ("src", "dst") else None
        if network is not None:
            for width in widths:
                if width < network.prefixlen:
                    yield Term(term.name, str(network.supernet(new_prefix=width)))


def jumps_to_nowhere(subject: Subject) -> Iterator[Finding]:
    """Find skiptos behind whose target there is no rule."""
    end = len(subject.rules)
    for place, rule in subject.read():
        if rule.action != "skipto" or not rule.argument.isdigit() or target_of(subject, place) != end:
            continue
        if subject.numbers[place] >= int(rule.argument):
            continue
        verb = "allow" if subject.firewall.default_allows else "deny"
        taken = replace(rule, action=verb, argument="", state=None, is_deferred=False)
        yield Finding(
            "skipto-nowhere",
            Severity.ERROR,
            f"{subject.titled(place)} skips to {rule.argument}, and there is no rule at or behind it.",
            f"The packet falls to the default rule, which says {verb}.",
            rule=place,
            fix=Fix(f"Say {verb} here, which is what happens.", replaced=((place, taken),)),
        )


def jumps_back(subject: Subject) -> Iterator[Finding]:
    """Find skiptos to their own number or a lower one."""
    for place, rule in subject.read():
        number = subject.numbers[place]
        if rule.action != "skipto" or not rule.argument.isdigit() or int(rule.argument) > number:
            continue
        taken = replace(rule, argument=str(number + 1))
        yield Finding(
            "skipto-backwards",
            Severity.ERROR,
            f"{subject.titled(place)} skips to {rule.argument}, which is not behind it.",
            f"skipto never goes back: the packet goes on at {number + 1}. (call may go back.)",
            rule=place,
            fix=Fix(f"Skip to {number + 1}, which is what happens.", replaced=((place, taken),)),
        )


def calls_without_partner(subject: Subject) -> Iterator[Finding]:
    """Find calls from which nothing returns, and returns to which nothing calls."""
    calls = [place for place, rule in subject.read() if rule.action == "call"]
    returns = [place for place, rule in subject.read() if rule.action == "return"]
    for place in calls:
        target = target_of(subject, place)
        if not any(target is None or at >= target for at in returns):
            yield Finding(
                "call-without-return",
                Severity.WARNING,
                f"{subject.titled(place)} calls rules from which nothing returns.",
                "The packet goes on to the end of the list, as after a skipto.",
                rule=place,
            )
    for place in () if calls else returns:
        yield Finding(
            "return-without-call",
            Severity.WARNING,
            f"{subject.titled(place)} returns, and no rule calls.",
            "Without a call the packet just goes on with the next rule.",
            rule=place,
            fix=Fix("Take it out.", removed=(place,)),
        )


def states_without_check(subject: Subject) -> Iterator[Finding]:
    """Find a set that makes states and has no check-state."""
    stateful = [(place, rule) for place, rule in subject.read() if rule.has_state]
    checks = {rule.argument for _, rule in subject.read() if rule.action == "check-state"}
    for name in dict.fromkeys(_state_name(rule) for _, rule in stateful):
        if name in checks or ":any" in checks:
            continue
        place = next(at for at, rule in stateful if _state_name(rule) == name)
        check = parse_rule(f"{subject.numbers[place]} check-state {name}")
        check = replace(check, set_number=subject.rules[place].set_number)
        yield Finding(
            "state-without-check",
            Severity.HINT,
            f"States named {name[1:]} are made, first by {subject.said(place)}, and no check-state asks "
            "for them.",
            "They are found only at the first rule that makes such states: what stands before it decides "
            "about the "
            "packets of known conversations too.",
            rule=place,
            fix=Fix("Put a check-state before the first of them.", inserted=((place, check),)),
        )


def _state_name(rule: Rule) -> str:
    return rule.state.value.split(" ")[-1] if rule.state else ""
