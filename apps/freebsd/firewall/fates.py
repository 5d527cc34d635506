"""What became of a packet, in a sentence.

Source: reference ipfw §6.5, §6.6.
"""

from __future__ import annotations

from apps.freebsd.firewall.places import read_address
from apps.freebsd.firewall.sight import Sight
from apps.freebsd.firewall.walk import Ending, Fate, Line, Pass, Verdict


def never_sent() -> Fate:
    """The fate of a reply to a packet that did not arrive."""
    return Fate(Ending.NOT_SENT, "Nothing to answer: the packet before it did not arrive.")


def fate_of_pass(passed: Pass, sight: Sight) -> Fate:
    """Return the fate of a packet that a pass did not let through."""
    if not passed.lines:
        return Fate(Ending.DENIED, "Lost: it goes round in circles.", sight.addresses)
    last = passed.lines[-1]
    ending, said = {
        Verdict.DROPPED: (Ending.DROPPED, f"Dropped by NAT at rule {last.number}."),
        Verdict.HELD: (Ending.HELD, f"Held by rule {last.number} until its other fragments are there."),
        Verdict.HANDED: (Ending.HANDED, f"Handed over by rule {last.number}; not traced further."),
    }.get(passed.verdict, (Ending.DENIED, f"Denied by rule {last.number}, going {passed.direction}."))
    return Fate(ending, said, sight.addresses, rule=last.index, rule_number=last.number)


def fate_of_end(passed: Pass, sight: Sight, interface: str | None) -> Fate:
    """Return the fate of a packet that was let through.

    Args:
        passed: Its last pass.
        sight: The packet now.
        interface: On which it is sent; empty for what is delivered here; None for what is for somebody else
            and not forwarded.
    """
    last = passed.lines[-1]
    if sight.next_hop:
        return _passed_on(sight, last)
    if interface is None:
        said = f"Passed, but {sight.dst_text} is not on this host, and the host forwards nothing."
        return _fate(Ending.NOT_ROUTED, said, sight, last)
    if interface:
        return _sent(sight, interface, last)
    jail = sight.places.owner(sight.family, sight.dst)
    holder = f"jail {jail}" if jail else "the host"
    said = f"Delivered to {holder} at {sight.addresses.sent_to}, from {sight.addresses.sent_by}."
    return _fate(Ending.DELIVERED, said, sight, last, jail=jail)


def _sent(sight: Sight, interface: str, last: Line) -> Fate:
    jail = sight.places.owner(sight.family, sight.dst)
    ends = f"from {sight.addresses.sent_by} to {sight.addresses.sent_to}"
    if jail:
        return _fate(
            Ending.DELIVERED, f"Delivered to jail {jail} over {interface}, {ends}.", sight, last, jail=jail
        )
    return _fate(Ending.SENT, f"Sent out on {interface}, {ends}.", sight, last, interface=interface)


def _passed_on(sight: Sight, last: Line) -> Fate:
    """What fwd sends elsewhere: to a socket of this host, or to the next host."""
    said = f"Handed to {sight.next_hop} by rule {last.number}, addressed to {sight.addresses.sent_to} still."
    hop = read_address(sight.next_hop)
    if sight.places.is_local(*hop):
        return _fate(Ending.DELIVERED, said, sight, last, jail=sight.places.owner(*hop))
    return _fate(Ending.SENT, said, sight, last, interface=sight.places.route(*hop))


def _fate(
    ending: Ending, said: str, sight: Sight, last: Line, *, jail: str = "", interface: str = ""
) -> Fate:
    return Fate(ending, said, sight.addresses, jail, interface, last.index, last.number)
