"""Packets that tell what a firewall does: made of the addresses, ports and redirects that its own rules name.

A few hundred conversations, the most telling first, always the same for the same two firewalls: the panel's
way in, what is published, what the rules that differ are about (and just beside it: the next port, the
address outside the network), what jails and the host send, and what the other rules are about.

Source: reference ipfw §2, §5.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, product, zip_longest

from apps.freebsd.firewall.compare import Conversation
from apps.freebsd.firewall.model import Firewall, NatInstance, Rule
from apps.freebsd.firewall.packet import World
from apps.freebsd.firewall.places import read_address
from apps.freebsd.firewall.redirects import ANY, address_pairs, ways_of
from apps.freebsd.firewall.sight import proto_text
from apps.freebsd.firewall.telling_cast import Cast
from apps.freebsd.firewall.telling_made import Wish, conversation
from apps.freebsd.firewall.telling_rules import about_rule, beside_rule

MOST = 300
_SERVICES = (("tcp", 443), ("tcp", 80), ("udp", 53), ("tcp", 25), ("icmp", 0))
_MOST_WAYS = 40  # ports of redirects: a range of thousands is told by its ends
_MOST_JAILS = 8


def telling_packets(
    before: Firewall, after: Firewall, world: World, *, most: int = MOST
) -> tuple[Conversation, ...]:
    """Return conversations by which two firewalls are to be compared.

    Args:
        before: What decides now.
        after: What is to decide.
        world: The host.
        most: How many at most.

    Returns:
        Conversations of a packet, its answer, and of TCP the next; each once, the most telling first.
    """
    cast = Cast(world, before, after)
    changed, common = _told_apart(before, after)
    rows = chain(
        _panel(cast),
        _published(cast, before, after),
        chain.from_iterable(about_rule(rule, cast) for rule in changed),
        _usual(cast),
        chain.from_iterable(beside_rule(rule, cast) for rule in changed),
        chain.from_iterable(about_rule(rule, cast) for rule in common),
        chain.from_iterable(beside_rule(rule, cast) for rule in common),
    )
    return tuple(islice(_each_once(rows), most))


def _each_once(rows: Iterator[Conversation]) -> Iterator[Conversation]:
    seen = set()
    for row in rows:
        sent = replace(row[0], said="")  # the same packet may be called by two names
        if sent not in seen:
            seen.add(sent)
            yield row


def _told_apart(before: Firewall, after: Firewall) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that only one of the two has, turn by turn, and those that both have."""
    old, new = _bodies(before), _bodies(after)
    gone = [rule for body, rule in old.items() if body not in new]
    come = [rule for body, rule in new.items() if body not in old]
    turns = chain.from_iterable(zip_longest(come, gone))
    return [rule for rule in turns if rule], [rule for body, rule in new.items() if body in old]


def _bodies(firewall: Firewall) -> dict[tuple[object, ...], Rule]:
    """Return the enabled rules by what they say, wherever they stand."""
    return {
        (rule.action, rule.argument, rule.clauses, rule.state, rule.unread): rule
        for rule in firewall.rules
        if rule.set_number not in firewall.disabled_sets
    }


def _panel(cast: Cast) -> Iterator[Conversation]:
    """The panel's own way in; others must not have it by mistake."""
    hosts = cast.hosts[:2]
    if cast.world.panel:
        panel = cast.end_at(*read_address(cast.world.panel))
        for host in hosts:
            if host.family == panel.family:
                yield conversation(Wish("tcp", cast.world.ssh_port), panel, host, cast)
    for host in hosts:
        yield conversation(Wish("tcp", cast.world.ssh_port), cast.far[host.family], host, cast)


def _published(cast: Cast, *firewalls: Firewall) -> Iterator[Conversation]:
    """What NAT instances lead in, the port beside it, and what else comes to their addresses."""
    instances = dict.fromkeys(nat for firewall in firewalls for nat in firewall.nat)
    for nat in instances:
        yield from _ways_in(nat, cast)
    for nat in instances:
        public = _public(nat, cast)
        if public is not None:
            yield conversation(Wish("icmp", 0), cast.far[4], cast.end_at(4, public), cast)


def _public(nat: NatInstance, cast: Cast) -> int | None:
    if nat.interface:
        return cast.places.first_ipv4(nat.interface)
    return read_address(nat.address)[1] if nat.address else None


def _ways_in(nat: NatInstance, cast: Cast) -> Iterator[Conversation]:
    own = _public(nat, cast)
    ways = ways_of(nat)
    met = {way.public[1] for way in ways}
    for way in (*ways[:_MOST_WAYS], *ways[-1:]):
        address = way.public[0] or own
        if address is None:
            continue
        target = cast.end_at(4, address)
        sender = cast.far[4] if way.remote[0] == ANY else cast.end_at(4, way.remote[0])
        wish = Wish(proto_text(way.proto), way.public[1], way.remote[1])
        yield conversation(wish, sender, target, cast)
        if way.public[1] and way.public[1] + 1 not in met and way.public[1] < 65535:
            yield conversation(Wish(wish.proto, way.public[1] + 1), sender, target, cast)
    for _locals, public in address_pairs(nat):
        yield conversation(Wish("tcp", 80), cast.far[4], cast.end_at(4, public), cast)


def _usual(cast: Cast) -> Iterator[Conversation]:
    """What jails and the host send, and what strangers and neighbours send to them."""
    senders = (*cast.jails[:_MOST_JAILS], *cast.hosts[:2])
    for (proto, port), sender in product(_SERVICES, senders):
        yield conversation(Wish(proto, port), sender, cast.far[sender.family], cast)
    for (proto, port), target in product(_SERVICES, (*cast.hosts[:2], *cast.jails[:_MOST_JAILS])):
        yield conversation(Wish(proto, port), cast.far[target.family], target, cast)
    for jail, other in product(cast.jails[:3], (*cast.hosts[:1], *cast.jails[:3])):
        if jail.address != other.address and jail.family == other.family:
            yield conversation(Wish("tcp", 80), jail, other, cast)
            yield conversation(Wish("tcp", 80), other, jail, cast)
