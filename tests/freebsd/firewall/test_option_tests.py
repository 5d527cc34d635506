"""Each option that a packet can be tested by: what it takes and leaves. Source: reference ipfw §2, §6."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.model import Table
from apps.freebsd.firewall.packet import ACK, HOST, SYN_ACK, Packet, from_jail
from tests.freebsd.firewall.tracing_scene import (
    JAIL,
    PUBLIC,
    STRANGER,
    WEB,
    allows,
    from_host,
    from_stranger,
    from_web,
    on,
)

PING = Packet(src=STRANGER, dst=PUBLIC, proto="icmp")
REFUSED = Packet(src=STRANGER, dst=PUBLIC, proto="icmp", icmp_type=3)
PING6 = Packet(src="2001:db8:1::1", dst="2001:db8::10", proto="ipv6-icmp", icmp_type=128)
UDP = from_stranger(53, proto="udp", flags=frozenset())
LATE = from_stranger(22, fragment_offset=1480)
GRE = Packet(src=STRANGER, dst=PUBLIC, proto="gre")
FIN = frozenset({"fin", "ack"})
RST = frozenset({"rst"})


@pytest.mark.parametrize(
    ("body", "taken", "left"),
    [
        ("ip from any to any", (from_web(), PING6), ()),
        ("ip4 from any to any", (from_web(),), (PING6,)),
        ("ip6 from any to any", (PING6,), (from_web(),)),
        ("tcp from any to any", (from_web(),), (UDP, PING)),
        ("icmp from any to any", (PING,), (PING6,)),
        ("ipv6-icmp from any to any", (PING6,), (PING,)),
        ("gre from any to any", (GRE,), (UDP,)),
        ("{ tcp or udp } from any to any", (UDP, from_web()), (PING,)),
        ("ip from any to any proto udp", (UDP,), (from_web(),)),
        ("ip from any to any in", (UDP,), (from_web(),)),
        ("ip from any to any out", (from_web(),), (UDP,)),
        ("ip from any to any via re0", (UDP, from_web()), ()),
        ("ip from any to any via re*", (UDP, from_web()), ()),
        ("ip from any to any via lo0", (), (UDP, from_web())),
        ("ip from any to any recv re0", (UDP,), (from_web(),)),
        ("ip from any to any xmit re0", (from_web(),), (UDP,)),
        (f"ip from any to any via {PUBLIC}", (UDP,), ()),
        ("ip from any to any via 127.0.0.1", (), (UDP,)),
        ("tcp from any to any setup", (from_stranger(),), (from_stranger(flags=SYN_ACK), UDP)),
        (
            "tcp from any to any established",
            (from_stranger(flags=ACK), from_stranger(flags=SYN_ACK), from_stranger(flags=RST)),
            (from_stranger(), UDP),
        ),
        (
            "tcp from any to any tcpflags fin,!syn",
            (from_stranger(flags=FIN),),
            (from_stranger(), from_stranger(flags=ACK)),
        ),
        ("ip from any to any frag", (LATE,), (from_stranger(), UDP)),
        ("icmp from any to any icmptypes 0,8", (PING,), (REFUSED,)),
        ("ip from any to any icmp6types 128", (PING6,), (PING,)),
        ("ip from any to any src-ip 203.0.113.0/24", (UDP,), (from_web(),)),
        ("ip from any to any dst-ip 192.0.2.10", (UDP,), (from_web(),)),
        ("ip from any to any src-port 1234", (UDP,), (from_web(), PING)),
        ("ip from any to any dst-port 53,100-200", (UDP, from_stranger(150)), (from_stranger(99), LATE)),
        ("tcp from any to any not dst-port 80", (from_stranger(), LATE), (from_web(),)),
        ("ip from any to any ipttl 64", (UDP,), (from_stranger(ttl=63),)),
        ("ip from any to any iplen 0-100", (UDP,), (from_stranger(length=1500),)),
        ("ip from any to any ipid 7", (from_stranger(ip_id=7),), (UDP,)),
        ("ip from any to any dscp af11,ef", (from_stranger(tos=10 << 2), from_stranger(tos=46 << 2)), (UDP,)),
        ("ip from any to any iptos lowdelay", (from_stranger(tos=0x10),), (UDP,)),
        ("ip from any to any iptos !mincost", (UDP,), (from_stranger(tos=0x12),)),
        ("ip from any to any verrevpath in", (UDP,), (from_stranger(origin=on("lo1")),)),
        (
            "ip from any to any antispoof in",
            (UDP, Packet(src="192.0.2.77", dst=PUBLIC)),
            (Packet(on("lo1"), src="192.0.2.77", dst=PUBLIC),),
        ),
        ("ip from any to any versrcreach", (Packet(src="192.0.2.77", dst=PUBLIC), from_web()), (UDP,)),
        ("ip from any to any jail 7", (from_web(),), (from_host(), PING)),
        ("ip from any to any layer2", (), (UDP,)),
        ("ip from any to any { in or via lo0 }", (UDP,), (from_web(),)),
        ("in via re0", (UDP,), (from_web(),)),
    ],
)  # fmt: skip
def test_option_takes_and_leaves(body, taken, left) -> None:
    assert all(allows(body, packet) for packet in taken)
    assert not any(allows(body, packet) for packet in left)


@pytest.mark.parametrize(
    ("text", "taken", "left"),
    [
        ("any", (from_web(), PING6), ()),
        ("me", (from_web(), from_host(), Packet(HOST, dst="2001:db8:1::1")), (UDP, PING6)),
        ("me6", (Packet(HOST, dst="2001:db8:1::1"),), (from_host(),)),
        ("not me", (UDP,), (from_web(),)),
        (JAIL, (from_web(),), (from_host(),)),
        ("10.0.0.0/24", (from_web(),), (from_host(), PING6)),
        ("not 10.0.0.0/24", (from_host(), PING6), (from_web(),)),
        ("10.0.0.5:255.0.0.255", (from_web(), Packet(src="10.7.7.5", dst=PUBLIC)), (from_host(),)),
        ("10.0.0.0/24,203.0.113.0/24", (from_web(), UDP), (from_host(),)),
        ("10.0.0.0/24{1,5-9}", (from_web(),), (Packet(from_jail("x"), src="10.0.0.4", dst=WEB),)),
        ("{ 10.0.0.5 or 203.0.113.9 }", (from_web(), UDP), (from_host(),)),
        ("2001:db8:1::/48", (PING6,), (UDP,)),
        ("table(jails)", (from_web(),), (UDP,)),
        ("table(jails,5)", (), (from_web(),)),
        ("table(nosuch)", (), (from_web(),)),
    ],
)
def test_address_takes_and_leaves(text, taken, left) -> None:
    tables = (Table("jails", (("10.0.0.0/24", "5"), (f"{JAIL}/32", "7"))),)
    assert all(allows(f"ip from {text} to any", packet, tables=tables) for packet in taken)
    assert not any(allows(f"ip from {text} to any", packet, tables=tables) for packet in left)


@pytest.mark.parametrize("option", ["verrevpath", "antispoof"])
def test_hosts_own_address_comes_over_loopback_only(option) -> None:
    own = Packet(on("lo0"), src=PUBLIC, dst=JAIL)
    assert allows(f"ip from any to any {option} in", own)
    assert not allows(f"ip from any to any {option} in", Packet(src=PUBLIC, dst=JAIL))


def test_longest_network_of_a_table_gives_the_value() -> None:
    tables = (Table("jails", (("10.0.0.0/24", "5"), (f"{JAIL}/32", "7"))),)
    assert allows("ip from table(jails,7) to any", from_web(), tables=tables)


def test_table_of_interfaces_is_looked_up_by_name() -> None:
    tables = (Table("ours", (("re0", "0"),), kind="iface"),)
    assert allows("ip from any to any via table(ours)", from_web(), tables=tables)
    assert not allows("ip from any to any via table(ours)", from_stranger(origin=on("lo1")), tables=tables)


def test_lookup_finds_addresses_in_a_table() -> None:
    tables = (Table("ours", ((f"{JAIL}/32", "0"),)),)
    assert allows("ip from any to any lookup src-ip ours", from_web(), tables=tables)
    assert not allows("ip from any to any lookup dst-ip ours", from_web(), tables=tables)
