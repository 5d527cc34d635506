"""The list of rule sets, and making, describing and removing one."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.codec import to_json
from apps.network.models import HostFirewall, RuleSet
from apps.network.rulesets.looking import look_at
from apps.network.rulesets.services import Content

pytestmark = pytest.mark.django_db


def test_an_empty_list_says_what_a_rule_set_is(owner, viewer):
    assert "No rule sets yet" in owner.client.get("/firewall/").content.decode()
    assert "New rule set" not in viewer.client.get("/firewall/").content.decode()


def test_the_list_tells_where_a_host_differs(owner, rule_set):
    assert "no rules seen yet" in owner.client.get("/firewall/").content.decode()
    HostFirewall.objects.update(observed={}, differs_since=rule_set.changed_at)
    assert "differs" in owner.client.get("/firewall/?q=alpha").content.decode()
    assert "Nothing matches" in owner.client.get("/firewall/?q=zzz").content.decode()


def test_rules_of_a_host_are_taken_over_as_written_ones(owner, rule_set, host):
    live = look_at(rule_set, host, Content("article")).firewall
    rule_set.delete()
    post = {"name": "taken", "owner": "host-alpha", "begins": "observed"}
    refused = owner.client.post("/firewall/add/", post)
    assert refused.status_code == 422
    assert "has not seen any rules on alpha yet" in refused.content.decode()
    HostFirewall.objects.update(observed={"firewall": to_json(live)})
    assert owner.client.post("/firewall/add/", post).status_code == 302
    made = RuleSet.objects.get()
    assert made.layout == "written"
    assert "00199 nat 123 ip from any to 203.0.113.10 in\n" in made.written
    rules = look_at(made, host).firewall.rules
    assert rules == live.rules


@pytest.mark.parametrize("name", ["", "a\x00b", "-x", "y" * 64])
def test_a_name_that_cannot_be_is_refused_beside_its_field(owner, host, name):
    post = {"name": name, "owner": "host-alpha", "begins": "recommended"}
    answer = owner.client.post("/firewall/add/", post)
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode() or "has-error" in answer.content.decode()


def test_removing_says_what_the_host_has_then(owner, rule_set):
    page = owner.client.get(f"/firewall/{rule_set.pk}/remove/").content.decode()
    assert "alpha has no rule set then: the rules on a host stay there" in page
    assert owner.client.post(f"/firewall/{rule_set.pk}/remove/").status_code == 302
    assert not RuleSet.objects.exists()


def test_a_number_past_what_a_database_holds_is_nowhere(owner):
    assert owner.client.get("/firewall/99999999999/").status_code == 404
