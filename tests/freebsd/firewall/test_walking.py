"""What each action does to a walk, and how states steer it. Source: reference ipfw §0, §6, §8."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.model import Firewall, Rule, Table
from apps.freebsd.firewall.packet import ACK, HOST, SYN, Packet, from_jail
from apps.freebsd.firewall.trace import Tracer, trace
from apps.freebsd.firewall.walk import Ending, Outcome
from tests.freebsd.firewall.tracing_scene import (
    AGAIN,
    ANSWER,
    JAIL,
    NAT,
    PUBLIC,
    WEB,
    WORLD,
    firewall,
    from_host,
    from_stranger,
    from_web,
    steps,
    talk,
    walk,
)

# actions that end


@pytest.mark.parametrize(
    "action", ["deny", "reject", "reset", "unreach host-prohib", "unreach6 admin-prohib"]
)
def test_denying_actions_end_the_pass(action) -> None:
    found = walk(f"100 {action} ip from any to any", from_web(), default_allows=True)
    assert steps(found) == [(0, "denied")]
    assert found.fate.ending is Ending.DENIED


def test_first_match_wins() -> None:
    found = walk("100 allow ip from any to any\n200 deny ip from any to any", from_web())
    assert steps(found) == [(0, "allowed")]


def test_same_number_goes_by_order_of_insertion() -> None:
    found = walk("100 deny ip from any to any\n100 allow ip from any to any", from_web())
    assert steps(found) == [(0, "denied")]


@pytest.mark.parametrize(("default_allows", "ending"), [(True, Ending.SENT), (False, Ending.DENIED)])
def test_default_rule_is_the_last_word(default_allows, ending) -> None:
    found = walk("100 count ip from any to any", from_web(), default_allows=default_allows)
    assert (found.fate.ending, found.fate.rule, found.fate.rule_number) == (ending, 1, 65535)


@pytest.mark.parametrize("action", ["divert 8668", "tee 8668", "netgraph 5", "ngtee 5"])
def test_what_is_handed_over_is_not_traced_further(action) -> None:
    found = walk(f"100 {action} ip from any to any", from_web())
    assert found.fate.ending is Ending.HANDED
    assert not found.is_certain


def test_fwd_passes_on_with_the_addresses_as_they_are() -> None:
    found = walk("100 fwd 10.0.0.6,8080 tcp from any to me 80 in", from_stranger(80))
    assert found.lines[0].outcome is Outcome.ALLOWED
    assert found.fate.addresses.sent_to == f"{PUBLIC}:80"
    assert "10.0.0.6" in found.fate.sentence
    assert (found.fate.ending, found.fate.jail) == (Ending.DELIVERED, "db")


def test_fwd_on_the_way_in_makes_a_way_out() -> None:
    found = walk("100 fwd 192.0.2.1 ip from any to any in\n200 deny ip from any to any out", from_stranger())
    assert [one.direction for one in found.passes] == ["in", "out"]
    assert found.fate.rule_number == 200


def test_fwd_to_another_host_sends_it_there() -> None:
    found = walk("100 fwd 192.0.2.1 ip from any to any out", from_web())
    assert (found.fate.ending, found.fate.interface) == (Ending.SENT, "re0")
    assert found.fate.addresses.sent_to == f"{WEB}:80"


# actions that go on


@pytest.mark.parametrize("action", ["count", "setfib 1", "setdscp cs1", "count tag 5", "reass"])
def test_other_actions_go_on_with_the_next_rule(action) -> None:
    found = walk(f"100 {action} ip from any to any\n200 allow ip from any to any", from_web())
    assert steps(found) == [(0, "counted"), (1, "allowed")]
    assert found.counted == (0, 1)


@pytest.mark.parametrize("part", [{"fragment_offset": 1480}, {"has_more_fragments": True}])
def test_reass_holds_fragments_until_they_are_whole(part) -> None:
    rules = "100 reass ip from any to any in\n200 allow ip from any to any"
    found = walk(rules, from_stranger(22, **part))
    assert steps(found) == [(0, "held")]
    assert found.fate.ending is Ending.HELD
    six = Packet(HOST, dst="2001:db8:1::1", sport=1, dport=2, **part)
    assert walk(rules, six).fate.arrives


def test_tags_are_tested_until_taken_off() -> None:
    rules = """
    100 count tag 5 ip from any to any
    200 skipto 400 ip from any to any tagged 5
    300 deny ip from any to any
    400 count untag 5 ip from any to any
    500 deny ip from any to any tagged 1-9
    600 allow ip from any to any
    """
    assert [place for place, _what in steps(walk(rules, from_web()))] == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("one_pass", [True, False])
def test_pipe_passes_with_one_pass_and_goes_on_without(one_pass) -> None:
    found = walk("100 pipe 1 ip from any to any\n200 deny ip from any to any", from_web(), one_pass=one_pass)
    assert found.fate.arrives is one_pass
    assert not found.is_certain


# jumps


@pytest.mark.parametrize(
    ("target", "place"),
    [(300, 3), (250, 3), (100, 1), (50, 1), (60000, 4)],
    ids=["there", "next above", "itself", "backwards", "end"],
)
def test_skipto_goes_to_the_first_rule_from_its_target_on_and_never_back(target, place) -> None:
    rules = f"""
    100 skipto {target} ip from any to any
    150 count ip from any to any
    200 count ip from any to any
    300 allow ip from any to any
    """
    found = walk(rules, from_web())
    assert steps(found)[1][0] == place
    assert found.lines[0].jumped_to == (150, 200, 300, 65535)[place - 1]


def test_skipto_passes_over_disabled_rules() -> None:
    rules = (
        "100 skipto 200 ip from any to any\n200 set 5 deny ip from any to any\n300 allow ip from any to any"
    )
    found = walk(rules, from_web(), disabled=frozenset({5}))
    assert steps(found) == [(0, "jumped"), (2, "allowed")]


def test_skipto_tablearg_goes_where_the_table_says() -> None:
    rules = """
    100 skipto tablearg ip from table(to) to any
    200 deny ip from any to any
    300 allow ip from any to any
    """
    tables = (Table("to", ((JAIL, "300"),)),)
    assert walk(rules, from_web(), tables=tables).lines[0].jumped_to == 300


def test_call_comes_back_behind_its_caller_and_return_alone_goes_on() -> None:
    rules = """
    100 return ip from any to any
    200 call 1000 ip from any to any
    200 count ip from any to any
    300 allow ip from any to any
    1000 count ip from any to any
    1100 return ip from any to any
    """
    found = walk(rules, from_web())
    assert [place for place, _what in steps(found)] == [0, 1, 4, 5, 3]


def test_call_may_go_back_and_ends_after_sixteen() -> None:
    rules = "100 count ip from any to any\n200 call 100 ip from any to any\n300 allow ip from any to any"
    found = walk(rules, from_web())
    assert len([one for one in found.lines if one.outcome is Outcome.CALLED]) == 16
    assert found.fate.ending is Ending.SENT


# states


def test_state_does_what_its_parent_does_whatever_that_is() -> None:
    rules = """
    100 check-state
    200 deny tcp from me to any out keep-state
    300 allow ip from any to any
    """
    _first, answer = talk(rules, [from_host(), Packet(src=WEB, dst=PUBLIC, sport=80, dport=40000, flags=ACK)])
    assert steps(answer) == [(0, "denied")]
    assert answer.lines[0].counted == 1


def test_skipto_through_a_state_counts_from_its_parents_number() -> None:
    rules = """
    100 skipto 300 tcp from any to any 80 out setup keep-state
    300 allow ip from any to any
    500 check-state
    """
    _first, second = talk(rules, [from_web(), AGAIN])
    assert steps(second) == [(0, "jumped"), (1, "allowed")]
    assert second.lines[0].state.parent == 0


def test_count_through_a_state_goes_on_behind_its_parent() -> None:
    rules = """
    100 check-state
    200 deny tcp from any to any established
    300 count tcp from any to any keep-state
    400 allow ip from any to any
    """
    _first, second = talk(rules, [from_web(), AGAIN])
    assert steps(second) == [(0, "counted"), (3, "allowed")]


def test_implicit_probe_takes_a_packet_that_the_rule_itself_would_not() -> None:
    rules = "100 allow tcp from 10.0.0.0/24 to any 80 out setup keep-state"
    _first, answer = talk(rules, [from_web(), ANSWER])
    assert steps(answer) == [(0, "allowed")]
    assert answer.lines[0].state.is_reverse


def test_probe_is_not_repeated_in_a_pass() -> None:
    rules = """
    100 count tcp from any to any record-state
    200 check-state
    300 allow ip from any to any
    """
    # 100 makes a state in this pass before 200 looks: no probe was made, so it is found
    assert walk(rules, from_web()).lines[1].state is not None
    again = "50 check-state\n" + rules
    found = walk(again, from_web())
    assert [what for _place, what in steps(found)] == ["looked", "counted", "looked", "allowed"]
    assert "before" in found.lines[2].sentence


def test_states_are_told_apart_by_name_and_any_means_all() -> None:
    rules = "100 check-state {}\n200 allow tcp from any to any 80 out setup keep-state :web"
    for name, outcome in ((":other", "looked"), (":web", "allowed"), (":any", "allowed")):
        _first, second = talk(rules.format(name), [from_web(), AGAIN])
        assert steps(second)[0] == (0, outcome)


def test_state_knows_neither_direction_nor_interface() -> None:
    rules = "100 check-state\n200 allow tcp from any to me 80 in recv re0 setup keep-state"
    _first, answer = talk(rules, [from_stranger(80), ANSWER])
    assert answer.passes[0].direction == "out"
    assert steps(answer) == [(0, "allowed")]


def test_limit_drops_what_is_too_much() -> None:
    rules = "100 allow tcp from any to me 80 in setup limit src-addr 2"
    packets = [replace(from_stranger(80), sport=1000 + place) for place in range(3)]
    *kept, dropped = talk(rules, packets, default_allows=True)
    assert all(one.fate.arrives for one in kept)
    assert (dropped.fate.ending, dropped.fate.rule) == (Ending.DENIED, 0)
    other = replace(packets[2], src="203.0.113.10")
    assert talk(rules, [*packets, other])[3].fate.arrives


def test_limit_counts_living_states_only() -> None:
    rules = "100 allow udp from any to me 53 in limit src-addr 1"
    first = from_stranger(53, proto="udp")
    late = replace(first, sport=2000, after_s=11)
    assert talk(rules, [first, late])[1].fate.arrives
    assert not talk(rules, [first, replace(late, after_s=9)])[1].fate.arrives


def test_deferred_action_is_done_by_the_state_only() -> None:
    rules = """
    100 deny tcp from any to any keep-state defer-immediate-action
    200 allow ip from any to any
    """
    first, second = talk(rules, [from_web(), AGAIN])
    assert steps(first) == [(0, "deferred"), (1, "allowed")]
    assert first.counted == (1,)
    assert steps(second) == [(0, "denied")]


def test_states_of_a_disabled_set_are_still_met() -> None:
    rules = "100 set 5 allow tcp from any to any setup keep-state\n200 check-state"
    tracer = Tracer(firewall(rules), WORLD)
    assert tracer.walk(from_web()).fate.arrives
    tracer.switch(firewall(rules, disabled=frozenset({5})))
    found = tracer.walk(AGAIN)
    assert steps(found) == [(1, "allowed")]
    assert found.lines[0].state.parent == 0
    assert not tracer.walk(from_web(443)).fate.arrives


def test_states_vanish_with_their_rule_and_translations_stay() -> None:
    state = "100 skipto 300 tcp from any to any setup keep-state"
    rules = "200 check-state\n300 nat 123 ip4 from any to any"
    tracer = Tracer(firewall(f"{state}\n{rules}", NAT, one_pass=True), WORLD)
    assert tracer.walk(from_web()).fate.arrives
    tracer.switch(firewall(rules, NAT, one_pass=True))
    answer = tracer.walk(Packet(src=WEB, dst=PUBLIC, sport=80, dport=51000, flags=ACK))
    assert steps(answer) == [(0, "looked"), (1, "translated")]
    assert answer.fate.jail == "web"


def test_rules_of_disabled_sets_are_passed_over() -> None:
    rules = "100 set 5 deny ip from any to any\n200 allow ip from any to any"
    assert steps(walk(rules, from_web(), disabled=frozenset({5}))) == [(1, "allowed")]


# nat


def test_nat_kills_ipv6() -> None:
    found = walk("100 nat 123 ip from any to any", Packet(HOST, dst="2001:db8:1::1"), NAT)
    assert found.fate.ending is Ending.DENIED
    assert "IPv4 only" in found.lines[0].sentence


def test_nat_without_its_instance_denies() -> None:
    found = walk("100 nat 999 ip4 from any to any\n200 allow ip from any to any", from_web(), NAT)
    assert (found.fate.ending, found.fate.rule) == (Ending.DENIED, 0)


def test_walk_goes_on_behind_the_slot_not_the_number() -> None:
    rules = """
    100 nat 123 ip4 from 10.0.0.0/24 to any out
    100 allow ip4 from 192.0.2.10 to any out
    """
    assert steps(walk(rules, from_web(), NAT)) == [(0, "translated"), (1, "allowed")]


def test_states_are_looked_for_anew_behind_nat() -> None:
    rules = """
    100 check-state
    200 nat 123 ip4 from any to any in
    300 check-state
    400 skipto 600 ip4 from 10.0.0.0/24 to any out keep-state
    600 nat 123 ip4 from 10.0.0.0/24 to any out
    700 allow ip from any to any
    """
    _sent, answer = talk(rules, [from_web(), ANSWER], NAT)
    assert steps(answer)[:3] == [(0, "looked"), (1, "translated"), (2, "jumped")]


def test_nat_through_a_state_goes_on_behind_its_parent() -> None:
    rules = """
    100 skipto 300 tcp from any to any established
    200 nat 123 tcp from 10.0.0.0/24 to any out keep-state
    250 allow ip from any to any
    300 check-state
    400 deny ip from any to any
    """
    _first, second = talk(rules, [from_web(), AGAIN], NAT)
    assert steps(second) == [(0, "jumped"), (3, "translated"), (2, "allowed")]


def test_walk_in_circles_is_broken_off() -> None:
    rules = "100 check-state\n200 nat 1 tcp from any to any out keep-state\n300 check-state"
    nat = f"nat 1 config ip {PUBLIC} same_ports unreg_only"
    found = talk(rules, [from_host(), from_host()], nat)[1]
    assert any("circles" in doubt for doubt in found.doubts)


@pytest.mark.parametrize("one_pass", [True, False])
def test_nat_global_takes_the_instance_that_knows(one_pass) -> None:
    rules = "100 nat global ip4 from any to any in\n200 allow ip from any to any"
    nats = ("nat 1 config ip 192.0.2.10", "nat 2 config ip 192.0.2.10 redirect_port tcp 10.0.0.6:22 22")
    found = walk(rules, from_stranger(22), *nats, one_pass=one_pass)
    assert found.fate.jail == "db"
    assert walk(rules, from_stranger(23), *nats, one_pass=one_pass).fate.jail == ""


# what is not known


def test_rule_that_is_not_understood_is_passed_over_and_makes_the_walk_doubtful() -> None:
    rules = (Rule(100, unread="frobnicate ip from any to any"), Rule(200, "allow"))
    found = trace(Firewall(rules), WORLD, [from_web()])[0]
    assert steps(found) == [(0, "unread"), (1, "allowed")]
    assert found.lines[0].sentence == "Not understood: passed over."
    assert not found.is_certain


def test_test_that_cannot_be_made_is_taken_as_not_met_and_said() -> None:
    found = walk("100 deny ip from any to any uid root\n200 allow ip from any to any", from_web())
    assert found.fate.arrives
    assert found.lines[0].is_unsure
    assert "uid root" in found.doubts[0]


@pytest.mark.parametrize("chance", [True, False])
def test_chance_is_taken_unless_told_otherwise(chance) -> None:
    made = firewall("100 prob 0.5 deny ip from any to any\n200 allow ip from any to any")
    found = trace(made, WORLD, [from_web()], chance=chance)[0]
    assert found.fate.arrives is not chance
    assert not found.is_certain


def test_certain_walk_has_no_doubts() -> None:
    assert walk("100 allow ip from any to any", from_web()).is_certain


def test_jails_packet_is_me_too() -> None:
    found = walk("100 allow ip from me to any out", Packet(from_jail("web"), dst=WEB, flags=SYN))
    assert found.fate.addresses.src == JAIL
