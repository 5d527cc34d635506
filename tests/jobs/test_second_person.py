"""Who can be the second person, in words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.actor import PANEL
from apps.accounts.models import User
from apps.accounts.permissions import Perm, Role
from apps.accounts.queries import Holder, holders
from apps.hosts.models import Host, HostGroup
from apps.jobs.models import ApprovalPolicy
from apps.jobs.second_person import approvers_of, listed, second_person, warnings_for
from tests.conftest import make_person
from tests.jobs.conftest import KIND, make_job
from tests.places import make_host


@pytest.fixture
def bob(host):
    return make_person("bob", (Role.MANAGER, host))


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["alice"], "alice"),
        (["alice", "bob"], "alice or bob"),
        (["a", "b", "c", "d", "e"], "a, b, c, d or e"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d or 2 others"),
    ],
)
def test_people_are_listed_in_words(names, text):
    assert listed(names, "or") == text


def test_a_permission_is_held_by_role_where_it_was_granted(host, other_host, owner, bob, outsider):
    assert set(holders(Perm.JOB_APPROVE)) == {
        Holder(owner.user.pk, "owner", None),
        Holder(bob.user.pk, "bob", host.pk),
        Holder(outsider.user.pk, "outsider", other_host.pk),
    }


def test_who_cannot_sign_in_holds_nothing(host, bob):
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert holders(Perm.JOB_APPROVE) == []


def test_without_a_policy_nothing_is_said(host, operator, bob):
    assert second_person(operator.actor, host.pk, KIND) is None


def test_one_is_told_who_can_approve(host, operator, owner, bob, outsider):
    ApprovalPolicy.objects.create(valid_h=5)
    said = second_person(operator.actor, host.pk, KIND)
    assert (said.text, said.valid_h, said.nobody) == ("bob or owner can approve it.", 5, False)
    assert second_person(bob.actor, host.pk, KIND).text == "owner can approve it."


def test_one_is_told_when_nobody_else_can(host, bob, operator):
    ApprovalPolicy.objects.create()
    said = second_person(bob.actor, host.pk, KIND)
    assert said.nobody
    assert said.text.startswith("Nobody but you may approve here")
    User.objects.filter(pk=bob.user.pk).delete()
    assert second_person(operator.actor, host.pk, KIND).text.startswith(
        "Nobody may approve jobs on this host"
    )


def test_a_job_names_who_may_approve_it(host, owner, bob, operator):
    assert approvers_of(make_job(host, actor=bob.actor)) == ["owner"]
    assert approvers_of(make_job(host, actor=operator.actor)) == ["bob", "owner"]
    assert approvers_of(make_job(host, actor=PANEL)) == ["bob", "owner"]


# -- policies that nobody could satisfy --------------------------------------------------------------------


def test_two_people_everywhere_are_enough(host, owner):
    make_person("mia", (Role.MANAGER, None))
    assert warnings_for([ApprovalPolicy()]) == {}


def test_one_person_is_warned_of_and_none_is(host, other_host, bob):
    make_host("beta", address="198.51.100.8")
    text = warnings_for([ApprovalPolicy()])[None]
    assert "Nobody may approve on beta and omega: what is asked for there runs out." in text
    assert "Only bob may approve on alpha: what bob asks for there runs out." in text


def test_a_group_is_warned_of_by_its_own_hosts(host, other_host, bob):
    calm, lonely = (HostGroup.objects.create(name=name) for name in ("calm", "lonely"))
    Host.objects.filter(pk=host.pk).update(group=lonely)
    policies = [ApprovalPolicy(group=calm), ApprovalPolicy(group=lonely)]
    assert list(warnings_for(policies)) == [lonely.pk]


def test_warnings_take_two_queries_however_many_policies(host, bob):
    policies = [ApprovalPolicy(group=HostGroup.objects.create(name=f"g{number}")) for number in range(5)]
    with CaptureQueriesContext(connection) as queries:
        warnings_for(policies)
    assert len(queries) == 2
