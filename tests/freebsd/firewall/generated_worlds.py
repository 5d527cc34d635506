"""A host with two jails behind one public address, and packets for walks through its generated rules."""

from __future__ import annotations

from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import NatInstance, Redirect
from apps.freebsd.firewall.packet import Interface, JailPlace, Packet, World, from_jail

PUBLIC, WEB, PANEL, STRANGER = "203.0.113.10", "198.51.100.80", "198.51.100.9", "198.51.100.66"
JAIL, OTHER = "10.0.0.5", "10.0.0.6"
JAIL6, HOST6, WEB6 = "2001:db8::5", "2001:db8::10", "2001:db8:1::80"

WORLD = World(
    interfaces=(
        Interface("re0", (f"{PUBLIC}/24", f"{HOST6}/64", "fe80::1/64")),
        Interface("lo0", ("127.0.0.1/8", "::1/128")),
        Interface("lo1", (f"{JAIL}/32", f"{OTHER}/32")),
    ),
    jails=(JailPlace("www", (JAIL, JAIL6)), JailPlace("db", (OTHER,))),
    outside="re0",
)

WEB_FORWARD = Redirect("port", (f"{JAIL}:80",), "8080", "tcp")
SSH_FORWARD = Redirect("port", (f"{OTHER}:22",), "2222", "tcp")


def nat(*redirects: Redirect, options: frozenset[str] = frozenset({"same_ports"})) -> NatInstance:
    return NatInstance(123, PUBLIC, options=options, redirects=frozenset(redirects))


def inputs(*redirects: Redirect, options: frozenset[str] = frozenset({"same_ports"})) -> FirewallInputs:
    return FirewallInputs(
        outside="re0",
        public=(PUBLIC, HOST6),
        jail_networks=("10.0.0.0/24",),
        panel_address=PANEL,
        nat=(nat(*redirects, options=options),),
        host_services=(Service("tcp", "443", "https"),),
    )


def opens(source: str, target: str, sport: int, dport: int, **more: object) -> Packet:
    return Packet(
        src=source,
        dst=target,
        sport=sport,
        dport=dport,
        flags=frozenset({"syn"}),
        **more,  # type: ignore[arg-type]
    )


def jail_opens(target: str, dport: int, jail: str = "www", **more: object) -> Packet:
    return opens("", target, 51000, dport, origin=from_jail(jail), **more)


def answers(*flags: str) -> Packet:
    return Packet(is_reply=True, flags=frozenset(flags))


HANDSHAKE = (answers("syn", "ack"), answers("ack"))
