"""What a probe says of a firewall is stored; drift is what differs from what the panel put there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.codec import to_json
from apps.freebsd.firewall.listing import SeenRule
from apps.freebsd.parsers.firewall import FirewallFacts, PanelClient
from apps.network.firewall.observed import live_of, observe
from apps.network.models import HostFirewall
from tests.network.firewall.places import firewall

SEEN = firewall(
    "10 set 17 allow ip from any to any", "20 set 5 deny ip from any to any", disabled_sets=frozenset({5})
)


def said(seen, *, packets: int = 3, client: str = "", **values):
    rules = tuple(SeenRule(rule, packets, 60, 1795487192) for rule in seen.rules)
    default = SeenRule(seen.rules[0], 1, 40, None)
    facts = FirewallFacts(seen, (*rules, default), True, True, "kept\n", ("ipfw.rules",))
    return SimpleNamespace(
        has_ipfw=True, firewall=facts, client=PanelClient(client, 22) if client else None, **values
    )


def row(host) -> HostFirewall:
    return HostFirewall.objects.get(host=host)


def test_rules_come_back_with_their_counters(host):
    assert observe(host, said(SEEN, client="192.0.2.250"))
    live = live_of(row(host))
    assert live is not None
    assert live.firewall == SEEN
    assert [(line.packets, line.is_disabled) for line in live.rules] == [(3, False), (3, True)]
    assert (live.default, live.boot_text, live.files) == ((1, 40), "kept\n", ("ipfw.rules",))
    assert (row(host).panel_address, row(host).panel_port) == ("192.0.2.250", 22)


def test_counters_alone_are_no_change(host):
    observe(host, said(SEEN))
    assert not observe(host, said(SEEN, packets=9))
    assert live_of(row(host)).rules[0].packets == 9
    assert observe(host, said(replace(SEEN, one_pass=False)))


def test_where_the_panel_comes_from_is_not_forgotten_nor_overwritten(host):
    HostFirewall.objects.create(host=host, panel_address="192.0.2.9", panel_port=2222)
    observe(host, said(SEEN, client="192.0.2.250"))
    assert (row(host).panel_address, row(host).panel_port) == ("192.0.2.9", 2222)


def test_what_could_not_be_read_leaves_what_was_seen(host):
    observe(host, said(SEEN))
    assert not observe(host, SimpleNamespace(has_ipfw=True, firewall=None, client=None))
    assert live_of(row(host)).firewall == SEEN
    assert observe(host, SimpleNamespace(has_ipfw=False, firewall=None, client=None))
    assert live_of(row(host)) is None


def test_drift_is_noted_with_when_it_was_first_seen(host):
    HostFirewall.objects.create(host=host, kept={"firewall": to_json(SEEN)})
    observe(host, said(SEEN))
    assert row(host).differs_since is None
    by_hand = replace(SEEN, rules=(*firewall("5 count ip from any to any").rules, *SEEN.rules))
    assert observe(host, said(by_hand))
    since = row(host).differs_since
    assert since is not None
    observe(host, said(by_hand, packets=5))
    assert row(host).differs_since == since
    assert observe(host, said(SEEN))
    assert row(host).differs_since is None


def test_what_nobody_applied_drifts_from_nothing(host):
    observe(host, said(SEEN))
    assert row(host).differs_since is None


@pytest.mark.parametrize("broken", [{"firewall": {}}, {"firewall": to_json(SEEN)}, {"counters": []}])
def test_what_is_stored_and_not_understood_is_said(host, broken):
    with pytest.raises(ParseError):
        live_of(HostFirewall(host=host, observed=broken))
