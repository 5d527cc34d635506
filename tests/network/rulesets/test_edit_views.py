"""Pages on which a rule set is read and changed."""

from __future__ import annotations

import re

import pytest

from apps.audit.models import AuditEvent
from apps.network.models import Layout, RuleSet

pytestmark = pytest.mark.django_db


def url(rule_set: RuleSet, page: str = "") -> str:
    return f"/firewall/{rule_set.pk}/{page}"


def mark_of(answer) -> str:
    return re.search(r'name="shown" value="(\w+)"', answer.content.decode())[1]


def test_rules_are_shown_with_what_they_do_and_where_they_are_from(owner, rule_set):
    page = owner.client.get(url(rule_set)).content.decode()
    assert "Lets the panel reach the host over SSH" in page
    assert "check-state :default" in page


@pytest.mark.parametrize("page", ["", "choices/", "written/", "tables/", "layouts/"])
def test_page(owner, rule_set, page):
    assert owner.client.get(url(rule_set, page)).status_code == 200


def test_a_written_rule_is_shown_with_what_it_changes_and_then_kept(owner, rule_set):
    post = {"written": "500 deny tcp from any to me 3306 in", "version": "1", "do": "show"}
    shown = owner.client.post(url(rule_set, "written/"), post)
    assert shown.status_code == 200
    assert "00500 deny tcp from any to me 3306 in" in shown.content.decode()
    assert RuleSet.objects.get().written == ""
    kept = owner.client.post(url(rule_set, "written/"), post | {"shown": mark_of(shown), "do": "save"})
    assert kept.status_code == 302
    assert RuleSet.objects.get().written == "500 deny tcp from any to me 3306 in\n"
    event = AuditEvent.objects.get(action="rule_set.changed")
    assert event.detail["rules_new"] == ["500 deny tcp from any to me 3306 in"]
