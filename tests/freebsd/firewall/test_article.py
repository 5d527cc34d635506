"""The article's set: to the letter, and walked as the reference walks it (§7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.article import article, article_rules
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import Firewall, NatInstance
from apps.freebsd.firewall.packet import HOST, Packet
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Ending, Walk
from tests.freebsd.firewall.generated_worlds import (
    HANDSHAKE,
    JAIL,
    PANEL,
    PUBLIC,
    SSH_FORWARD,
    STRANGER,
    WEB,
    WORLD,
    answers,
    inputs,
    jail_opens,
    nat,
    opens,
)

LETTER = f"""\
00199 nat 123 ip from any to {PUBLIC} in
00200 check-state :default
00400 skipto 700 tcp from 10.0.0.0/24 to any 80 out setup keep-state :default
00400 allow tcp from me to any 80 out setup keep-state :default
00700 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out
"""


def example() -> FirewallInputs:
    return replace(inputs(), outgoing=(Service("tcp", "80"),))


def bare(*, one_pass: bool, options: frozenset[str] = frozenset({"same_ports"})) -> Firewall:
    """Return the set of the reference's walk: without the panel's pair and loopback."""
    made = article(example())
    rules = tuple(rule for rule in made.rules if (rule.number or 0) > 100)
    return replace(made, rules=rules, one_pass=one_pass, nat=(nat(options=options),))


def walks(firewall: Firewall, *packets: Packet) -> tuple[Walk, ...]:
    return trace(firewall, WORLD, packets)


def test_set_is_the_articles_to_the_letter():
    made = [replace(rule, comment="") for rule in article(example()).rules]
    texts = [rule_text(rule) for rule in made]

    assert "".join(f"{text}\n" for text in texts[4:]) == LETTER
    assert texts[0] == f"00010 allow tcp from {PANEL} to me 22 in"
    assert texts[2:4] == [
        f"00020 allow tcp from me 22 to {PANEL} out",
        "00100 allow ip from any to any via lo0",
    ]


@pytest.mark.parametrize(
    ("one_pass", "out", "back"), [(True, Ending.SENT, (Ending.DELIVERED, 199)), (False, Ending.DENIED, None)]
)
def test_jails_request_and_its_answer(one_pass, out, back):
    """§7.1, §7.2: with one_pass off the translated packet falls to the default deny."""
    request, reply = walks(bare(one_pass=one_pass), jail_opens(WEB, 80), answers("syn", "ack"))

    assert request.fate.ending is out
    assert request.fate.addresses.src == PUBLIC
    assert back is None or (reply.fate.ending, reply.fate.rule_number) == back


def test_a_later_packet_goes_the_way_of_the_state():
    """§7.3: setup is not tested again."""
    *_, third = walks(bare(one_pass=True), jail_opens(WEB, 80), *HANDSHAKE)

    assert [line.number for line in third.lines if line.state] == [200]
    assert (third.fate.ending, third.fate.addresses.src) == (Ending.SENT, PUBLIC)


def test_a_connection_that_was_silent_is_translated_even_without_its_state():
    """§7.3: nothing between 400 and 700 denies."""
    silent = replace(answers("ack"), after_s=60)
    *_, late = walks(bare(one_pass=True), jail_opens(WEB, 80), answers("syn", "ack"), silent)

    assert (late.fate.ending, late.fate.addresses.src) == (Ending.SENT, PUBLIC)


@pytest.mark.parametrize(("one_pass", "rule"), [(True, 199), (False, 200)])
def test_hosts_own_request_and_its_answer(one_pass, rule):
    """§7.4."""
    first = opens("", WEB, 40000, 80, origin=HOST)
    out, back = walks(bare(one_pass=one_pass), first, answers("syn", "ack"))

    assert (out.fate.ending, out.fate.addresses.src) == (Ending.SENT, PUBLIC)
    assert (back.fate.ending, back.fate.rule_number) == (Ending.DELIVERED, rule)


def test_deny_in_costs_the_host_its_own_connections():
    """§7.4."""
    firewall = bare(one_pass=True, options=frozenset({"same_ports", "deny_in"}))
    _out, back = walks(firewall, opens("", WEB, 40000, 80, origin=HOST), answers("syn", "ack"))

    assert (back.fate.ending, back.fate.rule_number) == (Ending.DROPPED, 199)


@pytest.mark.parametrize(("one_pass", "ending"), [(True, Ending.DELIVERED), (False, Ending.DENIED)])
def test_what_nobody_asked_for(one_pass, ending):
    """§7.5: with one_pass on, everything that comes in for the public address is accepted at 199."""
    come, back = walks(bare(one_pass=one_pass), opens(STRANGER, PUBLIC, 1234, 22), answers("syn", "ack"))

    assert come.fate.ending is ending
    assert not back.fate.arrives


def test_forward_reaches_its_jail_with_one_pass():
    made = article(replace(example(), nat=(nat(SSH_FORWARD),)))
    come, back = walks(made, opens(STRANGER, PUBLIC, 1234, 2222), answers("syn", "ack"))

    assert (come.fate.jail, come.fate.rule_number) == ("db", 199)
    assert (back.fate.ending, back.fate.addresses.src) == (Ending.SENT, PUBLIC)


def test_panel_gets_in():
    found = walks(article(example()), opens(PANEL, PUBLIC, 40000, 22), *HANDSHAKE)

    assert all(walk.fate.arrives for walk in found)


def test_jails_come_before_the_host_at_each_number():
    made = article(inputs()).rules
    for number in {rule.number for rule in made if 200 < (rule.number or 0) < 700}:
        assert [rule.action for rule in made if rule.number == number] == ["skipto", "allow"]


def test_every_instance_and_network_has_its_rules():
    second = NatInstance(124, "203.0.113.11")
    given = replace(
        example(),
        nat=(nat(), second),
        jail_networks=("10.0.0.0/24", "10.0.1.0/24"),
        nat_of=(("10.0.1.0/24", 124),),
    )
    texts = [rule_text(line.rule) for line in article_rules(given)]

    assert "00199 nat 124 ip from any to 203.0.113.11 in" in texts
    assert texts[-2:] == [
        "00700 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out",
        "00700 nat 124 ip4 from 10.0.1.0/24 to not 10.0.1.0/24 out",
    ]


def test_without_an_instance_jails_do_not_leak():
    (walk,) = walks(article(replace(example(), nat=())), jail_opens(WEB, 80))

    assert walk.fate.ending is Ending.DENIED


def test_a_public_address_may_be_unknown():
    given = FirewallInputs(nat=(NatInstance(1, interface="re0"),), jail_networks=(f"{JAIL}/32",))
    texts = [rule_text(rule) for rule in article(given).rules]

    assert texts[0] == "00010 allow tcp from any to me 22 in // panel SSH"
    assert "00199 nat 1 ip from any to me in" in texts
