"""What generated rules are made of: no text becomes more than it is, and what cannot be is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.article import article_rules
from apps.freebsd.firewall.generated import generated, listed, spread
from apps.freebsd.firewall.hints import hints
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import NatInstance
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.recommended import recommended_rules


@given(st.text())
def test_a_purpose_stays_a_comment(purpose):
    line = generated(500, "allow tcp from me to any 80 out", "Why.", purpose)
    text = rule_text(line.rule)

    assert text.startswith("00500 allow tcp from me to any 80 out")
    assert len(text.splitlines()) == 1
    assert not set(text) & set("#`$;&|<>\\'\"\x00")
    assert parse_rule(text) == line.rule
    assert len(line.rule.comment) <= 80


@given(
    st.sampled_from(["outside", "public", "own", "jail_networks", "panel_address"]),
    st.one_of(
        st.text(min_size=1), st.sampled_from(["re0;reboot", "1.2.3.4\n", "fe80::1%re0", "10.0.0.0/24 any"])
    ),
)
def test_a_value_is_what_it_says_or_refused(name, text):
    value = text if name in ("outside", "panel_address") else (text,)
    try:
        given = FirewallInputs(**{name: value})
    except InvalidInput:
        return
    for line in (*recommended_rules(given), *article_rules(given)):
        assert not set(rule_text(line.rule)) & set("#`$;&|\n\\'\"\x00%")


def test_a_nat_instance_that_cannot_be_is_refused():
    for nat in (
        NatInstance(0, "203.0.113.10"),
        NatInstance(1, "1.2.3.4 log"),
        NatInstance(1, interface="re0 ip"),
    ):
        with pytest.raises(InvalidInput):
            FirewallInputs(nat=(nat,))


@pytest.mark.parametrize(
    ("proto", "ports"),
    [("tcp", ""), ("tcp", "0"), ("tcp", "70000"), ("tcp", "90-80"), ("tcp", "ssh"), ("tcp", "80 in"),
     ("gre", "1"), ("TCP", "80"), ("tcp ", "80"), ("{", "80"), ("tcp", "80\n"), ("", "80")],
)  # fmt: skip
def test_a_service_that_cannot_be_is_refused(proto, ports):
    with pytest.raises(InvalidInput):
        Service(proto, ports)


@pytest.mark.parametrize(
    "changes", [{"panel_port": 0}, {"panel_port": 65536}, {"start": 200}, {"start": 700}]
)
def test_numbers_have_their_limits(changes):
    with pytest.raises(InvalidInput):
        FirewallInputs(**changes)


@pytest.mark.parametrize(
    ("count", "numbers"),
    [(0, []), (3, [500, 510, 520]), (20, [500 + 5 * n for n in range(20)])],
)
def test_numbers_are_spread_over_their_section(count, numbers):
    assert list(spread(500, count)) == numbers


def test_more_rules_than_numbers_share_them():
    found = list(spread(500, 250))

    assert found == sorted(found)
    assert (found[0], found[-1]) == (500, 599)


def test_lists_are_written_as_ipfw_prints_them():
    assert listed(["10.0.0.0/255.255.255.0", "10.0.0.5/32", "fd00::/64"]) == "10.0.0.0/24,10.0.0.5,fd00::/64"


def test_what_is_lacking_is_hinted_at():
    assert len(hints(FirewallInputs())) == 4
    full = FirewallInputs(
        outside="re0", public=("203.0.113.10",), panel_address="198.51.100.9", jail_networks=("10.0.0.0/24",),
        nat=(NatInstance(1, "203.0.113.10"),),
    )  # fmt: skip
    assert hints(full) == ()


def test_odd_inputs_are_hinted_at():
    given = FirewallInputs(
        outside="re0", public=("203.0.113.10",), panel_address="198.51.100.9",
        jail_networks=("203.0.113.0/24", "10.0.0.0/24"), nat_of=(("10.0.0.0/24", 7),),
        nat=(NatInstance(1, "203.0.113.10"), NatInstance(2, "203.0.113.10")),
    )  # fmt: skip
    said = " ".join(hints(given))

    assert "one address" in said
    assert "lives in 203.0.113.0/24" in said
    assert "10.0.0.0/24 to 7" in said
