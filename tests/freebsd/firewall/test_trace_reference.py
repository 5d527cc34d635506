"""Every case of the reference's packet table (ipfw §7), line by line, for both values of one_pass."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.packet import HOST, SYN_ACK, Packet
from apps.freebsd.firewall.walk import Ending, Outcome
from tests.freebsd.firewall.tracing_scene import (
    AGAIN,
    ANSWER,
    ARTICLE,
    JAIL,
    N199,
    N200,
    N400A,
    N400B,
    N700,
    N65535,
    NAT,
    OTHER,
    PUBLIC,
    WEB,
    from_host,
    from_stranger,
    from_web,
    steps,
    talk,
    walk,
)

ONE_PASS = pytest.mark.parametrize("one_pass", [True, False])
DENY_IN = f"{NAT} deny_in"
REDIRECT = f"{NAT} redirect_port tcp {OTHER}:22 22"
OUT_TO_700 = [(N199, "missed"), (N200, "looked"), (N400A, "jumped"), (N700, "translated")]
WITHOUT_STATE = [(N200, "looked"), (N400A, "missed"), (N400B, "missed"), (N700, "missed"), (N65535, "denied")]
MISSING_ANSWER = "790 allow ip4 from 192.0.2.10 to any out"


# 7.1 the jail's outgoing SYN


def test_jails_syn_is_translated_and_sent_with_one_pass() -> None:
    found = walk(ARTICLE, from_web(), NAT, one_pass=True)
    assert [(one.direction, one.interface) for one in found.passes] == [("out", "re0")]
    assert steps(found) == OUT_TO_700
    assert found.fate.ending is Ending.SENT
    assert found.fate.interface == "re0"
    assert found.fate.addresses.sent_by == f"{PUBLIC}:51000"


def test_jails_syn_falls_to_the_default_rule_without_one_pass() -> None:
    found = walk(ARTICLE, from_web(), NAT)
    assert steps(found) == [*OUT_TO_700, (N65535, "denied")]
    assert (found.fate.ending, found.fate.rule_number) == (Ending.DENIED, 65535)
    assert found.fate.addresses.sent_by == f"{PUBLIC}:51000"


@ONE_PASS
def test_jails_syn_makes_a_state_of_the_first_400(one_pass) -> None:
    found = walk(ARTICLE, from_web(), NAT, one_pass=one_pass)
    note = found.lines[2].state
    assert (note.is_new, note.parent, note.name) == (True, N400A, "default")
    assert note.ends == f"tcp {JAIL}:51000 ↔ {WEB}:80"
    assert found.lines[2].jumped_to == 700
    assert found.counted[:2] == (N400A, N700)


def test_jails_syn_leaves_untranslated_when_the_second_400_comes_first() -> None:
    lines = ARTICLE.strip().splitlines()
    swapped = "\n".join([*lines[:2], lines[3], lines[2], lines[4]])
    found = walk(swapped, from_web(), NAT, one_pass=True)
    assert steps(found) == [(0, "missed"), (1, "looked"), (2, "allowed")]
    assert found.fate.addresses.sent_by == f"{JAIL}:51000"


def test_allow_behind_700_lets_the_syn_out_without_one_pass() -> None:
    found = walk(ARTICLE + MISSING_ANSWER, from_web(), NAT)
    assert found.fate.ending is Ending.SENT
    assert found.fate.addresses.sent_by == f"{PUBLIC}:51000"


# 7.2 the reply


def test_reply_is_accepted_at_199_with_one_pass() -> None:
    _sent, found = talk(ARTICLE, [from_web(), ANSWER], NAT, one_pass=True)
    assert steps(found) == [(N199, "translated")]
    assert [(one.direction, one.interface) for one in found.passes] == [("in", "re0")]
    assert (found.lines[0].before.sent_to, found.lines[0].after.sent_to) == (
        f"{PUBLIC}:51000",
        f"{JAIL}:51000",
    )
    assert (found.fate.ending, found.fate.jail) == (Ending.DELIVERED, "web")


def reply_to_jail() -> Packet:
    return Packet(src=WEB, dst=PUBLIC, sport=80, dport=51000, flags=SYN_ACK)


def test_reply_meets_the_state_in_reverse_and_falls_to_the_default_rule_without_one_pass() -> None:
    _denied, found = talk(ARTICLE, [from_web(), reply_to_jail()], NAT)
    assert steps(found) == [(N199, "translated"), (N200, "jumped"), (N700, "missed"), (N65535, "denied")]
    note = found.lines[1].state
    assert (note.is_new, note.is_reverse, note.parent) == (False, True, N400A)
    assert found.lines[1].counted == N400A
    assert found.lines[2].sentence == f"It comes from {WEB}, the rule wants 10.0.0.0/24."


def test_allow_on_the_inner_address_delivers_the_reply_without_one_pass() -> None:
    rules = f"{ARTICLE}{MISSING_ANSWER}\n800 allow ip4 from any to 10.0.0.0/24 in"
    _sent, found = talk(rules, [from_web(), ANSWER], NAT)
    assert (found.fate.ending, found.fate.jail) == (Ending.DELIVERED, "web")
    assert found.fate.rule_number == 800


# 7.3 the second outgoing packet


@ONE_PASS
def test_second_packet_meets_the_state_and_setup_is_not_tested_again(one_pass) -> None:
    *_, found = talk(ARTICLE, [from_web(), ANSWER, AGAIN], NAT, one_pass=one_pass)
    outcomes = [(N199, "missed"), (N200, "jumped"), (N700, "translated")]
    assert steps(found) == (outcomes if one_pass else [*outcomes, (N65535, "denied")])
    assert found.lines[1].state.parent == N400A
    assert found.lines[2].after.sent_by == f"{PUBLIC}:51000"


def test_idle_connection_is_still_translated_because_nothing_denies_before_700() -> None:
    *_, found = talk(
        ARTICLE, [from_web(), ANSWER, from_web(flags=AGAIN.flags, after_s=21)], NAT, one_pass=True
    )
    assert steps(found) == [
        (N199, "missed"),
        (N200, "looked"),
        (N400A, "missed"),
        (N400B, "missed"),
        (N700, "translated"),
    ]


@pytest.mark.parametrize(("pause_s", "ending"), [(19, Ending.SENT), (21, Ending.DENIED)])
def test_deny_before_700_breaks_a_connection_that_was_idle_for_20_seconds(pause_s, ending) -> None:
    packets = [from_web(), ANSWER, from_web(flags=AGAIN.flags, after_s=pause_s)]
    rules = ARTICLE.replace("700 nat", "600 deny ip from any to any\n700 nat")
    *_, found = talk(rules, packets, NAT, one_pass=True)
    assert found.fate.ending is ending


# 7.4 the host's own connection


@ONE_PASS
def test_hosts_own_syn_is_allowed_by_the_second_400(one_pass) -> None:
    found = walk(ARTICLE, from_host(), NAT, one_pass=one_pass)
    assert steps(found) == [(N199, "missed"), (N200, "looked"), (N400A, "missed"), (N400B, "allowed")]
    assert found.lines[3].state.parent == N400B
    assert found.fate.addresses.sent_by == f"{PUBLIC}:40000"


def test_reply_to_the_host_passes_199_unchanged_with_one_pass() -> None:
    _sent, found = talk(ARTICLE, [from_host(), ANSWER], NAT, one_pass=True)
    assert steps(found) == [(N199, "translated")]
    assert found.lines[0].before is None
    assert (found.fate.ending, found.fate.jail) == (Ending.DELIVERED, "")


def test_reply_to_the_host_meets_its_state_without_one_pass() -> None:
    _sent, found = talk(ARTICLE, [from_host(), ANSWER], NAT)
    assert steps(found) == [(N199, "translated"), (N200, "allowed")]
    assert (found.lines[1].state.parent, found.lines[1].state.is_reverse) == (N400B, True)
    assert found.fate.ending is Ending.DELIVERED


@ONE_PASS
def test_deny_in_drops_the_reply_to_the_host(one_pass) -> None:
    _sent, found = talk(ARTICLE, [from_host(), ANSWER], DENY_IN, one_pass=one_pass)
    assert steps(found) == [(N199, "dropped")]
    assert (found.fate.ending, found.fate.rule_number) == (Ending.DROPPED, 199)


@ONE_PASS
def test_deny_in_lets_the_reply_to_a_jail_in(one_pass) -> None:
    packets = [from_web(), reply_to_jail()]
    *_, found = talk(ARTICLE, packets, DENY_IN, one_pass=one_pass)
    assert found.lines[0].outcome is Outcome.TRANSLATED
    assert found.lines[0].after.sent_to == f"{JAIL}:51000"


def test_reply_to_the_host_goes_to_a_jail_that_has_its_port_at_the_nat() -> None:
    taken = Packet(from_web().origin, dst=WEB, sport=40000, dport=80, flags=from_web().flags)
    *_, found = talk(ARTICLE, [taken, from_host(), ANSWER], NAT, one_pass=True)
    assert found.fate.jail == "web"


# 7.5 what nobody asked for


def test_unasked_packet_is_accepted_at_199_with_one_pass_and_its_answer_is_not_let_out() -> None:
    found, answer = talk(ARTICLE, [from_stranger(), ANSWER], NAT, one_pass=True)
    assert steps(found) == [(N199, "translated")]
    assert found.lines[0].before is None
    assert (found.fate.ending, found.fate.jail) == (Ending.DELIVERED, "")
    assert steps(answer) == [(N199, "missed"), *WITHOUT_STATE]
    assert answer.packet.origin == HOST
    assert answer.fate.ending is Ending.DENIED


def test_unasked_packet_falls_to_the_default_rule_without_one_pass() -> None:
    found = walk(ARTICLE, from_stranger(), NAT)
    assert steps(found) == [(N199, "translated"), *WITHOUT_STATE]
    assert (found.fate.ending, found.fate.rule_number) == (Ending.DENIED, 65535)


@ONE_PASS
def test_deny_in_drops_what_nobody_asked_for(one_pass) -> None:
    found = walk(ARTICLE, from_stranger(), DENY_IN, one_pass=one_pass)
    assert steps(found) == [(N199, "dropped")]
    assert "deny_in" in found.lines[0].sentence


@pytest.mark.parametrize("nat", [REDIRECT, f"{DENY_IN} redirect_port tcp {OTHER}:22 22"])
def test_redirect_delivers_to_the_jail_with_one_pass(nat) -> None:
    found = walk(ARTICLE, from_stranger(), nat, one_pass=True)
    assert steps(found) == [(N199, "translated")]
    assert (found.fate.jail, found.fate.addresses.sent_to) == ("db", f"{OTHER}:22")


def test_answer_of_a_published_service_leaves_as_public_address_with_one_pass() -> None:
    _in, found = talk(ARTICLE, [from_stranger(), ANSWER], REDIRECT, one_pass=True)
    assert found.lines[-1].after.sent_by == f"{PUBLIC}:22"
    assert found.fate.ending is Ending.SENT


def test_redirect_needs_a_rule_for_the_inner_address_without_one_pass() -> None:
    denied = walk(ARTICLE, from_stranger(), REDIRECT)
    assert denied.lines[0].after.sent_to == f"{OTHER}:22"
    assert denied.fate.rule_number == 65535
    rules = f"{ARTICLE}\n300 allow tcp from any to {PUBLIC} 22 in"
    assert walk(rules, from_stranger(), REDIRECT).fate.ending is Ending.DENIED
    # numbers decide where rules stand, so it has to be among them
    rules = ARTICLE.replace("400 skipto", f"300 allow tcp from any to {OTHER} 22 in\n400 skipto", 1)
    found = walk(rules, from_stranger(), REDIRECT)
    assert (found.fate.ending, found.fate.jail, found.fate.rule_number) == (Ending.DELIVERED, "db", 300)


# the conclusion: the layout of the handbook


HANDBOOK = f"""
90 reass ip from any to any in
100 nat 123 ip4 from any to {PUBLIC} in recv re0
200 check-state
300 skipto 1000 tcp from 10.0.0.0/24 to any 80 out setup keep-state
310 skipto 1000 tcp from {PUBLIC} to any 80 out setup keep-state
400 allow tcp from any to {OTHER} 22 in setup keep-state
900 deny ip from any to any
1000 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out xmit re0
1001 allow ip from any to any
"""


@pytest.mark.parametrize(
    "first", [from_web(), from_host(), from_stranger()], ids=["jail", "host", "redirect"]
)
def test_handbook_layout_carries_whole_conversations(first) -> None:
    found = talk(HANDBOOK, [first, ANSWER, ANSWER], REDIRECT)
    assert all(one.fate.arrives for one in found[:2])


def test_handbook_layout_translates_in_both_directions() -> None:
    sent, answer, again = talk(HANDBOOK, [from_web(), ANSWER, ANSWER], REDIRECT)
    assert sent.fate.addresses.sent_by == f"{PUBLIC}:51000"
    assert (answer.fate.jail, answer.fate.addresses.sent_by) == ("web", f"{WEB}:80")
    assert again.fate.addresses.sent_by == f"{PUBLIC}:51000"


def test_handbook_layout_denies_the_rest() -> None:
    assert walk(HANDBOOK, from_stranger(23), REDIRECT).fate.rule_number == 900
    assert walk(HANDBOOK, from_web(25), REDIRECT).fate.rule_number == 900
    assert walk(HANDBOOK, from_stranger(22), NAT).fate.rule_number == 900
