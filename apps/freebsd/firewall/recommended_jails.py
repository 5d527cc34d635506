"""Rules of the recommended set for jails: NAT in, what they may use, forwards, NAT out."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from apps.freebsd.firewall.generated import (
    Generated,
    by_instance,
    generated,
    listed,
    opens,
    redirected,
    side,
    spread,
    to_ports,
)
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import NatInstance, Redirect

NAT_IN, SERVICES, FORWARDS, NAT_OUT = 300, 500, 600, 1000
_ERRORS = "3,11"


def nat_in(inputs: FirewallInputs) -> list[Generated]:
    """Return the rules that give what comes in for a public address to its instance."""
    pairs = [(one.number, public) for one in inputs.nat for public in _publics(one, inputs)]
    return [
        generated(
            number,
            f"nat {instance} ip4 from any to {public} in{side('recv', inputs)}",
            f"Gives what comes in for {_said(public)} to NAT, which puts the jail's address in its place.",
        )
        for number, (instance, public) in zip(spread(NAT_IN, len(pairs)), pairs, strict=True)
    ]


def _publics(instance: NatInstance, inputs: FirewallInputs) -> tuple[str, ...]:
    """Return for which addresses an instance stands.

    The address of an interface may change, so there `me` is said, which needs no new rules then. But `me` are
    also addresses that another instance has just put in, and jails with public ones: not with `deny_in`.
    """
    own = instance.address
    if not own:
        is_alone = len(inputs.nat) == 1 and "deny_in" not in instance.options
        own = "me" if is_alone or not inputs.public4 else inputs.public4[0]
    return (own, *(text for text in redirected(instance) if text != own))


def _said(public: str) -> str:
    return "the host" if public == "me" else public


def targets(inputs: FirewallInputs) -> Mapping[int, int]:
    """Return at which rule each instance translates what goes out."""
    numbers = spread(NAT_OUT, len(inputs.nat), 900)
    return {one.number: number for one, number in zip(inputs.nat, numbers, strict=True)}


def of_jails(inputs: FirewallInputs) -> list[Generated]:
    """Return what jails may use outside, and what reaches them from outside."""
    return [*_services(inputs), *_forwards(inputs)]


def _services(inputs: FirewallInputs) -> list[Generated]:
    ways = [(nets, targets(inputs)[number]) for number, nets in by_instance(inputs).items() if nets]
    lines = [line for nets, target in ways for line in _service_lines(inputs, listed(nets), target)]
    return [
        generated(number, text, purpose, comment)
        for number, (text, purpose, comment) in zip(spread(SERVICES, len(lines)), lines, strict=True)
    ]


def _service_lines(inputs: FirewallInputs, nets: str, target: int) -> list[tuple[str, str, str]]:
    """Return text, purpose and comment of each rule for what one instance's jails may use."""
    out = f"out{side('xmit', inputs)}"
    lines = [_service_line(service, nets, target, out) for service in inputs.outgoing]
    if inputs.is_icmp_wanted:
        ping = f"skipto {target} icmp from {nets} to any {out} icmptypes 8 keep-state"
        lines.append((ping, "Jails may ping, where they are allowed raw sockets.", "ping"))
    errors = f"skipto {target} icmp from {nets} to any {out} icmptypes {_ERRORS}"
    return [*lines, (errors, "Jails may say that something cannot be reached or took too long.", "")]


def _service_line(service: Service, nets: str, target: int, out: str) -> tuple[str, str, str]:
    text = f"skipto {target} {service.proto} from {nets} to any{to_ports(service)} {out} {opens(service)}"
    return text, f"Jails may use {service.said}: they go on to NAT.", service.said


def _forwards(inputs: FirewallInputs) -> list[Generated]:
    lines = [
        line
        for instance in inputs.nat
        for redirect in sorted(instance.redirects, key=_redirect_key)
        for line in _forward(redirect, targets(inputs)[instance.number], side("recv", inputs))
    ]
    return [
        generated(number, text, purpose)
        for number, (text, purpose) in zip(spread(FORWARDS, len(lines), 90), lines, strict=True)
    ]


def _redirect_key(redirect: Redirect) -> tuple[str, str, str, tuple[str, ...]]:
    return redirect.kind, redirect.proto, redirect.public, redirect.local


def _forward(redirect: Redirect, target: int, recv: str) -> list[tuple[str, str]]:
    """Return a rule for each place that a redirect leads to, on the address that NAT has put in."""
    remote, _, remote_port = redirect.remote.partition(":")
    peer = net_or_any(remote) + (f" {remote_port}" if remote_port not in ("", "0") else "")
    proto = "ip4" if redirect.kind == "addr" else redirect.proto
    setup = "setup " if proto == "tcp" else ""
    return [
        (
            f"skipto {target} {proto} from {peer} to {place} in{recv} {setup}keep-state",
            f"{_what_comes_in(redirect)} reaches {local}; the answers leave through NAT again.",
        )
        for local, place in ((text, _place(text)) for text in redirect.local)
    ]


def net_or_any(address: str) -> str:
    """Return an address as a rule names it; 0.0.0.0 and nothing mean any."""
    return "any" if address in ("", "0.0.0.0") else str(ip_address(address))  # noqa: S104 - means “any” here


def _place(local: str) -> str:
    address, _, ports = local.partition(":")
    return f"{ip_address(address)} {ports}".rstrip()


def _what_comes_in(redirect: Redirect) -> str:
    proto = f"{redirect.proto} " if redirect.proto else ""
    return f"What comes in for {proto}{redirect.public or 'the public address'}"


def nat_out(inputs: FirewallInputs) -> list[Generated]:
    """Return the rules at the skiptos' targets: what leaves gets the public address of its instance."""
    return [line for one in inputs.nat for line in _instance_out(one, inputs)]


def _instance_out(instance: NatInstance, inputs: FirewallInputs) -> list[Generated]:
    """Return the rules of one instance.

    The host's own come first: a jail's packet that was translated has the host's address then, and must not
    be translated again.
    """
    number, nets = targets(inputs)[instance.number], by_instance(inputs)[instance.number]
    head, xmit = f"nat {instance.number} ip4 from", side("xmit", inputs)
    own = [f"{head} {text} to any out{xmit}" for text in _own_source(instance, inputs)]
    jails = [f"{head} {listed([net])} to not {listed([net])} out{xmit}" for net in nets]
    others = [f"{head} {local} to any out{xmit}" for local in _elsewhere(instance, nets)]
    purpose = f"Gives what leaves the public address of instance {instance.number}."
    return [
        *(generated(number, text, "With deny_in, NAT has to know the host's own words too.") for text in own),
        *(generated(number, text, purpose) for text in (*jails, *others)),
    ]


def _own_source(instance: NatInstance, inputs: FirewallInputs) -> tuple[str, ...]:
    if "deny_in" not in instance.options:
        return ()
    own = instance.address or (*inputs.public4, "")[0]
    return (own,) if own else ()


def _elsewhere(instance: NatInstance, nets: tuple[str, ...]) -> list[str]:
    """Return where redirects lead that no network of the instance holds: their answers need it as well."""
    locals_ = {text.partition(":")[0] for one in instance.redirects for text in one.local}
    return sorted(text for text in locals_ if not any(ip_address(text) in ip_network(net) for net in nets))
