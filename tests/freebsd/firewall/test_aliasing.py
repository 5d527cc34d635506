"""What NAT makes of addresses. Source: reference ipfw §5.3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.model import Firewall, NatInstance, Redirect
from apps.freebsd.firewall.packet import ACK, HOST, SYN, Packet
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Ending
from tests.freebsd.firewall.tracing_scene import (
    ANSWER,
    JAIL,
    OTHER,
    PUBLIC,
    STRANGER,
    WEB,
    WORLD,
    firewall,
    from_host,
    from_stranger,
    from_web,
    talk,
)

RULES = "100 nat 1 ip4 from any to any via re0"
BOTH = ("same_ports", "")


def sent(options: str, *packets: Packet) -> list[str]:
    """Return whom packets come from, or go to, after NAT."""
    found = talk(RULES, list(packets), f"nat 1 config {options}", one_pass=True)
    return [
        one.fate.addresses.sent_by if one.passes[-1].direction == "out" else one.fate.addresses.sent_to
        for one in found
    ]


def test_source_becomes_the_public_address_and_keeps_its_port() -> None:
    assert sent(f"ip {PUBLIC} same_ports", from_web()) == [f"{PUBLIC}:51000"]


def test_without_same_ports_another_port_is_taken_always_the_same() -> None:
    assert sent(f"ip {PUBLIC}", from_web()) == sent(f"ip {PUBLIC}", from_web()) == [f"{PUBLIC}:32768"]


def test_port_that_is_taken_towards_the_same_end_is_not_given_twice() -> None:
    other = replace(from_web(), origin=replace(from_web().origin, name="db"))
    first, second = sent(f"ip {PUBLIC} same_ports", from_web(), other)
    assert (first, second) == (f"{PUBLIC}:51000", f"{PUBLIC}:32768")
    elsewhere = replace(other, dst=STRANGER)
    assert sent(f"ip {PUBLIC} same_ports", from_web(), elsewhere)[1] == f"{PUBLIC}:51000"


def test_same_conversation_keeps_its_link() -> None:
    assert len(set(sent(f"ip {PUBLIC}", from_web(), from_web(flags=ACK)))) == 1


@pytest.mark.parametrize("same", BOTH)
def test_answer_finds_its_way_back(same) -> None:
    found = talk(RULES, [from_web(), ANSWER], f"nat 1 config ip {PUBLIC} {same}".strip(), one_pass=True)
    assert (found[1].fate.jail, found[1].fate.addresses.sent_to) == ("web", f"{JAIL}:51000")


def test_ping_is_translated_by_its_id() -> None:
    ping = Packet(from_web().origin, "icmp", dst=WEB, icmp_id=7)
    other = replace(ping, origin=replace(ping.origin, name="db"))
    found = talk(RULES, [ping, other, ANSWER], f"nat 1 config ip {PUBLIC} same_ports", one_pass=True)
    assert [one.icmp_id for one in found[:2]] == [7, 32768]
    assert found[2].fate.jail == "db"


@pytest.mark.parametrize(
    ("option", "source", "after"),
    [
        ("unreg_only", JAIL, PUBLIC),
        ("unreg_only", "172.31.0.1", PUBLIC),
        ("unreg_only", "172.32.0.1", "172.32.0.1"),
        ("unreg_only", "192.168.7.7", PUBLIC),
        ("unreg_only", "100.64.0.1", "100.64.0.1"),
        ("unreg_cgn", "100.64.0.1", PUBLIC),
        ("unreg_cgn", "203.0.113.1", "203.0.113.1"),
        ("proxy_only", JAIL, JAIL),
        ("unreg_only proxy_only", JAIL, PUBLIC),
    ],
)
def test_which_sources_are_translated(option, source, after) -> None:
    packet = replace(from_web(), src=source)
    assert sent(f"ip {PUBLIC} same_ports {option}", packet) == [f"{after}:51000"]


def test_address_may_be_the_interfaces() -> None:
    assert sent("if re0 same_ports", from_web()) == [f"{PUBLIC}:51000"]


def test_instance_without_an_address_drops() -> None:
    found = talk(RULES, [from_web()], "nat 1 config if nosuch0")
    assert found[0].fate.ending is Ending.DROPPED


@pytest.mark.parametrize(
    ("redirect", "port", "after"),
    [
        (f"redirect_port tcp {OTHER}:22 2222", 2222, f"{OTHER}:22"),
        (f"redirect_port tcp {OTHER}:22 {PUBLIC}:2222", 2222, f"{OTHER}:22"),
        (f"redirect_port tcp {OTHER}:22 192.0.2.11:2222", 2222, f"{PUBLIC}:2222"),
        (f"redirect_port tcp {OTHER}:8000-8009 9000-9009", 9003, f"{OTHER}:8003"),
        (f"redirect_port tcp {OTHER}:8000-8009 9000-9009", 9010, f"{PUBLIC}:9010"),
        (f"redirect_port udp {OTHER}:22 2222", 2222, f"{PUBLIC}:2222"),
        (f"redirect_port tcp {OTHER}:22 2222 {STRANGER}", 2222, f"{OTHER}:22"),
        (f"redirect_port tcp {OTHER}:22 2222 {STRANGER}:1234", 2222, f"{OTHER}:22"),
        (f"redirect_port tcp {OTHER}:22 2222 {WEB}", 2222, f"{PUBLIC}:2222"),
        (f"redirect_addr {OTHER} {PUBLIC}", 2222, f"{OTHER}:2222"),
        (f"redirect_addr {OTHER} 192.0.2.11", 2222, f"{PUBLIC}:2222"),
    ],
)
def test_where_redirects_lead(redirect, port, after) -> None:
    assert sent(f"ip {PUBLIC} same_ports {redirect}", from_stranger(port)) == [after]


def test_servers_of_a_pool_take_turns() -> None:
    pool = f"ip {PUBLIC} redirect_port tcp {JAIL}:80,{OTHER}:80 80"
    asked = [replace(from_stranger(80), sport=1000 + place) for place in range(4)]
    found = sent(pool, *asked)
    assert found[0] == found[2] != found[1] == found[3]


def test_published_service_speaks_as_its_public_end_even_when_it_begins() -> None:
    packet = Packet(replace(from_web().origin, name="db"), dst=STRANGER, sport=22, dport=1234, flags=SYN)
    assert sent(f"ip {PUBLIC} same_ports redirect_port tcp {OTHER}:22 2222", packet) == [f"{PUBLIC}:2222"]


def test_redirected_address_speaks_as_its_public_one() -> None:
    assert sent(f"ip {PUBLIC} same_ports redirect_addr {JAIL} 192.0.2.12", from_web()) == ["192.0.2.12:51000"]


def test_redirected_protocol_goes_to_its_jail() -> None:
    gre = Packet(src=STRANGER, dst=PUBLIC, proto="gre")
    assert sent(f"ip {PUBLIC} redirect_proto gre {OTHER}", gre) == [OTHER]


def test_redirected_address_alone_is_not_let_in_by_deny_in() -> None:
    nat = f"nat 1 config ip {PUBLIC} deny_in redirect_addr {OTHER} {PUBLIC}"
    assert talk(RULES, [from_stranger(22)], nat, one_pass=True)[0].fate.ending is Ending.DROPPED


def test_reverse_turns_in_and_out_round() -> None:
    assert sent(f"ip {PUBLIC} same_ports reverse", from_stranger(22)) == [f"{PUBLIC}:22"]
    found = talk(RULES, [from_stranger(22)], "nat 1 config ip 192.0.2.9 same_ports reverse", one_pass=True)
    assert found[0].fate.addresses.sent_by == "192.0.2.9:1234"


@pytest.mark.parametrize("option", ["", "deny_in"])
def test_later_fragments_are_dropped_on_their_way_in(option) -> None:
    late = from_stranger(22, fragment_offset=1480)
    found = talk(RULES, [late], f"nat 1 config ip {PUBLIC} {option}".strip())
    assert found[0].fate.ending is Ending.DROPPED
    assert "reass" in found[0].lines[0].sentence


def test_later_fragments_are_translated_on_their_way_out() -> None:
    assert sent(f"ip {PUBLIC}", from_web(fragment_offset=1480)) == [PUBLIC]


def test_trouble_messages_pass_unchanged_without_deny_in() -> None:
    message = Packet(proto="icmp", src=WEB, dst=PUBLIC, icmp_type=3)
    assert sent(f"ip {PUBLIC}", message) == [PUBLIC]
    found = talk(RULES, [message], f"nat 1 config ip {PUBLIC} deny_in")
    assert found[0].fate.ending is Ending.DROPPED


def test_unasked_packet_makes_a_link_by_which_the_answer_leaves() -> None:
    assert sent(f"ip {PUBLIC}", from_stranger(22), ANSWER) == [f"{PUBLIC}:22", f"{PUBLIC}:22"]


def test_instances_know_nothing_of_each_other() -> None:
    rules = "100 nat 1 ip4 from any to any out\n200 nat 2 ip4 from any to any in"
    nats = (f"nat 1 config ip {PUBLIC} same_ports", f"nat 2 config ip {PUBLIC} deny_in")
    found = talk(rules, [from_web(), ANSWER], *nats, one_pass=True)
    assert found[1].fate.ending is Ending.DROPPED


def test_redirect_that_is_not_understood_is_said() -> None:
    nat = NatInstance(1, PUBLIC, redirects=frozenset({Redirect("port", ("web.example:80",), "80", "tcp")}))
    made = Firewall(firewall(RULES).rules, (nat,))
    assert "redirect" in trace(made, WORLD, [from_stranger(80)])[0].doubts[0]


def test_what_the_host_sends_keeps_its_address() -> None:
    assert sent(f"ip {PUBLIC} same_ports", from_host()) == [f"{PUBLIC}:40000"]
    assert sent(f"ip {PUBLIC} same_ports", Packet(HOST, "icmp", PUBLIC, WEB)) == [PUBLIC]
