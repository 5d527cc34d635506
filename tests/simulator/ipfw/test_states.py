"""Dynamic states: names, directions, lifetimes, limits, orphans."""

from __future__ import annotations

import pytest

from apps.simulator.ipfw import kernel
from apps.simulator.ipfw.packets import ICMP, UDP, Packet
from tests.simulator.ipfw.bare import ACK, JAIL, PUBLIC, STRANGER, SYN_ACK, WEB, Bare, tcp

FIN, RST = frozenset({"fin", "ack"}), frozenset({"rst"})
KEEP = ("add 50 check-state", "add 100 allow tcp from any to any setup keep-state")
ASKED, ANSWER = tcp(JAIL, 51000, WEB, 80), tcp(WEB, 80, JAIL, 51000, SYN_ACK)


def lifetime(host: Bare) -> float:
    (state,) = host.ipfw.states
    return state.expires - host.clock


@pytest.mark.parametrize(
    ("flags", "seconds"),
    [
        ((), 20),
        ((("back", SYN_ACK),), 20),
        ((("back", SYN_ACK), ("there", ACK)), 300),
        ((("back", SYN_ACK), ("there", ACK), ("there", FIN)), 300),
        ((("back", SYN_ACK), ("there", ACK), ("there", FIN), ("back", FIN)), 1),
        ((("back", SYN_ACK), ("there", RST)), 1),
    ],
)
def test_a_state_lives_as_long_as_its_flags_say(flags, seconds):
    host = Bare(*KEEP)
    host.out(ASKED)
    for way, seen in flags:
        if way == "there":
            host.out(tcp(JAIL, 51000, WEB, 80, seen))
        else:
            host.into(tcp(WEB, 80, JAIL, 51000, seen))
    assert lifetime(host) == seconds


@pytest.mark.parametrize(("proto", "seconds"), [(UDP, 10), (ICMP, 5)])
def test_others_live_shorter(proto, seconds):
    host = Bare("add 100 allow ip from any to any keep-state")
    host.out(Packet(proto, JAIL, WEB))
    assert lifetime(host) == seconds


def test_what_has_expired_is_no_state():
    host = Bare(*KEEP)
    host.out(ASKED)
    host.clock += 21
    assert host.into(ANSWER).fate == "dropped"
    assert host.ipfw.states == []


def test_names_keep_states_apart_and_any_takes_all():
    host = Bare(
        "add 50 check-state :web",
        "add 60 check-state :any",
        "add 100 allow tcp from any to any setup keep-state :dns",
    )
    host.out(ASKED)
    assert [step.rule.number for step in host.into(ANSWER).walks[0].steps] == [50, 100]


def test_an_error_about_a_conversation_is_not_part_of_it():
    host = Bare("add 50 check-state", "add 100 allow udp from any to any out keep-state")
    host.out(Packet(UDP, JAIL, WEB, 5000, 53))
    assert host.into(Packet(ICMP, WEB, JAIL, icmp_type=3)).fate == "dropped"


def test_a_limit_drops_what_is_too_much_and_keeps_books():
    host = Bare("add 100 allow tcp from any to me 80 setup limit src-addr 2")
    fates = [host.into(tcp(STRANGER, port, PUBLIC, 80)).fate for port in (1, 2, 3)]
    assert fates == ["delivered", "delivered", "dropped"]
    assert host.into(tcp(WEB, 1, PUBLIC, 80)).fate == "delivered"
    books = [(state.source, state.count) for state in host.ipfw.states if state.kind == "PARENT"]
    assert books == [(STRANGER, 2), (WEB, 1)]


def test_room_comes_back_when_a_limited_state_is_gone():
    host = Bare("add 100 allow tcp from any to me 80 setup limit src-addr 1")
    host.into(tcp(STRANGER, 1, PUBLIC, 80))
    host.clock += 21
    assert host.into(tcp(STRANGER, 2, PUBLIC, 80)).fate == "delivered"


def test_states_die_with_their_rule_unless_they_are_kept():
    for kept, fate in ((False, "dropped"), (True, "delivered")):
        host = Bare(*KEEP)
        host.ipfw.keeps_states = kept
        host.out(ASKED)
        kernel.delete(host.ipfw, kernel.chosen(host.ipfw, 100, 100))
        assert host.into(ANSWER).fate == fate
