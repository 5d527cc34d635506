"""What is said of a rule that did not match. The sentences are for people."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.packet import ACK, HOST, Packet
from tests.freebsd.firewall.tracing_scene import PUBLIC, STRANGER, from_stranger, from_web, walk

LATE = from_stranger(22, fragment_offset=1480)
PING = Packet(src=STRANGER, dst=PUBLIC, proto="icmp")


@pytest.mark.parametrize(
    ("body", "packet", "sentence"),
    [
        ("ip from any to any out", from_stranger(), "It goes in, the rule wants out."),
        ("ip from any to any in", from_web(), "It goes out, the rule wants in."),
        ("udp from any to any", from_web(), "It is tcp, the rule wants udp."),
        ("ip6 from any to any", from_web(), "It is IPv4, the rule wants IPv6."),
        ("ip4 from any to any", Packet(HOST, dst="2001:db8:1::1"), "It is IPv6, the rule wants IPv4."),
        (
            "ip from 10.1.0.0/24 to any",
            from_web(),
            "It comes from 10.0.0.5, the rule wants 10.1.0.0/24.",
        ),
        (
            "ip from not 10.0.0.0/24 to any",
            from_web(),
            "It comes from 10.0.0.5, the rule wants anything but 10.0.0.0/24.",
        ),
        (
            "ip from me to any",
            from_stranger(),
            "It comes from 203.0.113.9, which is none of the host's own addresses.",
        ),
        (
            "ip from any to not me",
            from_stranger(),
            "It goes to 192.0.2.10, which is one of the host's own addresses.",
        ),
        ("ip from table(x) to any", from_web(), "It comes from 10.0.0.5, and there is no table x."),
        ("tcp from any to any 443", from_web(), "Its port is 80, the rule wants 443."),
        ("tcp from any 22 to any", from_web(), "Its source port is 51000, the rule wants 22."),
        ("ip from any to any dst-port 22", PING, "It is icmp, which has no ports, the rule wants port 22."),
        ("tcp from any to any 22", LATE, "It is a later fragment and has no ports in it."),
        ("ip from any to any via lo0", from_web(), "It goes over re0, the rule wants lo0."),
        (
            "ip from any to any recv lo0",
            from_stranger(),
            "It came in on re0, the rule wants lo0.",
        ),
        (
            "ip from any to any xmit re0",
            from_stranger(),
            "It comes in and is not being sent, the rule wants it sent on re0.",
        ),
        (
            "tcp from any to any setup",
            from_stranger(flags=ACK),
            "It has ack, the rule wants the first packet of a connection (SYN without ACK).",
        ),
        (
            "tcp from any to any established",
            from_stranger(),
            "It only asks for a connection, the rule wants those that are under way.",
        ),
        (
            "tcp from any to any tcpflags fin",
            from_stranger(),
            "It has syn, the rule wants the TCP flags fin.",
        ),
        ("icmp from any to any icmptypes 0,3", PING, "It is of ICMP type 8, the rule wants ICMP type 0,3."),
        ("ip from any to any frag", from_web(), "It is no fragment, the rule wants frag offset."),
        ("ip from any to any tagged 5", from_web(), "Its tags: none; the rule wants tag 5."),
        (
            "ip from any to any not verrevpath",
            from_stranger(),
            "The way back to 203.0.113.9 leads over re0, and it is on re0.",
        ),
        ("ip from any to any ipttl 1", from_web(), "The rule wants “ipttl 1”."),
        (
            "{ udp or icmp } from any to any",
            from_web(),
            "None of these holds: it is tcp, the rule wants udp; it is tcp, the rule wants icmp.",
        ),
    ],
)
def test_sentence_says_what_did_not_match(body, packet, sentence) -> None:
    line = walk(f"100 allow {body}", packet).lines[0]
    assert line.sentence == sentence
    assert line.missed


def test_missed_clause_is_the_one_that_failed() -> None:
    line = walk("100 allow tcp from any to any 443 out", from_web()).lines[0]
    assert [(term.name, term.value) for term in line.missed] == [("dst-port", "443")]
