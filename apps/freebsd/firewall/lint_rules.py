"""What the lint finds by looking at one rule alone.

Source: reference ipfw §0 (6), §2, §5.3, §9; captures/README.md.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from apps.freebsd.firewall.coverage import is_any, is_apart, telling_clauses
from apps.freebsd.firewall.findings import Finding, Fix, Severity, Subject
from apps.freebsd.firewall.hoisting import hoisted
from apps.freebsd.firewall.model import Clause, Rule, Table, Term
from apps.freebsd.firewall.printing import body_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_IP4 = (Term("proto", "ip4"),)
_TCP_OR_UDP = (Term("proto", "tcp"), Term("proto", "udp"))
_WITH_PORTS = frozenset(("tcp", "udp", "udplite", "sctp"))
_TABLES = re.compile(r"table\(([A-Za-z0-9_.-]+)")
_LITERAL_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_WAYS = ("via", "recv", "xmit")


def unread_rules(subject: Subject) -> Iterator[Finding]:
    """Find rules that are kept word for word."""
    for place in subject.live:
        rule = subject.rules[place]
        if rule.unread:
            yield Finding(
                "not-understood",
                Severity.WARNING,
                f"The panel does not understand {subject.said(place)}: {rule.unread[:60]}",
                "It is kept word for word, and nothing is concluded from it: neither here nor by the "
                "tracer. If "
                "ipfw does not know it either, it refuses the whole set when that is applied.",
                rule=place,
            )


def cut_off_comments(subject: Subject) -> Iterator[Finding]:
    """Find rules that ipfw would cut off in a file: a host can have them, and the panel cannot write them."""
    for place, rule in enumerate(subject.rules):
        if "#" not in rule.comment and "#" not in rule.unread:
            continue
        plain = " ".join(rule.comment.replace("#", " ").split())
        fix = Fix("Take the # out of the comment.", replaced=((place, replace(rule, comment=plain)),))
        yield Finding(
            "cut-off",
            Severity.ERROR,
            f"{subject.titled(place)} has a #.",
            "ipfw cuts a line of a file off there, so that the panel cannot put this rule in one.",
            rule=place,
            fix=None if "#" in rule.unread else fix,
        )


def nat_without_instance(subject: Subject) -> Iterator[Finding]:
    """Find rules that name a NAT instance which there is not."""
    known = [nat.number for nat in subject.firewall.nat]
    for place, rule in subject.read():
        if rule.action != "nat" or not rule.argument.isdigit() or int(rule.argument) in known:
            continue
        fix = None
        if known:
            taken = replace(rule, argument=str(known[0]))
            fix = Fix(f"Name instance {known[0]}, which there is.", replaced=((place, taken),))
        yield Finding(
            "nat-missing",
            Severity.ERROR,
            f"{subject.titled(place)} translates by instance {rule.argument}, and there is none.",
            "ipfw takes such a rule without a word, and denies every packet that comes to it.",
            rule=place,
            fix=fix,
        )


def nat_of_ipv6(subject: Subject) -> Iterator[Finding]:
    """Find nat rules that IPv6 packets meet: these are denied."""
    for place, rule in subject.read():
        clauses = telling_clauses(rule)
        if rule.action != "nat" or is_apart(clauses, ((Term("proto", "ip6"),),)) or _is_of_ipv4(rule):
            continue
        taken = _of_ipv4(rule)
        yield Finding(
            "nat-kills-ipv6",
            Severity.WARNING,
            f"{subject.titled(place)} translates IPv6 packets too.",
            "The kernel's NAT knows IPv4 alone and denies every other packet that comes to it.",
            rule=place,
            fix=Fix("Say ip4.", replaced=((place, taken),)),
        )


def _is_of_ipv4(rule: Rule) -> bool:
    return any(_is_ipv4(term) for clause in rule.clauses if len(clause) == 1 for term in clause)


def _is_ipv4(term: Term) -> bool:
    if term.is_not:
        return False
    if term.name == "proto":
        return term.value in ("ip4", "icmp", "igmp")
    is_address = term.name in ("src", "dst", "src-ip", "dst-ip")
    return is_address and term.value[:1].isdigit() and "." in term.value


def _of_ipv4(rule: Rule) -> Rule:
    if not rule.proto:
        anywhere = replace(rule, source=(Term("src", "any"),), destination=(Term("dst", "any"),))
        return hoisted(replace(anywhere, proto=_IP4))
    if rule.proto == (Term("proto", "ip"),):
        return replace(rule, proto=_IP4)
    return replace(rule, proto=_IP4, options=(rule.proto, *rule.options))


def ports_without_protocol(subject: Subject) -> Iterator[Finding]:
    """Find rules with ports whose protocol has none."""
    for place, rule in subject.read():
        if not any(term.name.endswith("-port") for clause in rule.clauses for term in clause):
            continue
        protocols = {term.value for clause in rule.clauses for term in clause if term.name == "proto"}
        if protocols & _WITH_PORTS or not rule.proto:
            continue
        if protocols <= {"ip", "ip4", "ip6"}:
            yield _ports_on_ip(subject, place, rule)
        else:
            yield Finding(
                "ports-never-match",
                Severity.WARNING,
                f"{subject.titled(place)} asks for ports of {', '.join(sorted(protocols))}.",
                "Only TCP, UDP, UDP-Lite and SCTP have ports, so that it matches no packet.",
                rule=place,
            )


def _ports_on_ip(subject: Subject, place: int, rule: Rule) -> Finding:
    if rule.proto == (Term("proto", "ip"),):
        taken = replace(rule, proto=_TCP_OR_UDP)
    else:
        taken = replace(rule, options=(_TCP_OR_UDP, *rule.options))
    return Finding(
        "ports-on-ip",
        Severity.HINT,
        f"{subject.titled(place)} has ports and is of every protocol.",
        "It matches packets of TCP, UDP, UDP-Lite and SCTP alone, since the others have no ports.",
        rule=place,
        fix=Fix("Say { tcp or udp }.", replaced=((place, taken),)),
    )


def rules_of_jail_numbers(subject: Subject) -> Iterator[Finding]:
    """Find rules that name a jail by its number."""
    for place, rule in subject.read():
        named = [term.value for clause in rule.options for term in clause if term.name == "jail"]
        if named:
            yield Finding(
                "jail-number",
                Severity.WARNING,
                f"{subject.titled(place)} is for the jail that has number {named[0]} now.",
                "ipfw keeps the number of the moment at which the rule is added; with the jail's next "
                "start it has "
                "another one, and the rule is for none, or for another jail. Name its addresses.",
                rule=place,
            )


def missing_tables(subject: Subject) -> Iterator[Finding]:
    """Find rules that name a table which there is not."""
    known = {table.name for table in subject.firewall.tables}
    for place, rule in subject.read():
        for name in sorted(_tables_of(rule) - known):
            known.add(name)
            yield Finding(
                "table-missing",
                Severity.WARNING,
                f"{subject.titled(place)} names table {name}, and there is none.",
                "ipfw makes an empty one by itself, and no packet matches an empty table.",
                rule=place,
                fix=Fix(f"Make table {name}, empty at first.", tables=(Table(name),)),
            )


def _tables_of(rule: Rule) -> set[str]:
    lookups = {term.value.split()[1] for clause in rule.options for term in clause if term.name == "lookup"}
    return set(_TABLES.findall(body_text(rule))) | lookups


def missing_interfaces(subject: Subject) -> Iterator[Finding]:
    """Find rules that name an interface which the host has not."""
    known = {interface.name for interface in subject.context.world.interfaces}
    if not known:
        return
    for place, rule in subject.read():
        named = [term.value for clause in rule.options for term in clause if term.name in _WAYS]
        absent = [name for name in named if _LITERAL_INTERFACE.fullmatch(name) and name not in known]
        if absent:
            yield Finding(
                "interface-missing",
                Severity.HINT,
                f"{subject.titled(place)} names interface {absent[0]}, which the host has not now.",
                "ipfw takes any name; until there is such an interface, the test holds for no packet.",
                rule=place,
            )


def limits_by_several(subject: Subject) -> Iterator[Finding]:
    """Find limits that ipfw prints in a form which it does not read."""
    for place, rule in subject.read():
        if rule.state is not None and "," in rule.state.value.split(" ")[0]:
            yield Finding(
                "limit-by-several",
                Severity.HINT,
                f"{subject.titled(place)} limits by several things at once.",
                "ipfw prints them with commas and reads them with blanks only: what `ipfw list` shows "
                "cannot be "
                "given back to it. The panel writes it rightly.",
                rule=place,
            )


def misprinted_blocks(subject: Subject) -> Iterator[Finding]:
    """Find or-blocks that ipfw prints in pieces."""
    for place, rule in subject.read():
        if rule.proto and any(_is_torn(clause, rule) for clause in rule.options):
            yield Finding(
                "or-block-misprinted",
                Severity.HINT,
                f"{subject.titled(place)} has an or-block of an address or a protocol and something else.",
                "ipfw does what it says, and prints it in pieces that nobody can read back: the panel "
                "will not know the rule again on the host. Make several rules of it.",
                rule=place,
            )


def _is_torn(clause: Clause, rule: Rule) -> bool:
    """Tell whether a part of a block is printed at another place than the rest of it."""
    at_their_place = [_printed_at(term) for term in clause]
    free = {"src": is_any(rule.source), "dst": is_any(rule.destination), "proto": is_any(rule.proto)}
    return len(set(at_their_place)) > 1 and any(free.get(name, False) for name in at_their_place)


def _printed_at(term: Term) -> str:
    return term.name.split("-ip")[0]
