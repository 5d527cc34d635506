"""Policies: which jobs fall under one, who changes them, and what the record says."""

from __future__ import annotations

import pytest
from django.http import Http404
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host, HostGroup
from apps.jobs.models import ApprovalPolicy
from apps.jobs.policies import (
    Rule,
    approval_until,
    kind_label,
    policy_add,
    policy_change,
    policy_for,
    policy_get,
    policy_list,
    policy_remove,
)
from tests.conftest import make_person

EVERYTHING = Rule(None, "", 24)


@pytest.fixture
def group(host) -> HostGroup:
    made = HostGroup.objects.create(name="production")
    Host.objects.filter(pk=host.pk).update(group=made)
    return made


def test_a_policy_is_about_its_kind_on_the_hosts_of_its_group(host, other_host, group):
    ApprovalPolicy.objects.create(kind="jails.stop", group=group, valid_h=2)
    assert policy_for(host.pk, "jails.stop").valid_h == 2
    assert policy_for(host.pk, "jails.start") is None
    assert policy_for(other_host.pk, "jails.stop") is None


def test_a_policy_for_everything_is_about_everything(host, other_host):
    ApprovalPolicy.objects.create()
    assert policy_for(host.pk, "jails.stop")
    assert policy_for(other_host.pk, "anything.at_all")


def test_the_strictest_of_several_counts(host, group):
    ApprovalPolicy.objects.create(valid_h=24)
    ApprovalPolicy.objects.create(group=group, kind="jails.stop", valid_h=48)
    ApprovalPolicy.objects.create(kind="jails.stop", valid_h=3)
    assert policy_for(host.pk, "jails.stop").valid_h == 3
    assert 2.9 < (approval_until(host.pk, "jails.stop") - timezone.now()).total_seconds() / 3600 <= 3


def test_without_a_policy_nobody_is_asked(host):
    assert approval_until(host.pk, "jails.stop") is None


# -- changing them ----------------------------------------------------------------------------------------


def test_an_added_policy_is_recorded(owner, group):
    made = policy_add(actor=owner.actor, rule=Rule(group.pk, "jails.stop", 8))
    assert (made.group, made.kind, made.valid_h) == (group, "jails.stop", 8)
    event = AuditEvent.objects.get(action="policy.added")
    assert event.object_name == "Stop a jail on production"
    assert event.detail == {"after": {"hosts": "production", "kind": "jails.stop", "valid_h": 8}}


def test_a_changed_policy_is_recorded_with_what_it_was(owner, group):
    policy = policy_add(actor=owner.actor, rule=EVERYTHING)
    policy_change(actor=owner.actor, policy=policy, rule=Rule(group.pk, "", 8))
    policy.refresh_from_db()
    assert (policy.group, policy.valid_h) == (group, 8)
    assert AuditEvent.objects.get(action="policy.changed").detail == {
        "before": {"hosts": "every host", "kind": "every kind", "valid_h": 24},
        "after": {"hosts": "production", "kind": "every kind", "valid_h": 8},
    }


def test_a_removed_policy_is_recorded_and_can_be_added_again(owner):
    policy = policy_add(actor=owner.actor, rule=EVERYTHING)
    policy_remove(actor=owner.actor, policy=policy)
    assert AuditEvent.objects.get(action="policy.removed").detail["before"]["valid_h"] == 24
    policy_add(actor=owner.actor, rule=EVERYTHING)
    assert ApprovalPolicy.objects.count() == 1


def test_policies_are_for_those_who_hold_the_right_everywhere(owner, operator, outsider):
    policy = policy_add(actor=owner.actor, rule=EVERYTHING)
    for actor in (operator.actor, outsider.actor, make_person("mia", (Role.MANAGER, None)).actor):
        with pytest.raises(NotAllowed):
            policy_add(actor=actor, rule=Rule(None, "jails.stop", 1))
        with pytest.raises(NotAllowed):
            policy_change(actor=actor, policy=policy, rule=Rule(None, "", 1))
        with pytest.raises(NotAllowed):
            policy_remove(actor=actor, policy=policy)
        with pytest.raises(NotAllowed):
            policy_get(actor=actor, policy_id=policy.pk)
    assert ApprovalPolicy.objects.get().valid_h == 24


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(None, "jails.explode", 1), "kind"),
        (Rule(None, "", 0), "valid_h"),
        (Rule(None, "", 721), "valid_h"),
        (Rule(4711, "", 1), "group"),
    ],
)
def test_a_policy_about_nothing_is_refused(owner, rule, field):
    with pytest.raises(InvalidInput) as refusal:
        policy_add(actor=owner.actor, rule=rule)
    assert refusal.value.field == field
    policy = policy_add(actor=owner.actor, rule=EVERYTHING)
    with pytest.raises(InvalidInput):
        policy_change(actor=owner.actor, policy=policy, rule=rule)


@pytest.mark.parametrize("in_group", [True, False])
def test_there_is_one_policy_for_a_kind_on_the_same_hosts(owner, group, in_group):
    group_id = group.pk if in_group else None
    policy_add(actor=owner.actor, rule=Rule(group_id, "jails.stop", 1))
    other = policy_add(actor=owner.actor, rule=Rule(group_id, "", 1))
    with pytest.raises(InvalidInput, match="already"):
        policy_add(actor=owner.actor, rule=Rule(group_id, "jails.stop", 2))
    with pytest.raises(InvalidInput, match="already"):
        policy_change(actor=owner.actor, policy=other, rule=Rule(group_id, "jails.stop", 2))
    assert AuditEvent.objects.filter(action__startswith="policy.").count() == 2


def test_a_policy_that_is_gone_is_not_changed(owner):
    policy = policy_add(actor=owner.actor, rule=EVERYTHING)
    ApprovalPolicy.objects.all().delete()
    with pytest.raises(Conflict):
        policy_change(actor=owner.actor, policy=policy, rule=EVERYTHING)
    with pytest.raises(Conflict):
        policy_remove(actor=owner.actor, policy=policy)
    with pytest.raises(Http404):
        policy_get(actor=owner.actor, policy_id=policy.pk)


def test_one_sees_the_policies_of_ones_own_hosts(owner, operator, outsider, group):
    Host.objects.create(name="third", address="192.0.2.44", group=group)
    everywhere = ApprovalPolicy.objects.create()
    production = ApprovalPolicy.objects.create(group=group)
    assert set(policy_list(owner.actor)) == {everywhere, production}
    assert set(policy_list(operator.actor)) == {everywhere, production}
    assert list(policy_list(outsider.actor)) == [everywhere]
    assert policy_list(operator.actor).count() == 2


def test_a_kind_that_no_room_knows_any_more_goes_by_its_own_name():
    assert kind_label("gone.away") == "gone.away"
    assert kind_label("") == "Every kind of change"


def test_open_pages_hear_of_policies(owner, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        policy_add(actor=owner.actor, rule=EVERYTHING)
    assert sent.topics == {"policies"}
