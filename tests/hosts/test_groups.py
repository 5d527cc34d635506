"""Groups of hosts: who names them, who moves a host, and that no second person is shaken off by it."""

from __future__ import annotations

import pytest
from django.http import Http404

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.groups import (
    group_add,
    group_get,
    group_list,
    group_remove,
    group_rename,
    host_group_set,
    why_not_leave,
)
from apps.hosts.models import Host, HostGroup
from apps.jobs.models import ApprovalPolicy
from tests.answers import words
from tests.conftest import make_person


@pytest.fixture
def group(host) -> HostGroup:
    """A group with `host` in it."""
    made = HostGroup.objects.create(name="production")
    Host.objects.filter(pk=host.pk).update(group=made)
    host.refresh_from_db()
    return made


@pytest.fixture
def keeper(host):
    """May change `host`, and nothing elsewhere."""
    return make_person("keeper", (Role.ADMIN, host))


def actions() -> list[str]:
    done = AuditEvent.objects.exclude(action="session.started").order_by("sequence")
    return list(done.values_list("action", flat=True))


# -- the groups ------------------------------------------------------------------------------------------


def test_a_group_is_added_and_renamed_with_a_record(owner):
    group = group_add(actor=owner.actor, name="web servers")
    group_rename(actor=owner.actor, group=group, name="front-ends")
    assert HostGroup.objects.get().name == "front-ends"
    assert actions() == ["group.added", "group.renamed"]
    assert AuditEvent.objects.get(action="group.renamed").detail == {
        "before": "web servers",
        "after": "front-ends",
    }


@pytest.mark.parametrize("name", ["", " ", "-a", "a ", "a\nb", "a/b", "ä", "<b>", "x" * 64, "a\0"])
def test_a_name_that_could_do_harm_is_refused(owner, name):
    with pytest.raises(InvalidInput) as refusal:
        group_add(actor=owner.actor, name=name)
    assert refusal.value.field == "name"


@pytest.mark.parametrize("name", ["production", "PRODUCTION"])
def test_two_groups_have_two_names(owner, group, name):
    other = group_add(actor=owner.actor, name="staging")
    with pytest.raises(InvalidInput, match="Another group"):
        group_add(actor=owner.actor, name=name)
    with pytest.raises(InvalidInput, match="Another group"):
        group_rename(actor=owner.actor, group=other, name=name)


def test_a_group_may_change_the_size_of_its_letters(owner, group):
    group_rename(actor=owner.actor, group=group, name="Production")
    assert HostGroup.objects.get().name == "Production"


def test_a_removed_group_leaves_its_hosts_and_takes_its_policies(owner, group, host):
    ApprovalPolicy.objects.create(group=group, kind="jails.stop")
    kept = ApprovalPolicy.objects.create()
    group_remove(actor=owner.actor, group=group)
    host.refresh_from_db()
    assert host.group is None
    assert list(ApprovalPolicy.objects.all()) == [kept]
    assert actions() == ["policy.removed", "group.removed"]
    assert AuditEvent.objects.get(action="group.removed").detail == {"hosts": ["alpha"]}


def test_groups_are_for_those_who_may_change_every_host(keeper, operator, group):
    for actor in (keeper.actor, operator.actor):
        for change in (
            lambda actor: group_add(actor=actor, name="mine"),
            lambda actor: group_rename(actor=actor, group=group, name="mine"),
            lambda actor: group_remove(actor=actor, group=group),
            lambda actor: group_get(actor=actor, group_id=group.pk),
        ):
            with pytest.raises(NotAllowed):
                change(actor)
    assert HostGroup.objects.get().name == "production"
    assert actions() == []


def test_a_group_that_is_gone_is_neither_renamed_nor_removed(owner, host, group):
    HostGroup.objects.all().delete()
    with pytest.raises(Conflict):
        group_rename(actor=owner.actor, group=group, name="live")
    with pytest.raises(Conflict):
        group_remove(actor=owner.actor, group=group)
    with pytest.raises(Conflict):
        host_group_set(actor=owner.actor, host=host, group=group)
    with pytest.raises(Http404):
        group_get(actor=owner.actor, group_id=group.pk)


def test_one_sees_the_groups_of_ones_hosts_with_these_hosts_only(
    owner, operator, outsider, group, other_host
):
    Host.objects.filter(pk=other_host.pk).update(group=group)
    HostGroup.objects.create(name="empty")
    assert [row.name for row in group_list(owner.actor)] == ["empty", "production"]
    (seen,) = group_list(operator.actor)
    assert [host.name for host in seen.hosts.all()] == ["alpha"]
    assert [host.name for host in group_list(outsider.actor).get().hosts.all()] == ["omega"]


def test_a_group_counts_its_policies(owner, group):
    HostGroup.objects.create(name="calm")
    for kind in ("jails.stop", "jails.start"):
        ApprovalPolicy.objects.create(group=group, kind=kind)
    assert {row.name: row.policy_count for row in group_list(owner.actor)} == {"calm": 0, "production": 2}


# -- the group of a host ------------------------------------------------------------------------------------


def test_a_host_changes_its_group_with_a_record(
    keeper, group, host, sent, django_capture_on_commit_callbacks
):
    other = HostGroup.objects.create(name="staging")
    with django_capture_on_commit_callbacks(execute=True):
        host_group_set(actor=keeper.actor, host=host, group=other)
    host.refresh_from_db()
    assert host.group == other
    event = AuditEvent.objects.get(action="host.group_changed")
    assert (event.host_id, event.detail) == (host.pk, {"before": "production", "after": "staging"})
    assert f"host:{host.pk}" in sent.topics


def test_a_host_that_is_there_already_is_not_put_there_again(owner, group, host):
    host_group_set(actor=owner.actor, host=host, group=group)
    assert actions() == []


def test_who_may_not_change_a_host_does_not_move_it(operator, outsider, group, host):
    for actor in (operator.actor, outsider.actor):
        with pytest.raises(NotAllowed):
            host_group_set(actor=actor, host=host, group=None)


def test_a_host_does_not_leave_a_policy_by_the_hand_of_one_who_may_not_change_it(keeper, owner, group, host):
    ApprovalPolicy.objects.create(group=group, kind="jails.stop")
    assert "asks for a second person" in why_not_leave(keeper.actor, group)
    for goal in (None, HostGroup.objects.create(name="staging")):
        with pytest.raises(NotAllowed, match="asks for a second person"):
            host_group_set(actor=keeper.actor, host=host, group=goal)
    host.refresh_from_db()
    assert host.group == group
    host_group_set(actor=owner.actor, host=host, group=None)
    host.refresh_from_db()
    assert host.group is None


def test_a_host_that_is_gone_is_not_moved(owner, host):
    gone = Host.objects.get(pk=host.pk)
    Host.objects.all().delete()
    with pytest.raises(Conflict):
        host_group_set(actor=owner.actor, host=gone, group=None)


# -- pages ------------------------------------------------------------------------------------------------


def test_the_list_of_hosts_shows_and_filters_by_group(owner, group, other_host):
    assert "production" in words(owner.client.get("/hosts/"))
    narrowed = words(owner.client.get("/hosts/?group=production"))
    assert "alpha" in narrowed
    assert "omega" not in narrowed


def test_without_groups_there_is_no_filter_for_them(owner, host):
    assert "Any group" not in words(owner.client.get("/hosts/"))


def test_removing_a_group_says_which_policies_go_with_it(owner, group):
    ApprovalPolicy.objects.create(group=group, kind="jails.stop")
    assert "go with it: Stop a jail." in words(owner.client.get(f"/hosts/groups/{group.pk}/remove/"))


def test_a_name_that_is_taken_is_said_beside_its_field_and_kept(owner, group):
    answer = owner.client.post("/hosts/groups/add/", {"name": "Production"})
    assert answer.status_code == 422
    assert "Another group has this name." in words(answer)
    assert 'value="Production"' in answer.content.decode()


def test_a_host_that_may_not_leave_its_group_says_why_on_its_page(keeper, group, host):
    assert 'id="host-group"' in keeper.client.get(host.get_absolute_url()).content.decode()
    ApprovalPolicy.objects.create(group=group)
    page = keeper.client.get(host.get_absolute_url()).content.decode()
    assert 'id="host-group"' not in page
    assert "asks for a second person on the hosts of production" in page


def test_no_group_that_is_not_there_can_be_chosen(owner, host):
    answer = owner.client.post(f"/hosts/{host.pk}/group/", {"group": "4711"})
    assert answer.status_code == 422
