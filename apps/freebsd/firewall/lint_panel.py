"""Whether the panel's own connection to the host gets through.

Source: reference ipfw §6; the tracer walks the packets.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING

from apps.freebsd.firewall.findings import Finding, Fix, Severity, Subject
from apps.freebsd.firewall.packet import ACK, SYN, SYN_ACK, Packet
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.trace import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.freebsd.firewall.model import Rule
    from apps.freebsd.firewall.packet import World

SSH_PAIR_NUMBER = 10
_FAR_PORT = 50022  # any that is not taken by a service
_SAID = ("its first packet", "the host's answer", "what it sends then", "what the host sends then")


def panel_cut_off(subject: Subject) -> Iterator[Finding]:
    """Find a firewall that does not let the panel's connection through."""
    world = subject.context.world
    host = subject.context.host_address or _host_address(world)
    if not world.panel or not host:
        return
    walks = trace(subject.firewall, world, _conversation(world, host))
    stopped = next((at for at, walk in enumerate(walks) if not walk.fate.arrives), None)
    if stopped is None:
        return
    fate = walks[stopped].fate
    place = fate.rule if fate.rule is not None and fate.rule < len(subject.rules) else None
    by = "by the default rule" if place is None else f"by {subject.said(place)}"
    yield Finding(
        "panel-cut-off",
        Severity.ERROR,
        f"The panel's connection from {world.panel} to port {world.ssh_port} is cut: {_SAID[stopped]} is "
        "stopped "
        f"{by}.",
        "With these rules the panel could not reach the host any more. (The host would take them back by "
        "itself.)",
        rule=place,
        fix=_let_in(subject),
    )


def _conversation(world: World, host: str) -> tuple[Packet, ...]:
    first = Packet(src=world.panel, dst=host, sport=_FAR_PORT, dport=world.ssh_port, flags=SYN)
    answer = Packet(flags=SYN_ACK, is_reply=True)
    following = Packet(flags=ACK, is_reply=True)
    return first, answer, following, following


def _host_address(world: World) -> str:
    """Return the first address of the outside interface of the panel's family, or of any interface."""
    version = ip_address(world.panel).version if world.panel else 4
    ordered = sorted(world.interfaces, key=lambda interface: interface.name != world.outside)
    texts = (text for interface in ordered for text in interface.addresses)
    found = (ip_interface(text).ip for text in texts)
    return next((str(ip) for ip in found if ip.version == version and not ip.is_loopback), "")


def _let_in(subject: Subject) -> Fix:
    panel, port = subject.context.world.panel, subject.context.world.ssh_port
    first = min((subject.numbers[place] for place in subject.live), default=SSH_PAIR_NUMBER)
    number = min(SSH_PAIR_NUMBER, first)
    set_number = subject.rules[subject.live[0]].set_number if subject.live else 0
    pair = [
        parse_rule(f"{number} allow tcp from {panel} to me {port} in"),
        parse_rule(f"{number} allow tcp from me {port} to {panel} out"),
    ]
    placed: list[tuple[int, Rule]] = [(0, replace(rule, set_number=set_number)) for rule in pair]
    return Fix("Let the panel in by two rules at the very top, which need no state.", inserted=tuple(placed))
