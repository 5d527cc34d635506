"""The walker against the reference: its table of §7 with both settings of one_pass, and the facts of §0."""

from __future__ import annotations

import pytest

from tests.simulator.ipfw.bare import (
    ACK,
    JAIL,
    PUBLIC,
    STRANGER,
    SYN_ACK,
    WEB,
    Bare,
    destination,
    met,
    source,
    tcp,
)

SEED = (
    f"nat 123 config ip {PUBLIC} same_ports unreg_only",
    f"add 199 nat 123 ip from any to {PUBLIC} in",
    "add 200 check-state",
    "add 400 skipto 700 tcp from 10.0.0.0/24 to any 80 out setup keep-state",
    "add 400 allow tcp from me to any 80 out setup keep-state",
    "add 700 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out",
)
ASKED = tcp(JAIL, 51000, WEB, 80)
BOTH = pytest.mark.parametrize("one_pass", [True, False])


@BOTH
def test_a_jails_first_packet_is_translated_and_needs_one_pass_or_a_rule_behind_it(one_pass):
    host = Bare(*SEED, one_pass=one_pass)
    journey = host.out(ASKED)
    assert met(journey)[:4] == [(199, "missed"), (200, "missed"), (400, "matched"), (700, "matched")]
    assert source(journey.walks[0].packet) == (PUBLIC, 51000)
    assert journey.fate == ("sent" if one_pass else "dropped")
    assert [(state.source, state.destination, state.expires) for state in host.ipfw.states] == [
        (JAIL, WEB, host.clock + 20)
    ]


@BOTH
def test_the_answer_ends_at_the_inbound_nat_or_runs_the_states_skipto_into_the_deny(one_pass):
    host = Bare(*SEED, one_pass=one_pass)
    host.out(ASKED)
    journey = host.into(tcp(WEB, 80, PUBLIC, 51000, SYN_ACK))
    assert destination(journey.packet) == (JAIL, 51000)
    walked = [(199, "matched")] if one_pass else [(199, "matched"), (400, "by state"), (700, "missed")]
    assert met(journey)[:3] == walked
    assert journey.fate == ("delivered" if one_pass else "dropped")
    assert host.counts()["400a"] == (1 if one_pass else 2)
    assert host.counts()["200"] == 0


@BOTH
def test_the_second_packet_goes_by_the_state_though_it_is_no_setup(one_pass):
    host = Bare(*SEED, one_pass=one_pass)
    host.out(ASKED)
    journey = host.out(tcp(JAIL, 51000, WEB, 80, ACK))
    assert met(journey)[:3] == [(199, "missed"), (400, "by state"), (700, "matched")]
    assert (journey.fate, source(journey.packet)) == ("sent" if one_pass else "dropped", (PUBLIC, 51000))


@BOTH
def test_the_hosts_own_connection_lives_by_the_second_rule_of_its_number(one_pass):
    host = Bare(*SEED, one_pass=one_pass)
    there = host.out(tcp(PUBLIC, 40000, WEB, 80))
    back = host.into(tcp(WEB, 80, PUBLIC, 40000, SYN_ACK))
    assert (there.fate, met(there)[-1]) == ("sent", (400, "matched"))
    assert (back.fate, destination(back.packet)) == ("delivered", (PUBLIC, 40000))
    assert met(back) == ([(199, "matched")] if one_pass else [(199, "matched"), (400, "by state")])
    assert host.counts()["400b"] == (1 if one_pass else 2)


@BOTH
def test_deny_in_loses_the_hosts_own_connection(one_pass):
    host = Bare(f"nat 123 config ip {PUBLIC} same_ports unreg_only deny_in", *SEED[1:], one_pass=one_pass)
    host.out(tcp(PUBLIC, 40000, WEB, 80))
    assert host.into(tcp(WEB, 80, PUBLIC, 40000, SYN_ACK)).fate == "dropped"


@BOTH
def test_who_was_not_asked_is_let_in_at_the_nat_with_one_pass_only(one_pass):
    host = Bare(*SEED, one_pass=one_pass)
    journey = host.into(tcp(STRANGER, 1234, PUBLIC, 22))
    assert journey.fate == ("delivered" if one_pass else "dropped")
    assert destination(journey.packet) == (PUBLIC, 22)
    answer = host.out(tcp(PUBLIC, 22, STRANGER, 1234, SYN_ACK))
    assert (answer.fate, met(answer)[-1]) == ("dropped", (65535, "matched"))


@BOTH
def test_a_redirect_leads_to_the_jail_and_needs_one_pass_or_a_rule_for_it(one_pass):
    nat = f"nat 123 config ip {PUBLIC} same_ports unreg_only redirect_port tcp 10.0.0.6:22 22"
    journey = Bare(nat, *SEED[1:], one_pass=one_pass).into(tcp(STRANGER, 1234, PUBLIC, 22))
    assert destination(journey.packet) == ("10.0.0.6", 22)
    assert journey.fate == ("delivered" if one_pass else "dropped")


def test_with_the_rules_in_the_other_order_the_jail_leaves_untranslated():
    journey = Bare(*SEED[:3], SEED[4], SEED[3], SEED[5]).out(ASKED)
    assert (journey.fate, source(journey.packet)) == ("sent", (JAIL, 51000))


def test_after_nat_the_walk_goes_on_by_slot_not_by_number():
    host = Bare(
        f"nat 1 config ip {PUBLIC} same_ports",
        "add 100 nat 1 ip4 from 10.0.0.0/24 to any out",
        f"add 100 allow ip from {PUBLIC} to any",
        one_pass=False,
    )
    assert met(host.out(ASKED)) == [(100, "matched"), (100, "matched")]


@pytest.mark.parametrize("action", ["nat 9", "nat 1"])
def test_nat_kills_ipv6_and_so_does_an_instance_that_is_not_there(action):
    host = Bare("nat 1 config ip 192.0.2.10", f"add 100 {action} ip from any to any", allows=True)
    v6 = tcp("fd00::5", 1, "2001:db8:1::1", 80)
    assert host.out(v6).fate == "dropped"
    assert host.out(ASKED).fate == ("dropped" if action == "nat 9" else "sent")


def test_nat_denies_without_its_module():
    host = Bare("nat 1 config ip 192.0.2.10", "add 100 nat 1 ip from any to any", allows=True)
    host.walker.has_nat = False
    assert host.out(ASKED).fate == "dropped"


@pytest.mark.parametrize("action", ["deny", "count", "reject"])
def test_a_state_does_what_its_parent_does(action):
    host = Bare(
        "add 50 check-state",
        f"add 100 {action} tcp from any to any keep-state",
        "add 200 allow ip from any to any",
    )
    first, second = host.out(ASKED), host.into(tcp(WEB, 80, JAIL, 51000, SYN_ACK))
    assert first.arrived == second.arrived == (action == "count")
    assert met(second)[0] == (100, "by state")


def test_skipto_by_a_state_never_goes_back():
    host = Bare(
        "add 100 allow tcp from any to any 443",
        "add 500 skipto 100 tcp from any to any 80 keep-state",
        "add 600 deny ip from any to any",
    )
    assert met(host.out(ASKED)) == [(100, "missed"), (500, "matched"), (600, "matched")]
    assert met(host.out(ASKED)) == [(100, "missed"), (500, "by state"), (600, "matched")]


def test_a_miss_is_remembered_for_the_pass():
    host = Bare(
        "add 100 check-state",
        "add 200 count tcp from any to any keep-state",
        "add 300 check-state",
        "add 400 allow tcp from any to any keep-state",
    )
    assert met(host.out(ASKED)) == [(100, "missed"), (200, "matched"), (300, "missed"), (400, "matched")]


def test_me_is_every_address_of_the_host_its_jails_among_them():
    host = Bare("add 100 allow ip from me to any", "add 200 allow ip6 from any to me6")
    assert host.out(ASKED).fate == "sent"
    assert host.out(tcp("10.0.0.77", 1, WEB, 80)).fate == "dropped"
    assert host.into(tcp("2001:db8:1::1", 1, "fd00::5", 80)).fate == "delivered"


def test_between_jails_packets_go_out_and_come_in_over_lo0():
    host = Bare("add 100 allow ip from any to any via lo0")
    journey = host.out(tcp(JAIL, 1, "10.0.0.6", 80))
    assert (journey.fate, met(journey)) == ("delivered", [(100, "matched"), (100, "matched")])


def test_recv_counts_going_out_only_for_what_is_forwarded():
    lines = ("add 100 allow ip from any to any in", "add 200 allow ip from any to any out recv re0")
    there = tcp(STRANGER, 1, WEB, 80)
    assert Bare(*lines, forwards=True).into(there).fate == "sent"
    assert Bare(*lines).into(there).fate == "dropped"
    assert Bare(*lines).out(ASKED).fate == "dropped"


def test_a_disabled_set_is_passed_over_while_its_states_go_on():
    host = Bare("add 50 check-state", "add 100 set 5 allow tcp from any to any setup keep-state")
    host.out(ASKED)
    host.ipfw.disabled = [5]
    assert host.out(tcp(JAIL, 51000, WEB, 80, ACK)).fate == "sent"
    assert host.out(tcp(JAIL, 51001, WEB, 80)).fate == "dropped"


def test_skipto_finds_the_first_rule_that_is_enabled():
    host = Bare(
        "add 100 skipto 300 ip from any to any",
        "add 300 set 5 deny ip from any to any",
        "add 400 allow ip from any to any",
    )
    host.ipfw.disabled = [5]
    assert met(host.out(ASKED)) == [(100, "matched"), (400, "matched")]


def test_call_comes_back_behind_the_caller_and_return_alone_goes_on():
    host = Bare(
        "add 100 return ip from any to any",
        "add 200 call 500 ip from any to any",
        "add 200 deny ip from any to any",
        "add 300 allow ip from any to any",
        "add 500 count ip from any to any",
        "add 510 return ip from any to any",
    )
    assert [number for number, _ in met(host.out(ASKED))] == [100, 200, 500, 510, 300]


def test_calls_that_never_return_end():
    host = Bare(
        "add 100 count ip from any to any",
        "add 200 call 100 ip from any to any",
        "add 300 allow ip from any to any",
    )
    journey = host.out(ASKED)
    assert (journey.fate, host.counts()["200"]) == ("sent", 17)


def test_ports_of_a_later_fragment_are_not_seen_and_reass_holds_it():
    fragment = tcp(STRANGER, 1, PUBLIC, 80)
    fragment = type(fragment)(6, STRANGER, PUBLIC, offset=1480)
    lines = ("add 100 allow tcp from any to any 80", "add 200 allow ip from any to any frag")
    assert met(Bare(*lines).into(fragment)) == [(100, "missed"), (200, "matched")]
    assert Bare("add 50 reass all from any to any in", *lines).into(fragment).fate == "held"


def test_tags_stay_on_a_packet():
    host = Bare("add 100 count tag 5 tcp from any to any", "add 200 allow ip from any to any tagged 5")
    assert host.out(ASKED).fate == "sent"


def test_tables_give_what_tablearg_stands_for():
    host = Bare(
        "table jails create type addr",
        "table jails add 10.0.0.0/24 300",
        f"table jails add {JAIL} 400",
        "add 100 skipto tablearg ip from table(jails) to any",
        "add 300 deny ip from any to any",
        "add 400 allow ip from table(jails,400) to any",
    )
    assert met(host.out(ASKED)) == [(100, "matched"), (400, "matched")]
    assert host.out(tcp("10.0.0.6", 1, WEB, 80)).fate == "dropped"


@pytest.mark.parametrize(("chance", "fate"), [(0.4, "sent"), (0.6, "dropped")])
def test_a_rule_may_match_by_chance(chance, fate):
    host = Bare("add 100 prob 0.5 allow ip from any to any")
    host.walker.chance = lambda: chance
    assert host.out(ASKED).fate == fate


def test_deferred_rules_only_make_their_state():
    host = Bare(
        "add 100 check-state",
        "add 200 allow tcp from any to any setup record-state defer-immediate-action",
        "add 300 deny ip from any to any",
    )
    assert met(host.out(ASKED))[1:] == [(200, "deferred"), (300, "matched")]
    assert met(host.out(ASKED)) == [(200, "by state")]


def test_ipfw_that_is_switched_off_lets_everything_through():
    host = Bare()
    host.ipfw.enabled = False
    assert host.out(ASKED).fate == "sent"
    assert host.out(tcp("fd00::5", 1, "2001:db8:1::1", 80)).fate == "dropped"


def test_fwd_to_an_own_address_ends_here_and_to_a_strangers_goes_out_again():
    asked = tcp(STRANGER, 1, PUBLIC, 80)
    assert Bare("add 100 fwd 10.0.0.6,8080 tcp from any to any 80").into(asked).fate == "delivered"
    away = Bare(
        f"add 100 fwd {WEB} tcp from any to any 80 in", "add 200 allow ip from any to any out recv re0"
    ).into(asked)
    assert (away.fate, met(away)) == ("sent", [(100, "matched"), (100, "missed"), (200, "matched")])


def test_fwd_by_a_state_counts_for_the_side_that_began():
    host = Bare("add 100 fwd 10.0.0.6 tcp from any to any setup keep-state")
    assert host.out(ASKED).fate == "delivered"
    back = host.out(tcp(WEB, 80, JAIL, 51000, SYN_ACK))
    assert (back.fate, [walk.next_hop for walk in back.walks]) == ("delivered", ["", ""])


@BOTH
def test_dummynet_gives_a_packet_back_where_it_took_it(one_pass):
    host = Bare("add 100 pipe 1 ip from any to any", "add 200 deny ip from any to any", one_pass=one_pass)
    assert host.out(ASKED).fate == ("sent" if one_pass else "dropped")
