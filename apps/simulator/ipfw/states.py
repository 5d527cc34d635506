"""What the simulated firewall remembers of conversations: dynamic states.

Source: reference ipfw.md §6.5, §6.7–6.9.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.simulator.ipfw.model import DynamicState, Ipfw, Rule, StateMaker
from apps.simulator.ipfw.packets import TCP, UDP, Packet

ANY = "any"
STATE, LIMIT, PARENT = "STATE", "LIMIT", "PARENT"
LIFETIMES = {"syn": 20, "ack": 300, "fin": 1, "rst": 1, "udp": 10, "short": 5}
PARENT_LIFETIME_S = 5  # as long as the shortest (inferred)
MOST, MOST_PARENTS = 16384, 4096
_BITS = {"syn": 1, "fin": 2, "rst": 4, "ack": 8}
_BACK = 4  # how far the flags of the answering side are shifted
_BOTH = {flag: bit | bit << _BACK for flag, bit in _BITS.items()}
_Ends = tuple[str, int, str, int]


class NoRoom(Exception):
    """A state could not be made; the packet is dropped."""


def purge(ipfw: Ipfw, now: float) -> None:
    """Forget the states that have expired, and those whose rule is gone and was not kept for them.

    Args:
        ipfw: of the kernel.
        now: seconds since the epoch.
    """
    known = {rule.id for rule in ipfw.rules}
    known |= {rule.id for rule in ipfw.orphans}
    owned = [state for state in ipfw.states if state.parent in known]
    live = [state for state in owned if state.kind != PARENT and state.expires > now]
    for books in owned:
        if books.kind == PARENT:
            books.count = sum(1 for state in live if state.kind == LIMIT and _counts(ipfw, books, state))
    ipfw.states = [state for state in owned if state.expires > now or (state.kind == PARENT and state.count)]


def find(states: Sequence[DynamicState], packet: Packet, name: str, now: float) -> DynamicState | None:
    """Look a packet's state up; of several the newest one is found, as in the kernel's lists.

    Args:
        states: all of them.
        packet: whose addresses and ports are compared, both ways round.
        name: of the state; "any" takes every name.
        now: seconds since the epoch; what has expired is no state.
    """
    forward = (packet.src, packet.sport, packet.dst, packet.dport)
    backward = (packet.dst, packet.dport, packet.src, packet.sport)
    for state in reversed(states):
        if state.kind == PARENT or state.proto != packet.proto or name not in (state.name, ANY):
            continue
        if _ends(state) in (forward, backward) and state.expires > now:
            return state
    return None


def is_forward(state: DynamicState, packet: Packet) -> bool:
    """Tell whether a packet of a state comes from the side that began."""
    return _ends(state) == (packet.src, packet.sport, packet.dst, packet.dport)


def note(state: DynamicState, packet: Packet, now: float) -> None:
    """Count a packet of a state, which lives on.

    Args:
        state: that the packet goes with.
        packet: from either side.
        now: seconds since the epoch.
    """
    state.packets += 1
    state.bytes += packet.length
    shift = 0 if is_forward(state, packet) else _BACK
    for flag in packet.flags & _BITS.keys():
        state.seen |= _BITS[flag] << shift
    state.expires = now + LIFETIMES[_stage(state)]


def install(ipfw: Ipfw, rule: Rule, packet: Packet, now: float) -> None:
    """Make the state that a rule asks for; one that is there already will do.

    Args:
        ipfw: of the kernel.
        rule: that matched, with a StateMaker.
        packet: which it matched.
        now: seconds since the epoch.

    Raises:
        NoRoom: the limit is reached, or the kernel's own.
    """
    maker = rule.state
    assert maker
    if find(ipfw.states, packet, maker.name, now):
        return
    kind = LIMIT if maker.kind in ("limit", "set-limit") else STATE
    state = DynamicState(
        rule.id, kind, packet.proto, packet.src, packet.sport, packet.dst, packet.dport, maker.name
    )
    if sum(1 for other in ipfw.states if other.kind != PARENT and other.expires > now) >= MOST:
        raise NoRoom
    if kind == LIMIT:
        _count_in(ipfw, maker, state, now)
    note(state, packet, now)
    ipfw.states.append(state)


def _count_in(ipfw: Ipfw, maker: StateMaker, state: DynamicState, now: float) -> None:
    """Note a limited state in the entry that keeps the books of its kind."""
    masked = _masked(maker, state)
    alike = [
        other
        for other in ipfw.states
        if other.kind == LIMIT
        and other.expires > now
        and (other.parent, other.name, other.proto) == (state.parent, state.name, state.proto)
        and _masked(maker, other) == masked
    ]
    if len(alike) >= maker.limit:
        raise NoRoom
    books = next((other for other in ipfw.states if _is_books(other, state, masked)), None)
    if books is None:
        books = DynamicState(state.parent, PARENT, state.proto, *masked, state.name)
        ipfw.states.append(books)
    books.count = len(alike) + 1
    books.expires = max(books.expires, now + PARENT_LIFETIME_S)


def _is_books(books: DynamicState, state: DynamicState, masked: _Ends) -> bool:
    same = (books.parent, books.name, books.proto) == (state.parent, state.name, state.proto)
    return books.kind == PARENT and same and _ends(books) == masked


def _counts(ipfw: Ipfw, books: DynamicState, state: DynamicState) -> bool:
    """Tell whether a limited state is one of those that an entry counts."""
    rule = ipfw.rule(books.parent)
    maker = rule.state if rule else None
    return maker is not None and _is_books(books, state, _masked(maker, state))


def _masked(maker: StateMaker, state: DynamicState) -> _Ends:
    """Leave of a state's ends what its limit looks at."""
    masks, nowhere = maker.masks, "::" if ":" in state.source else "0.0.0.0"  # noqa: S104 - no address
    everything = "all" in masks
    return (
        state.source if everything or "src-addr" in masks else nowhere,
        state.source_port if everything or "src-port" in masks else 0,
        state.destination if everything or "dst-addr" in masks else nowhere,
        state.destination_port if everything or "dst-port" in masks else 0,
    )


def _ends(state: DynamicState) -> _Ends:
    return state.source, state.source_port, state.destination, state.destination_port


def _stage(state: DynamicState) -> str:
    """Name the lifetime that a state has now."""
    if state.proto != TCP:
        return "udp" if state.proto == UDP else "short"
    if state.seen & _BOTH["rst"]:
        return "rst"
    if state.seen & _BOTH["fin"] == _BOTH["fin"]:
        return "fin"
    established = _BOTH["syn"] | _BOTH["ack"]
    return "ack" if state.seen & established == established else "syn"
