"""What the lint finds in how NAT and the other rules stand to each other.

Source: reference ipfw §0 (1, 2, 7), §5.3, §7.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING

from apps.freebsd.firewall.coverage import covers, is_apart, networks, telling_clauses
from apps.freebsd.firewall.findings import Finding, Fix, Severity, Subject
from apps.freebsd.firewall.flow import ENDING
from apps.freebsd.firewall.model import NatInstance, Rule, Term
from apps.freebsd.firewall.parse import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.freebsd.firewall.coverage import Networks

_IN, _OUT = Term("in"), Term("out")
LEADING = ENDING | {"skipto", "nat"}
_WAYS = ("via", "recv", "xmit")


def nat_behind_check_state(subject: Subject) -> Iterator[Finding]:
    """Find inbound nat rules behind a check-state."""
    check = next((place for place, rule in subject.read() if rule.action == "check-state"), None)
    for place in _inbound(subject):
        if check is None or place < check:
            continue
        rule = subject.rules[place]
        moved = replace(rule, number=subject.numbers[check])
        yield Finding(
            "nat-behind-check-state",
            Severity.WARNING,
            f"{subject.titled(place)} translates what comes in behind the check-state of "
            f"{subject.said(check)}.",
            "An answer to a jail still has the public address there, so that check-state does not know "
            "it; its "
            "state is of the jail's own address.",
            rule=place,
            fix=Fix("Put it right before that.", inserted=((check, moved),), removed=(place,)),
        )


def nat_without_reassembly(subject: Subject) -> Iterator[Finding]:
    """Find an inbound nat rule before which fragments are not put together."""
    places = _inbound(subject)
    is_there = any(rule.action == "reass" and place < min(places) for place, rule in subject.read() if places)
    if not places or is_there:
        return
    place = min(places)
    rule = replace(
        parse_rule(f"{subject.numbers[place]} reass ip from any to any in"),
        set_number=subject.rules[place].set_number,
    )
    yield Finding(
        "reass-missing",
        Severity.HINT,
        f"No reass stands before {subject.said(place)}, which translates what comes in.",
        "NAT finds a packet's conversation by its ports, and of a fragmented packet only the first piece has "
        "them: the others are dropped.",
        rule=place,
        fix=Fix("Put reass right before it.", inserted=((place, rule),)),
    )


def filters_never_asked(subject: Subject) -> Iterator[Finding]:
    """Find rules behind an inbound nat that one_pass makes void."""
    places = _inbound(subject)
    if not places or not subject.firewall.one_pass:
        return
    place = min(places)
    behind = [at for at, rule in subject.read() if at > place and _filters_in(rule)]
    if not behind and subject.firewall.default_allows:
        return
    said = f"such as {subject.said(behind[0])}" if behind else "the default rule's deny among them"
    yield Finding(
        "one-pass-accepts",
        Severity.WARNING,
        f"one_pass is 1: all that {subject.said(place)} matches is accepted there.",
        f"Rules behind it, {said}, are never asked about what comes in for the public address: whatever "
        "it is, it "
        "comes in.",
        rule=place,
        fix=Fix("Set one_pass to 0. What is translated then needs a rule that allows it.", one_pass=False),
    )


def _filters_in(rule: Rule) -> bool:
    terms = {term for clause in rule.options if len(clause) == 1 for term in clause}
    return rule.action in ENDING and _OUT not in terms and (_IN in terms or rule.action != "allow")


def denied_answers(subject: Subject) -> Iterator[Finding]:
    """Find instances with deny_in through which the host's own connections do not go out."""
    for nat in subject.firewall.nat:
        inbound = [place for place in _inbound(subject) if subject.rules[place].argument == str(nat.number)]
        if "deny_in" not in nat.options or not inbound or _translates_host(subject, nat):
            continue
        taken = replace(nat, options=nat.options - {"deny_in"})
        yield Finding(
            "deny-in-drops-answers",
            Severity.WARNING,
            f"NAT instance {nat.number} has deny_in, and the host's own connections do not go out through "
            "it.",
            f"At {subject.said(inbound[0])} it drops all that it does not know: the answers to the host's "
            "own "
            "connections too, since they went out by another rule.",
            rule=inbound[0],
            nat=nat.number,
            fix=Fix("Take deny_in out, and let rules decide what comes in.", nat=(taken,)),
        )


def _translates_host(subject: Subject, nat: NatInstance) -> bool:
    own = _own_addresses(subject, nat)
    return any(
        rule.action == "nat" and rule.argument == str(nat.number) and _IN not in _plain_terms(rule)
        and _may_be_from(rule, own)
        for _, rule in subject.read()
    )  # fmt: skip


def _own_addresses(subject: Subject, nat: NatInstance) -> tuple[str, ...]:
    """Return the host's own addresses as far as they are known, without its jails'."""
    jails = networks(subject.context.jail_networks)
    said = [text for interface in subject.context.world.interfaces for text in interface.addresses]
    found = [str(ip_interface(text).ip) for text in said]
    own = [text for text in found if not any(ip_address(text) in net for net in jails)]
    return (*own, *([nat.address] if nat.address else []))


def _may_be_from(rule: Rule, own: tuple[str, ...]) -> bool:
    """Tell whether a rule may match what one of these addresses sends."""
    telling = telling_clauses(rule)
    if any(term.name == "src" and term.value == "me" and not term.is_not for c in telling for term in c):
        return True
    return not own or any(not is_apart(telling, ((Term("src", address),),)) for address in own)


def jails_leave_untranslated(subject: Subject) -> Iterator[Finding]:
    """Find stateful allows that take a jail's packets before they come to NAT."""
    mine = networks(subject.context.jail_networks)
    takers: dict[str, list[int]] = defaultdict(list)
    told: set[int] = set()
    for place, rule in subject.read():
        if _takes_own(subject, rule):
            takers[_port_of(rule)].append(place)
    for place, rule in subject.read():
        if rule.action in ("skipto", "nat") and _is_of_jails(rule, mine):
            port = _port_of(rule)
            found = [at for key, places in takers.items() if not port or key in (port, "") for at in places]
            taker = next((at for at in sorted(found) if at < place and _takes(subject, at, rule, mine)), None)
            if taker is not None and taker not in told:
                told.add(taker)
                yield _untranslated(subject, place, taker)


def _port_of(rule: Rule) -> str:
    """Return the one port to which a rule is; empty when it is to several or to any."""
    term = rule.destination_ports[0] if rule.destination_ports else None
    return term.value if term is not None and not term.is_not and term.value.isdigit() else ""


def _takes(subject: Subject, taker: int, jails: Rule, mine: Networks) -> bool:
    """Tell whether a rule takes packets that the jails' rule is for."""
    taken = telling_clauses(subject.rules[taker])
    return not is_apart(taken, telling_clauses(jails), mine) and not _is_led_away(subject, taker, jails)


def _is_led_away(subject: Subject, taker: int, jails: Rule) -> bool:
    """Tell whether what both rules match goes another way before the first of them."""
    taken = tuple(clause for clause in telling_clauses(subject.rules[taker]) if clause[0].name != "src")
    both = (*taken, *telling_clauses(jails))
    return any(
        place < taker and not rule.prob and rule.action in LEADING and covers(telling_clauses(rule), both)
        for place, rule in reversed(subject.read())
    )


def _takes_own(subject: Subject, rule: Rule) -> bool:
    """Tell whether a rule lets out what the host and its jails send, and makes states of it."""
    sources = {term.value for term in rule.source if not term.is_not}
    loopback = subject.context.world.loopback
    on_loopback = any(
        term.name in _WAYS and not term.is_not and term.value == loopback for term in _plain_terms(rule)
    )
    is_wide = bool(sources & {"me", "any"}) and not rule.source_ports and not on_loopback
    return rule.action == "allow" and rule.has_state and is_wide and _IN not in _plain_terms(rule)


def _is_of_jails(rule: Rule, mine: Networks) -> bool:
    """Tell whether a rule is for what jails send out."""
    plain = rule.source[0] if len(rule.source) == 1 else None
    if plain is None or plain.is_not or _IN in _plain_terms(rule) or not mine:
        return False
    return (
        not is_apart((rule.source,), ((Term("src", "me"),),), mine)
        and plain.value[:1].isalnum()
        and (plain.value not in ("any", "me", "me6"))
    )


def _untranslated(subject: Subject, place: int, taker: int) -> Finding:
    moved = replace(subject.rules[place], number=subject.numbers[taker])
    return Finding(
        "jails-leave-untranslated",
        Severity.ERROR,
        f"{subject.titled(taker)} lets jails' packets out before they come to "
        f"{subject.said(place)}, a {subject.rules[place].action}.",
        "`me` and `any` are the addresses of the host's jails too. Such a packet leaves with its private "
        "address, "
        "and no answer to it comes back.",
        rule=taker,
        fix=Fix(
            f"Put the jails' rule before {subject.said(taker)}.", inserted=((taker, moved),), removed=(place,)
        ),
    )


def _inbound(subject: Subject) -> tuple[int, ...]:
    """Return the places of rules that translate what comes in."""
    mine = networks(subject.context.jail_networks)
    return tuple(
        place
        for place, rule in subject.read()
        if rule.action == "nat" and not _is_outward(rule) and not _is_of_jails(rule, mine)
    )


def _is_outward(rule: Rule) -> bool:
    return any(term == _OUT or (term.name == "xmit" and not term.is_not) for term in _plain_terms(rule))


def _plain_terms(rule: Rule) -> frozenset[Term]:
    """Return the tests of a rule that stand alone."""
    return frozenset(clause[0] for clause in rule.options if len(clause) == 1)
