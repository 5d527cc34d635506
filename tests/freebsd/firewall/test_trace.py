"""Which passes a packet makes, where it ends, what its answer bears. Source: reference ipfw §6.1, §6.2."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.packet import (
    HOST,
    Interface,
    JailPlace,
    Origin,
    Packet,
    World,
    from_jail,
)
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Ending, Walk
from tests.freebsd.firewall.tracing_scene import (
    ANSWER,
    JAIL,
    NAT,
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
    walk,
)

ALLOW = "100 allow ip from any to any"
ROUTER = replace(
    WORLD,
    interfaces=(*WORLD.interfaces, Interface("bridge0", ("10.1.0.1/24",))),
    jails=(*WORLD.jails, JailPlace("own", ("10.1.0.5",), interface="epair0a")),
    is_router=True,
)


def passes(found: Walk) -> list[tuple[str, str]]:
    return [(one.direction, one.interface) for one in found.passes]


OUT_AND_IN_AGAIN = [("out", "lo0"), ("in", "lo0")]


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (from_stranger(), [("in", "re0")]),
        (from_stranger(to=JAIL), [("in", "re0")]),
        (from_host(), [("out", "re0")]),
        (from_web(), [("out", "re0")]),
        (Packet(from_jail("web"), dst=OTHER), OUT_AND_IN_AGAIN),
        (Packet(from_jail("web"), dst=PUBLIC), OUT_AND_IN_AGAIN),
        (Packet(HOST, dst=JAIL), OUT_AND_IN_AGAIN),
        (Packet(HOST, dst="127.0.0.1"), OUT_AND_IN_AGAIN),
        (Packet(HOST, dst="::1"), OUT_AND_IN_AGAIN),
        (Packet(Origin(name="lo1"), src=STRANGER, dst=JAIL), [("in", "lo1")]),
    ],
)
def test_passes_of_a_packet(packet, expected) -> None:
    assert passes(walk(ALLOW, packet)) == expected


@pytest.mark.parametrize(
    ("packet", "ending", "jail", "interface"),
    [
        (from_stranger(), Ending.DELIVERED, "", ""),
        (from_stranger(to=JAIL), Ending.DELIVERED, "web", ""),
        (from_stranger(to="198.18.0.1"), Ending.NOT_ROUTED, "", ""),
        (from_stranger(to="224.0.0.1"), Ending.DELIVERED, "", ""),
        (from_web(), Ending.SENT, "", "re0"),
        (Packet(from_jail("web"), dst=OTHER), Ending.DELIVERED, "db", ""),
    ],
)
def test_where_a_packet_ends(packet, ending, jail, interface) -> None:
    fate = walk(ALLOW, packet).fate
    assert (fate.ending, fate.jail, fate.interface) == (ending, jail, interface)


@pytest.mark.parametrize(
    ("packet", "expected", "ending"),
    [
        (Packet(src=STRANGER, dst="10.1.0.5"), [("in", "re0"), ("out", "epair0a")], Ending.DELIVERED),
        (Packet(from_jail("own"), dst=WEB), [("in", "epair0a"), ("out", "re0")], Ending.SENT),
        (Packet(from_jail("own"), dst=PUBLIC), [("in", "epair0a")], Ending.DELIVERED),
        (Packet(from_jail("web"), dst="10.1.0.5"), [("out", "epair0a")], Ending.DELIVERED),
        (Packet(src=STRANGER, dst="10.1.0.9"), [("in", "re0"), ("out", "bridge0")], Ending.SENT),
    ],
)
def test_jail_with_its_own_stack_is_forwarded_to(packet, expected, ending) -> None:
    found = trace(firewall(ALLOW), ROUTER, [packet])[0]
    assert (passes(found), found.fate.ending) == (expected, ending)


def test_forwarded_packet_still_knows_where_it_came_in() -> None:
    rules = "100 allow ip from any to any in\n200 deny ip from any to any out recv re0 xmit epair0a"
    found = trace(firewall(rules), ROUTER, [Packet(src=STRANGER, dst="10.1.0.5")])[0]
    assert found.fate.rule_number == 200


def test_sent_packet_did_not_come_in_anywhere() -> None:
    found = walk("100 deny ip from any to any recv re0\n200 allow ip from any to any", from_host())
    assert found.fate.arrives
    assert "the host sends it itself" in found.lines[0].sentence


def test_packet_that_is_denied_on_its_way_out_does_not_come_in() -> None:
    found = walk("100 deny ip from any to any out", Packet(HOST, dst=JAIL), default_allows=True)
    assert passes(found) == [("out", "lo0")]


def test_destination_that_nat_changes_decides_where_it_goes() -> None:
    rules = "100 nat 123 ip4 from any to any in\n200 allow ip from any to any"
    nat = f"{NAT} redirect_port tcp {OTHER}:22 22"
    assert walk(rules, from_stranger(), nat).fate.jail == "db"


@pytest.mark.parametrize(
    ("packet", "source"),
    [
        (from_web(), JAIL),
        (Packet(HOST, dst=WEB), PUBLIC),
        (Packet(HOST, dst="2001:db8:1::1"), "2001:db8::10"),
        (Packet(HOST, dst="127.0.0.1"), "127.0.0.1"),
    ],
)
def test_sender_takes_the_address_that_it_would_take(packet, source) -> None:
    assert walk(ALLOW, packet).packet.src == source


def test_answer_bears_what_nat_made_of_the_question() -> None:
    rules = "100 nat 123 ip4 from any to any via re0"
    _sent, answer = talk(rules, [from_web(), ANSWER], NAT, one_pass=True)
    assert (answer.packet.src, answer.packet.dst, answer.packet.dport) == (WEB, PUBLIC, 51000)
    assert answer.packet.flags == {"syn", "ack"}


def test_answer_of_an_answer_comes_from_who_asked_first() -> None:
    rules = "100 nat 123 ip4 from any to any via re0"
    *_, third = talk(rules, [from_web(), ANSWER, ANSWER], NAT, one_pass=True)
    assert (third.packet.origin, third.packet.src, third.packet.flags) == (from_jail("web"), JAIL, {"ack"})


def test_what_did_not_arrive_is_not_answered() -> None:
    denied, answer = talk("100 deny ip from any to any", [from_web(), ANSWER])
    assert denied.fate.ending is Ending.DENIED
    assert (answer.fate.ending, answer.passes) == (Ending.NOT_SENT, ())
    assert talk(ALLOW, [ANSWER])[0].fate.ending is Ending.NOT_SENT


@pytest.mark.parametrize(
    "packet",
    [
        Packet(src="banana", dst=PUBLIC),
        Packet(src=STRANGER, dst=""),
        Packet(src=STRANGER, dst="2001:db8::10"),
        Packet(src=STRANGER, dst=PUBLIC, proto="banana"),
        Packet(dst=PUBLIC),
    ],
    ids=["no address", "no destination", "two families", "no protocol", "no source"],
)
def test_packet_that_is_none_is_refused(packet) -> None:
    with pytest.raises(ValueError):
        walk(ALLOW, packet)


def test_world_without_anything_still_answers() -> None:
    found = trace(firewall(ALLOW), World(), [Packet(src=STRANGER, dst=PUBLIC)])[0]
    assert found.fate.ending is Ending.NOT_ROUTED


def test_firewall_is_not_changed_by_a_walk_and_each_conversation_begins_anew() -> None:
    made = firewall("100 check-state\n200 allow tcp from any to any setup keep-state")
    again = replace(from_web(), flags=frozenset({"ack"}))
    assert trace(made, WORLD, [from_web(), again])[1].fate.arrives
    assert not trace(made, WORLD, [again])[0].fate.arrives


def test_what_nat_turns_to_the_host_itself_on_its_way_out_does_not_come_in_again() -> None:
    rules = "100 nat 1 ip4 from any to any out"
    nat = f"nat 1 config ip {PUBLIC} reverse redirect_port tcp {OTHER}:80 {PUBLIC}:80"
    found = talk(rules, [Packet(from_jail("web"), dst=PUBLIC, sport=1, dport=80)], nat, one_pass=True)[0]
    assert passes(found) == [("out", "lo0")]
    assert found.fate.jail == "db"
