"""Packets by which two firewalls are compared: which, how many, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.firewall.compare import changed_fates
from apps.freebsd.firewall.model import Table
from apps.freebsd.firewall.telling import MOST, telling_packets
from tests.freebsd.firewall.tracing_scene import ARTICLE, NAT, OTHER, PUBLIC, WORLD, firewall

NOTHING = firewall("")
WITH_PANEL = replace(WORLD, panel="203.0.113.5", ssh_port=2200)


def told(rules: str, *nats: str, world=WORLD, **more) -> list[str]:
    """Return what the telling packets are called when a firewall takes the place of none."""
    return [one[0].said for one in telling_packets(NOTHING, firewall(rules, *nats, **more), world)]


def test_panels_own_way_in_comes_first() -> None:
    assert told(ARTICLE, NAT, world=WITH_PANEL)[:2] == [
        "From the panel to 192.0.2.10 port 2200",
        "From anywhere to 192.0.2.10 port 2200",
    ]


def test_what_is_published_comes_next_with_the_port_beside_it() -> None:
    found = told(ARTICLE, f"{NAT} redirect_port tcp {OTHER}:80-81 8080-8081", world=WITH_PANEL)
    assert found[3:6] == [
        f"From anywhere to {PUBLIC} port 8080",
        f"From anywhere to {PUBLIC} port 8081",
        f"From anywhere to {PUBLIC} port 8082",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "allow tcp from 198.51.100.0/24 to me 443 in",
            ("From 198.51.100.1 to 192.0.2.10 port 443", "From 198.51.100.1 to 192.0.2.10 port 444"),
        ),
        (
            "allow tcp from 198.51.100.0/24 to me 443 in",
            ("From 198.51.101.0 to 192.0.2.10 port 443",),
        ),
        ("allow udp from 10.0.0.0/24 to any 53 out", ("From jail web to anywhere port 53 (udp)",)),
        ("allow tcp from any to 10.0.0.6 22 in", ("From anywhere to jail db port 22",)),
        ("deny tcp from table(bad) to any in", ("From 198.18.9.9 to 192.0.2.10 port 80",)),
        ("allow icmp from any to any icmptypes 8", ("From anywhere to 192.0.2.10 (ping)",)),
        ("allow ip6 from 2001:db8:5::/48 to me6", ("From 2001:db8:5::1 to 2001:db8::10 port 80",)),
        (
            "allow tcp from any to any 8000-8009,9000 out",
            tuple(f"From jail web to anywhere port {port}" for port in (8000, 8009, 9000, 9001)),
        ),
        (
            "allow tcp from me 22 to 198.51.100.7 out",
            ("From the host (192.0.2.10) port 22 to 198.51.100.7 port 50000, under way",),
        ),
        ("allow ipv6-icmp from any to any icmp6types 128", ("From anywhere to 2001:db8::10 (ping)",)),
        ("deny ip from not 10.0.0.0/24 to me", ("From anywhere to 192.0.2.10 port 80",)),
    ],
)
def test_rules_are_told_by_what_they_name_and_what_is_beside(body, expected) -> None:
    tables = (Table("bad", (("198.18.9.9/32", "0"),)),)
    assert set(expected) <= set(told(f"100 {body}", tables=tables))


def test_rules_that_differ_are_told_before_those_that_do_not() -> None:
    common = "\n".join(f"{place} allow tcp from any to me {place} in" for place in range(1000, 1100))
    before, after = firewall(common), firewall(f"{common}\n5000 allow tcp from any to me 7777 in")
    said = [one[0].said for one in telling_packets(before, after, WORLD)]
    assert said.index(f"From anywhere to {PUBLIC} port 7777") < 5
    assert f"From anywhere to {PUBLIC} port 1050" in said


def test_rule_that_is_gone_is_told_too() -> None:
    before = firewall("100 allow tcp from any to me 7777 in")
    said = [one[0].said for one in telling_packets(before, NOTHING, WORLD)]
    assert f"From anywhere to {PUBLIC} port 7777" in said


def test_there_are_not_too_many_and_none_twice() -> None:
    rules = "\n".join(
        f"{place} allow tcp from 10.9.{place % 250}.0/24 to me {place} in" for place in range(1, 900)
    )
    found = telling_packets(NOTHING, firewall(rules), WORLD)
    assert len(found) == MOST
    assert len({replace(one[0], said="") for one in found}) == MOST


def test_they_are_always_the_same() -> None:
    after = firewall(ARTICLE, f"{NAT} redirect_port tcp {OTHER}:80 80")
    assert telling_packets(NOTHING, after, WORLD) == telling_packets(NOTHING, after, WORLD)


def test_every_one_of_them_can_be_walked() -> None:
    after = firewall(ARTICLE, NAT, one_pass=True)
    found = changed_fates(NOTHING, after, WORLD, telling_packets(NOTHING, after, WORLD))
    assert any(one.is_opened for one in found)


def test_anywhere_is_nobody_that_a_rule_names() -> None:
    rules = "100 deny ip from 203.0.113.0/24,198.51.100.0/24 to any"
    strangers = {
        one[0].src for one in telling_packets(NOTHING, firewall(rules), WORLD) if "anywhere to" in one[0].said
    }
    assert not any(address.startswith(("203.0.113.", "198.51.100.", "192.0.2.")) for address in strangers)


def test_unread_rules_are_left_out() -> None:
    assert telling_packets(NOTHING, NOTHING, WORLD)
    assert told("100 check-state") == told("")


def test_rule_that_lets_only_the_first_packet_in_shows() -> None:
    out = "200 allow tcp from me to any out"
    before = firewall(f"100 allow tcp from any to me in\n{out}")
    after = firewall(f"100 allow tcp from any to me in setup\n{out}")
    found = changed_fates(before, after, WORLD, telling_packets(before, after, WORLD))
    assert any(
        "to 192.0.2.10 port 22, the packet after the answer: went to the host" in one.sentence
        for one in found
    )
