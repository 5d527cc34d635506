"""Whether a forward is reached from outside: the tracer's answer on the rules that are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlencode

from django.urls import reverse

from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import SYN, SYN_ACK, Packet, World
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Outcome, Walk
from apps.hosts.models import Host
from apps.network.models import PortForward
from apps.network.nat.conflicts import port_ends
from apps.network.tracing.spelling import spell

STRANGERS = ("198.51.100.7", "203.0.113.77")  # kept for examples (RFC 5737): nobody is there
_SPORT = 40000


@dataclass(frozen=True, slots=True)
class Reach:
    """The answer for one forward.

    Args:
        is_open: Whether it is reached and its answer leaves; None when that cannot be told.
        sentence: Why.
        rule: The number of the rule that let it in, or of the one that stopped it; 0 for none.
        url: The tracer's page with this conversation; or empty.
    """

    is_open: bool | None
    sentence: str
    rule: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Asker:
    """What is needed to answer for the forwards of one host.

    Args:
        host: The host.
        firewall: The rules that are wanted; None when there are none.
        world: The host's surroundings.
        why_not: Why there are no rules.
    """

    host: Host
    firewall: Firewall | None
    world: World
    why_not: str = ""

    def ask(self, row: PortForward) -> Reach:
        """Send a packet and have it answered."""
        public = self._public(row)
        if self.firewall is None or not public:
            return Reach(None, self.why_not or "The instance's public address is not known.")
        packets = _conversation(row, public)
        come, back = trace(self.firewall, self.world, packets)
        return _answer(row, come, back, self._url(packets))

    def _public(self, row: PortForward) -> str:
        if row.public_address or row.nat.address:
            return row.public_address or row.nat.address
        held = next((one.addresses for one in self.world.interfaces if one.name == row.nat.interface), ())
        return next((text.partition("/")[0] for text in held if ":" not in text), "")

    def _url(self, packets: tuple[Packet, ...]) -> str:
        page = reverse("network:trace-host", args=[self.host.pk])
        pairs = [*(("p", spell(packet)) for packet in packets), ("against", "wanted")]
        return f"{page}?{urlencode(pairs)}"


def _conversation(row: PortForward, public: str) -> tuple[Packet, Packet]:
    remote, _, remote_port = row.remote.partition(":")
    sender = remote or next(text for text in STRANGERS if text != public)
    proto = row.proto if row.kind != "addr" else "tcp"
    port = port_ends(row.public_ports)[0] if row.kind == "port" else 80 if row.kind == "addr" else 0
    is_tcp = proto == "tcp"
    first = Packet(
        proto=proto, src=str(ip_address(sender)), dst=public,
        sport=(port_ends(remote_port)[0] or _SPORT) if port else 0, dport=port,
        flags=SYN if is_tcp else frozenset(),
    )  # fmt: skip
    return first, Packet(is_reply=True, flags=SYN_ACK if is_tcp else frozenset())


def _answer(row: PortForward, come: Walk, back: Walk, url: str) -> Reach:
    there = row.local_address.split(",")
    rule, rule_back = come.fate.rule_number or 0, back.fate.rule_number or 0
    if not come.fate.arrives or not come.fate.addresses:
        return Reach(False, come.fate.sentence, rule, url)
    if come.fate.addresses.dst not in there:
        return Reach(False, f"It goes elsewhere: {come.fate.sentence}", rule, url)
    if not back.fate.arrives:
        return Reach(False, f"It arrives, its answer does not: {back.fate.sentence}", rule_back, url)
    if back.fate.addresses and back.fate.addresses.src in there:
        return Reach(False, f"Its answer is not translated: {back.fate.sentence}", rule_back, url)
    let_in = [line.number for line in come.lines if line.outcome is Outcome.JUMPED]
    is_certain = come.is_certain and back.is_certain
    return Reach(True if is_certain else None, come.fate.sentence, (*let_in, rule)[0], url)
