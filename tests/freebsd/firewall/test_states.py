"""How long states live, and which packets are theirs. Source: reference ipfw §6.7, §6.9."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.packet import ACK, HOST, Packet
from tests.freebsd.firewall.tracing_scene import (
    AGAIN,
    ANSWER,
    PUBLIC,
    STRANGER,
    WEB,
    from_host,
    from_web,
    talk,
)

RULES = """
100 check-state
200 allow tcp from any to any setup keep-state
300 allow udp from any to any out keep-state
"""
FIN_ACK = frozenset({"fin", "ack"})
RST = frozenset({"rst"})


def lives(packets: list[Packet], pause_s: float) -> bool:
    """Whether the jail's next packet still meets the state after a pause."""
    return talk(RULES, [*packets, from_web(flags=ACK, after_s=pause_s)])[-1].fate.arrives


@pytest.mark.parametrize(
    ("packets", "life_s"),
    [
        ([from_web()], 20),
        ([from_web(), ANSWER], 20),
        ([from_web(), ANSWER, AGAIN], 300),
        ([from_web(), ANSWER, AGAIN, from_web(flags=FIN_ACK)], 300),
        ([from_web(), ANSWER, AGAIN, from_web(flags=FIN_ACK), Packet(is_reply=True, flags=FIN_ACK)], 1),
        ([from_web(), ANSWER, AGAIN, from_web(flags=RST)], 1),
    ],
    ids=["opened", "answered", "established", "half closed", "closed", "reset"],
)
def test_tcp_state_lives_as_long_as_its_stage_says(packets, life_s) -> None:
    assert lives(packets, life_s - 0.5)
    assert not lives(packets, life_s + 0.5)


@pytest.mark.parametrize(("pause_s", "arrives"), [(9, True), (11, False)])
def test_udp_state_lives_ten_seconds(pause_s, arrives) -> None:
    ask = Packet(HOST, "udp", PUBLIC, WEB, 40000, 53)
    answer = Packet(proto="udp", src=WEB, dst=PUBLIC, sport=53, dport=40000, after_s=pause_s)
    assert talk(RULES, [ask, answer])[-1].fate.arrives is arrives


def test_every_packet_gives_it_a_new_life() -> None:
    packets = [from_web(), *(from_web(flags=ACK, after_s=15) for _ in range(4))]
    assert all(one.fate.arrives for one in talk(RULES, packets))


def test_other_ports_are_another_conversation() -> None:
    stranger = Packet(src=WEB, dst=PUBLIC, sport=80, dport=40001, flags=ACK)
    assert not talk(RULES, [from_host(), stranger])[-1].fate.arrives


def test_icmp_message_about_a_conversation_is_not_its_own() -> None:
    message = Packet(proto="icmp", src=WEB, dst=PUBLIC, icmp_type=3)
    assert not talk(RULES, [from_host(), message])[-1].fate.arrives


def test_ping_and_its_answer_are_one_conversation() -> None:
    rules = "100 allow icmp from me to any out icmptypes 8 keep-state"
    ask, answer = talk(rules, [Packet(HOST, "icmp", PUBLIC, STRANGER), ANSWER])
    assert answer.packet.icmp_type == 0
    assert answer.fate.arrives
    assert ask.lines[0].state.ends == f"icmp {PUBLIC} ↔ {STRANGER}"


def test_ipv6_conversations_have_states_too() -> None:
    _ask, answer = talk(
        RULES, [Packet(HOST, dst="2001:db8:1::1", sport=4, dport=80, flags=from_web().flags), ANSWER]
    )
    assert answer.fate.arrives
    assert answer.lines[0].state.ends == "tcp [2001:db8::10]:4 ↔ [2001:db8:1::1]:80"
