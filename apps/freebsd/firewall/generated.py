"""A generated rule with the reason for which it is there, and what both layouts have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import NatInstance, Rule
from apps.freebsd.firewall.parse import parse_rule

_NOT_FOR_COMMENTS = re.compile(r"[^A-Za-z0-9 ._:()-]+")
LONGEST_COMMENT = 60
AFTER_PANEL = 100  # where what is not the panel's goes on


@dataclass(frozen=True, slots=True)
class Generated:
    """A rule and why it is there, in one sentence."""

    rule: Rule
    purpose: str


def generated(number: int, text: str, purpose: str, comment: str = "") -> Generated:
    """Return the rule that a text in ipfw's words means.

    Args:
        number: Of the rule.
        text: From the action on; made of checked values only.
        purpose: A sentence.
        comment: To stand on the host too; what ipfw would read as something else is left out.

    Raises:
        InvalidInput: A value in it was not what a rule can hold.
    """
    said = _NOT_FOR_COMMENTS.sub(" ", comment)[:LONGEST_COMMENT].strip()
    rule = parse_rule(f"{number} {text}" + (f" // {said}" if said else ""))
    if rule.unread:
        raise InvalidInput(f"No rule can be made of “{text}”.")
    return Generated(rule, purpose)


def spread(first: int, count: int, width: int = 100) -> Iterator[int]:
    """Number `count` rules from `first` on: in tens while they fit, else closer, sharing numbers at last.

    Rules of one number keep their order, so that a section never runs into the next one.
    """
    step = min(10, width // max(count, 1))
    return (first + (index * step if step else index * width // count) for index in range(count))


def listed(addresses: Iterable[str]) -> str:
    """Return addresses and networks as ipfw writes a list of them."""
    return ",".join(net_text(text) for text in addresses)


def net_text(text: str) -> str:
    """Return a network as ipfw prints it: a single address without its length."""
    net = ip_network(text)
    return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)


def opens(service: Service) -> str:
    """Return what a stateful rule for a service says at its end."""
    return "setup keep-state" if service.proto == "tcp" else "keep-state"


def to_ports(service: Service) -> str:
    """Return the ports of a service with a blank before them, or nothing."""
    return f" {service.ports}" if service.ports else ""


def panel_pair(inputs: FirewallInputs) -> list[Generated]:
    """Return the stateless rules that keep the panel's SSH open, whatever else is wrong.

    The second of them would let out the answers of a jail's own SSH too, since `me` is every address of the
    host, jails' included: so those are led past it, to be translated.
    """
    peer = inputs.panel_address or "any"
    port = inputs.panel_port
    rules = [
        generated(
            10,
            f"allow tcp from {peer} to me {port} in",
            "Lets the panel reach the host over SSH, without a state that could be lost.",
            "panel SSH",
        )
    ]
    if inputs.public and inputs.hidden and ":" not in peer:
        rules.append(_jails_own_ssh(inputs, peer))
    rules.append(
        generated(
            20, f"allow tcp from me {port} to {peer} out", "Lets the answers of SSH out again.", "panel SSH"
        )
    )
    return rules


def _jails_own_ssh(inputs: FirewallInputs, peer: str) -> Generated:
    nets, port = listed(inputs.hidden), inputs.panel_port
    return generated(
        15,
        f"skipto {AFTER_PANEL} tcp from {nets} {port} to {peer} out{side('xmit', inputs)}",
        "Answers of a jail's own SSH are not the panel's: they have to be translated further down.",
    )


def side(word: str, inputs: FirewallInputs) -> str:
    """Return the test of the outside interface, such as ` recv re0`; nothing when it is not known."""
    return f" {word} {inputs.outside}" if inputs.outside else ""


def by_instance(inputs: FirewallInputs) -> dict[int, tuple[str, ...]]:
    """Return which jail networks each NAT instance translates on their way out."""
    nets: dict[int, tuple[str, ...]] = {one.number: () for one in inputs.nat}
    for net in inputs.translated:
        if instance := inputs.instance_of(net):
            nets[instance.number] += (net,)
    return nets


def redirected(instance: NatInstance) -> tuple[str, ...]:
    """Return the further public addresses that redirects of an instance answer for, in order."""
    publics = (
        one.public if one.kind == "addr" else one.public.rpartition(":")[0] for one in instance.redirects
    )
    return tuple(sorted({text for text in publics if text} - {instance.address}))


def rules_of(lines: Sequence[Generated]) -> tuple[Rule, ...]:
    """Return the rules in the kernel's order: by number, and as they stand within one."""
    return tuple(line.rule for line in in_order(lines))


def in_order(lines: Sequence[Generated]) -> tuple[Generated, ...]:
    """Return the lines by number, and as they stand within one."""
    return tuple(sorted(lines, key=lambda line: line.rule.number or 0))
