"""NAT instances: links, redirects, modes."""

from __future__ import annotations

import pytest

from apps.simulator.ipfw.packets import ICMP, Packet
from tests.simulator.ipfw.bare import JAIL, PUBLIC, STRANGER, SYN_ACK, WEB, Bare, destination, source, tcp

RULES = (
    f"add 10 nat 1 ip4 from any to {PUBLIC},192.0.2.11 in recv re0",
    "add 20 nat 1 ip4 from any to any out xmit re0",
)
GRE = 47


def host(options: str) -> Bare:
    made = Bare(f"nat 1 config {options}", *RULES)
    next(item for item in made.kernel.interfaces if item.name == "re0").addresses.append("192.0.2.11/32")
    return made


def asked(options: str, src: str = JAIL) -> tuple[str, int]:
    return source(host(options).out(tcp(src, 51000, WEB, 80)).packet)


@pytest.mark.parametrize(
    ("options", "src", "leaves_as"),
    [
        (f"ip {PUBLIC} same_ports", JAIL, PUBLIC),
        ("if re0 same_ports", JAIL, PUBLIC),
        (f"ip {PUBLIC} same_ports unreg_only", "203.0.113.50", "203.0.113.50"),
        (f"ip {PUBLIC} same_ports", "203.0.113.50", PUBLIC),
        (f"ip {PUBLIC} same_ports unreg_only", "100.64.0.1", "100.64.0.1"),
        (f"ip {PUBLIC} same_ports unreg_cgn", "100.64.0.1", PUBLIC),
        (f"ip {PUBLIC} same_ports proxy_only", JAIL, JAIL),
        (f"ip {PUBLIC} same_ports redirect_addr {JAIL} 192.0.2.11", JAIL, "192.0.2.11"),
    ],
)
def test_the_source_becomes_what_the_options_say(options, src, leaves_as):
    assert asked(options, src) == (leaves_as, 51000)


def test_ports_are_kept_only_where_that_is_asked_for_and_free():
    nat = host(f"ip {PUBLIC} same_ports")
    first, second = (nat.out(tcp(jail, 51000, WEB, 80)).packet for jail in (JAIL, "10.0.0.6"))
    assert first.sport == 51000 != second.sport
    assert destination(nat.into(second.reply(SYN_ACK)).packet) == ("10.0.0.6", 51000)
    assert asked(f"ip {PUBLIC}")[1] != 51000


def test_the_same_conversation_keeps_its_link():
    nat = host(f"ip {PUBLIC}")
    ports = {nat.out(tcp(JAIL, 51000, WEB, 80)).packet.sport for _ in range(3)}
    assert len(ports) == len(nat.ipfw.links) == 1


def test_echo_is_known_by_its_id():
    nat = host(f"ip {PUBLIC}")
    sent = [nat.out(Packet(ICMP, jail, WEB, icmp_type=8, ident=7)).packet for jail in (JAIL, "10.0.0.6")]
    back = [nat.into(packet.reply()).packet for packet in sent]
    assert [(packet.dst, packet.ident, packet.icmp_type) for packet in back] == [
        (JAIL, 7, 0),
        ("10.0.0.6", 7, 0),
    ]


def test_a_redirect_leads_in_and_its_answer_leaves_by_the_public_port():
    nat = host(f"ip {PUBLIC} same_ports deny_in redirect_port tcp {JAIL}:8080-8082 80-82")
    there = nat.into(tcp(STRANGER, 4000, PUBLIC, 81))
    assert destination(there.packet) == (JAIL, 8081)
    assert source(nat.out(there.packet.reply(SYN_ACK)).packet) == (PUBLIC, 81)
    assert nat.into(tcp(STRANGER, 4000, PUBLIC, 83)).fate == "dropped"


def test_a_redirect_may_be_for_one_stranger_only():
    nat = host(f"ip {PUBLIC} deny_in redirect_port tcp {JAIL}:80 80 {STRANGER}")
    assert nat.into(tcp(STRANGER, 1, PUBLIC, 80)).fate == "delivered"
    assert nat.into(tcp(WEB, 1, PUBLIC, 80)).fate == "dropped"


def test_a_pools_servers_take_turns_and_keep_their_conversations():
    nat = host(f"ip {PUBLIC} redirect_port tcp {JAIL}:80,10.0.0.6:80 80")
    reached = [nat.into(tcp(STRANGER, port, PUBLIC, 80)).packet.dst for port in (1, 2, 1, 3)]
    assert reached[0] == reached[2] == reached[3] != reached[1]


def test_redirect_addr_takes_in_everything_unless_deny_in_is_said():
    options = f"ip {PUBLIC} redirect_addr {JAIL} 192.0.2.11"
    assert destination(host(options).into(tcp(STRANGER, 1, "192.0.2.11", 999)).packet) == (JAIL, 999)
    assert host(f"{options} deny_in").into(tcp(STRANGER, 1, "192.0.2.11", 999)).fate == "dropped"


def test_redirect_proto_leads_a_protocol_without_ports():
    nat = host(f"ip {PUBLIC} deny_in redirect_proto gre {JAIL}")
    assert nat.into(Packet(GRE, STRANGER, PUBLIC)).packet.dst == JAIL


def test_reverse_turns_the_directions_round():
    nat = Bare(f"nat 1 config ip {PUBLIC} same_ports reverse", "add 10 nat 1 ip4 from any to any in")
    assert source(nat.into(tcp(STRANGER, 1, PUBLIC, 80)).packet) == (PUBLIC, 1)


def test_later_fragments_come_in_nowhere_and_go_out_with_the_address_alone():
    nat = host(f"ip {PUBLIC}")
    assert nat.into(Packet(6, STRANGER, PUBLIC, offset=1480)).fate == "dropped"
    assert source(nat.out(Packet(6, JAIL, WEB, offset=1480)).packet) == (PUBLIC, 0)


def test_global_takes_the_instance_that_knows_the_packet():
    nat = Bare(
        f"nat 1 config ip {PUBLIC} same_ports",
        "nat 2 config ip 192.0.2.11 same_ports",
        "add 10 nat global ip4 from any to any in",
        "add 20 nat 2 ip4 from any to any out",
    )
    sent = nat.out(tcp(JAIL, 51000, WEB, 80)).packet
    assert destination(nat.into(sent.reply(SYN_ACK)).packet) == (JAIL, 51000)
    assert nat.into(tcp(STRANGER, 1, PUBLIC, 80)).fate == "delivered"
