"""Rules of the recommended set for the host itself, and for what every network needs."""

from __future__ import annotations

from apps.freebsd.firewall.generated import (
    Generated,
    generated,
    listed,
    opens,
    redirected,
    side,
    spread,
    to_ports,
)
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.recommended_jails import targets

SERVICES_IN, LEASE_IN, PING_IN, EVERYONE, OUT = 200, 280, 290, 700, 800
_LEASE = "Keeps the host's address where DHCP gives it."
_Line = tuple[str, str, str]  # text, purpose, comment


def before_nat(inputs: FirewallInputs) -> list[Generated]:
    """Return what is let in to the host itself, before NAT: `deny_in` would drop it.

    Without states: nobody can fill their table by knocking.
    """
    recv = side("recv", inputs)
    lines = [
        (
            f"allow {one.proto} from any to {to}{to_ports(one)} in{recv}",
            f"Lets anyone use the host's own {one.said}.",
            one.said,
        )
        for one in inputs.host_services
        for to in _own(inputs)
    ]
    return [*_numbered(SERVICES_IN, lines, 80), *_lease_in(recv), *_ping_in(inputs, recv)]


def _lease_in(recv: str) -> list[Generated]:
    return [generated(LEASE_IN, f"allow udp from any 67 to any 68 in{recv}", _LEASE)]


def _ping_in(inputs: FirewallInputs, recv: str) -> list[Generated]:
    if not inputs.is_icmp_wanted:
        return []
    ping = f"allow icmp from any to {_own(inputs)[0]} in{recv} icmptypes 8"
    return [generated(PING_IN, ping, "The host can be pinged.", "ping")]


def _own(inputs: FirewallInputs) -> tuple[str, ...]:
    """Return the host's own addresses, without those that stand for a jail, as a list for each family."""
    given_away = {text for one in inputs.nat for text in redirected(one)}
    own = [text for text in inputs.public4 if text not in given_away]
    own6 = [text for text in inputs.public if text not in inputs.public4]
    return tuple(listed(part) for part in (own, own6) if part) if own else ("me",)


def after_states(inputs: FirewallInputs) -> list[Generated]:
    """Return what every network needs, and what the host itself may use and answer."""
    return [
        *_numbered(EVERYONE, [*_errors(), *_neighbours(), *_pings6(inputs)]),
        *_numbered(OUT, [*_uses(inputs), *_answers(inputs), _lease_out(inputs)]),
    ]


def _numbered(first: int, lines: list[_Line], width: int = 100) -> list[Generated]:
    return [
        generated(number, text, purpose, comment)
        for number, (text, purpose, comment) in zip(spread(first, len(lines), width), lines, strict=True)
    ]


def _errors() -> list[_Line]:
    purpose = "Lets messages through that something cannot be reached or took too long."
    return [("allow icmp from any to any icmptypes 3,11", purpose, "")]


def _neighbours() -> list[_Line]:
    """Return what IPv6 needs so as to work at all. Source: rc.firewall, reference ipfw §10."""
    purpose = "IPv6 finds its neighbours and routers this way."
    errors = "Errors of IPv6, without which large packets get lost, and questions for neighbours."
    return [
        ("allow ipv6-icmp from :: to ff02::/16", purpose, ""),
        ("allow ipv6-icmp from fe80::/10 to fe80::/10", purpose, ""),
        ("allow ipv6-icmp from fe80::/10 to ff02::/16", purpose, ""),
        ("allow ipv6-icmp from any to any icmp6types 1,2,3,4,135,136", errors, ""),
    ]


def _pings6(inputs: FirewallInputs) -> list[_Line]:
    if not inputs.is_icmp_wanted:
        return []
    return [("allow ipv6-icmp from any to any icmp6types 128,129", "Pings and answers over IPv6.", "")]


def _uses(inputs: FirewallInputs) -> list[_Line]:
    action = _action(inputs)
    lines = [
        (
            f"{action} {one.proto} from me to any{to_ports(one)} out {opens(one)}",
            f"The host itself may use {one.said}.",
            one.said,
        )
        for one in inputs.outgoing
    ]
    if inputs.is_icmp_wanted:
        ping = f"{action} icmp from me to any out icmptypes 8 keep-state"
        lines.append((ping, "The host itself may ping.", "ping"))
    return lines


def _action(inputs: FirewallInputs) -> str:
    """Return what is done with the host's own packets: with deny_in they have to pass NAT as well."""
    if any("deny_in" in one.options for one in inputs.nat):
        return f"skipto {min(targets(inputs).values())}"
    return "allow"


def _answers(inputs: FirewallInputs) -> list[_Line]:
    lines = [_answer(one) for one in inputs.host_services]
    if inputs.is_icmp_wanted:
        lines.append(("allow icmp from me to any out icmptypes 0", "The host answers pings.", ""))
    return lines


def _answer(service: Service) -> _Line:
    ends = " established" if service.proto == "tcp" else ""
    text = f"allow {service.proto} from me{to_ports(service)} to any out{ends}"
    return text, f"Lets the answers of the host's own {service.said} out.", ""


def _lease_out(inputs: FirewallInputs) -> _Line:
    return f"allow udp from me 68 to any 67 out{side('xmit', inputs)}", _LEASE, ""
