"""Which packets change their fate, and how that is said."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.compare import changed_fates
from apps.freebsd.firewall.packet import Packet
from tests.freebsd.firewall.tracing_scene import (
    ANSWER,
    ARTICLE,
    JAIL,
    NAT,
    OTHER,
    PUBLIC,
    STRANGER,
    WORLD,
    firewall,
    from_stranger,
    from_web,
)

NOTHING = firewall("")
ALL = firewall("100 allow ip from any to any")
TO_JAIL = firewall(
    "100 nat 123 ip4 from any to any via re0", f"{NAT} redirect_port tcp {OTHER}:22 22", one_pass=True
)
NAMED = Packet(src=STRANGER, dst=PUBLIC, sport=1234, dport=22, said="From anywhere to 192.0.2.10 port 22")


def sentences(before, after, *packets) -> list[str]:
    return [one.sentence for one in changed_fates(before, after, WORLD, packets)]


@pytest.mark.parametrize(
    ("before", "after", "packet", "who", "what"),
    [
        (
            NOTHING,
            TO_JAIL,
            NAMED,
            "From anywhere to 192.0.2.10 port 22",
            "was denied by rule 65535, now goes to jail db (10.0.0.6:22, from 203.0.113.9:1234)",
        ),
        (
            ALL,
            NOTHING,
            from_stranger(),
            "From 203.0.113.9 to 192.0.2.10 port 22",
            "went to the host (192.0.2.10:22, from 203.0.113.9:1234), now is denied by rule 65535",
        ),
        (
            ALL,
            TO_JAIL,
            from_web(),
            "From 10.0.0.5 to 198.51.100.7 port 80",
            "left on re0 as 10.0.0.5:51000, now leaves on re0 as 192.0.2.10:51000",
        ),
    ],
)
def test_sentence_tells_of_before_and_after(before, after, packet, who, what) -> None:
    assert sentences(before, after, packet) == [f"{who}: {what}."]


def test_another_rule_that_denies_is_no_other_fate() -> None:
    assert not sentences(NOTHING, firewall("100 deny ip from any to any"), from_stranger(), from_web())


def test_same_firewall_changes_nothing() -> None:
    assert not sentences(TO_JAIL, TO_JAIL, (from_stranger(), ANSWER), (from_web(), ANSWER))


def test_answer_that_fares_otherwise_changes_the_conversation() -> None:
    out = f"allow tcp from {PUBLIC} 22 to any out"
    before = firewall(ARTICLE, NAT, one_pass=True)
    after = firewall(f"{ARTICLE}800 {out}", NAT, one_pass=True)
    (changed,) = changed_fates(before, after, WORLD, [(from_stranger(), ANSWER)])
    assert changed.place == 1
    assert changed.is_opened
    assert "the answer: was denied by rule 65535, now leaves on re0 as 192.0.2.10:22." in changed.sentence


def test_opened_and_closed_are_told_apart() -> None:
    (opened,) = changed_fates(NOTHING, ALL, WORLD, [from_stranger()])
    (closed,) = changed_fates(ALL, NOTHING, WORLD, [from_stranger()])
    assert (opened.is_opened, opened.is_closed) == (True, False)
    assert (closed.is_opened, closed.is_closed) == (False, True)


def test_conversations_know_nothing_of_each_other() -> None:
    after = firewall("100 allow tcp from any to any setup keep-state")
    again = from_web(flags=frozenset({"ack"}))
    assert len(changed_fates(NOTHING, after, WORLD, [from_web(), again])) == 1


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (Packet(src=STRANGER, dst=PUBLIC, proto="icmp"), "(ping)"),
        (Packet(src=STRANGER, dst=PUBLIC, proto="icmp", icmp_type=3), "(icmp type 3)"),
        (Packet(src=STRANGER, dst=PUBLIC, proto="udp", sport=1, dport=53), "port 53 (udp)"),
        (Packet(src=STRANGER, dst=PUBLIC, proto="gre"), "(gre)"),
    ],
)
def test_packets_are_called_by_what_they_are(packet, said) -> None:
    assert sentences(NOTHING, ALL, packet)[0].startswith(f"From {STRANGER} to {PUBLIC} {said}: ")


def test_jails_own_address_is_named_when_none_was_given() -> None:
    assert sentences(NOTHING, ALL, from_web())[0].startswith(f"From {JAIL} to ")
