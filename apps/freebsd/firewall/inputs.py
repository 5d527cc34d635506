"""What the generated rules are made from: a host's own values, its NAT, and which services are let through.

Everything is checked here, once, so that no text from a form or a host becomes part of a rule unseen.

Source: reference ipfw §2, §7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, ip_address, ip_network

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import NatInstance
from apps.freebsd.firewall.nat_config import nat_text, parse_nat
from apps.freebsd.values import InterfaceName

_PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?){0,14}")
_PROTO = re.compile(r"[a-z][a-z0-9-]{0,18}")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
WITH_PORTS = ("tcp", "udp", "sctp")


def check_ports(text: str) -> None:
    """Raise InvalidInput unless these are ports as ipfw takes them.

    ipfw itself wraps a port above 65535 round without a word.

    Source: captures, `any 70000`.
    """
    if not _PORTS.fullmatch(text):
        raise InvalidInput("Ports are numbers and ranges, such as 80,443 or 8000-8009.", field="ports")
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not 1 <= int(first) <= int(last or first) <= 65535:
            raise InvalidInput(
                "A port is a number from 1 to 65535, and a range goes from the lower to the higher.",
                field="ports",
            )


@dataclass(frozen=True, slots=True)
class Service:
    """Something that speaks over the network.

    Args:
        proto: `tcp`, `udp` or `sctp`, or another protocol's name, which has no ports.
        ports: As ipfw writes them: `80`, `80,443`, `8000-8009`.
        purpose: What it is for, as it stands in a sentence: `https`.

    Raises:
        InvalidInput: A part is not what ipfw would take; `field` is proto or ports.
    """

    proto: str
    ports: str
    purpose: str = ""

    def __post_init__(self) -> None:
        if not _PROTO.fullmatch(self.proto):
            raise InvalidInput("A protocol is a name such as tcp, udp or gre.", field="proto")
        if self.proto in WITH_PORTS:
            check_ports(self.ports)
        elif self.ports:
            raise InvalidInput(f"{self.proto} has no ports.", field="ports")

    @property
    def said(self) -> str:
        """Its purpose, or protocol and ports where it has none."""
        return self.purpose or f"{self.proto} {self.ports}".rstrip()


DEFAULT_OUTGOING = (
    Service("tcp", "80", "http"),
    Service("tcp", "443", "https"),
    Service("udp", "53", "DNS"),
    Service("tcp", "53", "DNS over TCP"),
    Service("udp", "123", "NTP"),
)


@dataclass(frozen=True, slots=True)
class FirewallInputs:
    """All that a generated set depends on.

    Args:
        outside: The interface towards the world; empty when not known, then no rule names one.
        public: The host's own public addresses, the main one first.
        own: Further addresses of the host itself on that interface, which stand for no jail.
        jail_networks: Networks of jails. IPv4 ones are translated; IPv6 ones go out as they are, except
            unique local ones (fc00::/7), which never leave.
        panel_address: Where the panel's own connection comes from; empty when not known.
        panel_port: The port of the host's SSH.
        nat: NAT instances, with their redirects. The first one is used where `nat_of` does not say another.
        nat_of: Which instance translates a network, where that is not the first: network and number.
        outgoing: Services that jails and the host may use outside.
        host_services: Services of the host itself that anyone may use; SSH for the panel need not be here.
        is_icmp_wanted: Whether the host answers pings, and jails and host may ping.
        start: The number of the first outgoing service in the article's set.

    Raises:
        InvalidInput: A value is not what ipfw would take; `field` names it.
    """

    outside: str = ""
    public: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    jail_networks: tuple[str, ...] = ()
    panel_address: str = ""
    panel_port: int = 22
    nat: tuple[NatInstance, ...] = ()
    nat_of: tuple[tuple[str, int], ...] = ()
    outgoing: tuple[Service, ...] = field(default=DEFAULT_OUTGOING)
    host_services: tuple[Service, ...] = ()
    is_icmp_wanted: bool = True
    start: int = 400

    def __post_init__(self) -> None:
        if self.outside:
            _named("outside", InterfaceName.parse, self.outside)
        for name, texts, parse in (
            ("public", self.public, ip_address),
            ("own", self.own, ip_address),
            ("jail_networks", self.jail_networks, ip_network),
        ):
            for text in texts:
                _named(name, parse, text)
        for one in self.nat:
            _check_nat(one)
        if self.panel_address:
            _named("panel_address", ip_address, self.panel_address)
        if not 1 <= self.panel_port <= 65535:
            raise InvalidInput("A port is a number from 1 to 65535.", field="panel_port")
        if not 201 <= self.start <= 699:
            raise InvalidInput(
                "It stands between check-state at 200 and NAT at 700: 201 to 699.", field="start"
            )

    @property
    def public4(self) -> tuple[str, ...]:
        """The IPv4 ones of the public addresses."""
        return tuple(text for text in self.public if isinstance(ip_address(text), IPv4Address))

    @property
    def translated(self) -> tuple[str, ...]:
        """Jail networks that NAT hides: IPv4, and without an address of the host's own connections."""
        return tuple(
            text for text in self.jail_networks if ip_network(text).version == 4 and not self.holds_host(text)
        )

    @property
    def private(self) -> tuple[str, ...]:
        """The private IPv4 ranges in which the host itself has no address; none when that is not known."""
        if not (self.public4 and self.outside):
            return ()
        return tuple(net for net in _PRIVATE if not self.holds_host(net))

    @property
    def hidden(self) -> tuple[str, ...]:
        """IPv4 networks whose addresses must never be seen outside: of jails, and all private ones."""
        nets = (IPv4Network(text) for text in (*self.translated, *self.private))
        return tuple(map(str, collapse_addresses(nets)))

    def holds_host(self, network: str) -> bool:
        """Whether a network holds a public address or the panel: then its addresses cannot be hidden."""
        panel = (self.panel_address,) if self.panel_address else ()
        kept = (*self.public, *self.own, *panel)
        return any(ip_address(text) in ip_network(network) for text in kept)

    def instance_of(self, network: str) -> NatInstance | None:
        """Return the instance that translates a jail network; None when there is none."""
        number = dict(self.nat_of).get(network)
        chosen = [one for one in self.nat if one.number == number]
        return (*chosen, *self.nat, None)[0]


def _check_nat(nat: NatInstance) -> None:
    """Refuse an instance in which a value would be read as something else."""
    read = parse_nat(nat_text(nat))
    parts = (read.number, read.address, read.interface, read.options, len(read.redirects))
    if parts != (nat.number, nat.address, nat.interface, nat.options, len(nat.redirects)):
        raise InvalidInput(f"NAT instance {nat.number} is not what ipfw would make of it.", field="nat")


def _named(name: str, parse: Callable[[str], object], text: str) -> None:
    if "%" in text:
        raise InvalidInput("Leave out the part from the % on.", field=name)
    try:
        parse(text)
    except ValueError as error:
        raise InvalidInput(str(error), field=name) from None
