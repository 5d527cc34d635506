"""Hosts are added, their keys compared and pinned, and nothing goes to one whose key is in doubt."""

from __future__ import annotations

from copy import copy
from functools import partial

import pytest

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.channel.keys import fingerprint
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host, HostGroup, HostState
from apps.hosts.services import (
    host_add,
    host_key_confirm,
    host_key_reject,
    host_probe_request,
    host_remove,
)
from apps.jails.models import Jail
from apps.jobs.models import OPEN_STATES, Job, JobState
from tests.conftest import make_person
from tests.hosts.keys import FIRST, SECOND
from tests.jobs.conftest import make_job
from tests.places import make_host, make_jail
from tests.threads import at_once

NEW = {"name": "beta", "channel": "ssh", "address": "192.0.2.7", "port": 22, "user": "root"}
STRANGER = Actor("eve", 9)


@pytest.fixture
def committed(sent, django_capture_on_commit_callbacks):
    """Let what is done in the block commit; then `sent` has what went out."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def unverified(db) -> Host:
    return make_host("beta", state=HostState.UNVERIFIED, host_key="", offered_key=FIRST, seen_at=None)


@pytest.fixture
def changed(db) -> Host:
    return make_host(
        "beta", address="192.0.2.7", state=HostState.KEY_CHANGED, host_key=FIRST, offered_key=SECOND
    )


def event() -> AuditEvent:
    return AuditEvent.objects.get()


# -- adding -------------------------------------------------------------------------------------------


def test_a_new_host_is_stored_and_its_key_is_fetched_in_the_background(db, sent, committed):
    with committed():
        host = host_add(actor=PANEL, **NEW)
    host.refresh_from_db()
    assert (host.state, host.host_key, host.offered_key) == (HostState.NEW, "", "")
    assert (host.name, host.address, host.port, host.user) == ("beta", "192.0.2.7", 22, "root")
    assert sent.tasks == [("apps.hosts.tasks.scan_key", str(host.pk))]
    assert "hosts" in sent.topics


def test_adding_a_host_is_recorded(db):
    host = host_add(actor=PANEL, **NEW)
    assert (event().action, event().object_name, event().host_id) == ("host.added", "beta", host.pk)
    assert event().detail == {"channel": "ssh", "address": "192.0.2.7", "port": 22, "user": "root"}


def test_a_new_host_can_be_put_into_a_group(db):
    group = HostGroup.objects.create(name="staging")
    assert host_add(actor=PANEL, **NEW, group=group).group == group
    assert event().detail["group"] == "staging"
    HostGroup.objects.filter(pk=group.pk).delete()
    with pytest.raises(InvalidInput, match="removed meanwhile") as caught:
        host_add(actor=PANEL, **NEW | {"name": "other"}, group=group)
    assert caught.value.field == "group"


@pytest.mark.parametrize("channel", ["doas", "sudo"])
def test_the_panels_own_machine_has_no_key_and_is_looked_at_at_once(db, sent, committed, channel):
    with committed():
        host = host_add(actor=PANEL, **NEW | {"channel": channel})
    assert (host.state, host.address) == (HostState.UNREACHABLE, "")
    assert host.may_be_contacted
    assert sent.tasks == [("apps.hosts.tasks.probe", str(host.pk))]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": "alpha"}, "name"),
        ({"address": "192.0.2.1"}, "address"),
    ],
)
def test_a_name_or_address_that_another_host_has_is_refused_next_to_its_field(host, other, field):
    with pytest.raises(InvalidInput, match="Another host has this") as refused:
        host_add(actor=PANEL, **NEW | other)
    assert refused.value.field == field
    assert Host.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_the_same_address_with_another_port_is_another_host(host):
    host_add(actor=PANEL, **NEW | {"address": host.address, "port": 2222})
    assert Host.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "other", [{"name": "beta", "port": 2222}, {"name": "gamma"}], ids=["name", "address"]
)
def test_of_two_who_add_the_same_host_at_once_one_is_told(sent, other):
    results = at_once(partial(host_add, actor=PANEL, **NEW), partial(host_add, actor=PANEL, **NEW | other))
    assert {type(result) for result in results} == {Host, InvalidInput}
    assert Host.objects.count() == AuditEvent.objects.count() == 1


def test_who_may_not_add_hosts_adds_none(viewer, outsider):
    for actor in (viewer.actor, outsider.actor, STRANGER):
        with pytest.raises(NotAllowed, match="You may not add hosts"):
            host_add(actor=actor, **NEW)
    assert Host.objects.filter(name="beta").count() == 0


# -- its key ------------------------------------------------------------------------------------------


def test_a_compared_key_is_pinned_and_the_host_is_looked_at(unverified, sent, committed):
    with committed():
        host_key_confirm(actor=PANEL, host=unverified, key_fingerprint=fingerprint(FIRST))
    unverified.refresh_from_db()
    assert (unverified.host_key, unverified.offered_key) == (FIRST, "")
    assert unverified.state == HostState.UNREACHABLE
    assert unverified.may_be_contacted
    assert sent.tasks == [("apps.hosts.tasks.probe", str(unverified.pk))]
    assert event().action == "host.key_confirmed"
    assert event().detail == {"before": None, "after": fingerprint(FIRST)}


@pytest.mark.parametrize("seen", ["", "SHA256:x", fingerprint(SECOND)])
def test_a_fingerprint_that_was_not_shown_pins_nothing(unverified, seen):
    with pytest.raises(Conflict, match="another key by now"):
        host_key_confirm(actor=PANEL, host=unverified, key_fingerprint=seen)
    unverified.refresh_from_db()
    assert (unverified.host_key, unverified.state) == ("", HostState.UNVERIFIED)
    assert not AuditEvent.objects.exists()


def test_a_key_that_changed_since_the_page_was_shown_is_not_pinned(unverified):
    """The row is read, then the host shows another key, then the person's answer is stored."""
    Host.objects.update(offered_key=SECOND)
    with pytest.raises(Conflict, match="another key by now"):
        host_key_confirm(actor=PANEL, host=unverified, key_fingerprint=fingerprint(FIRST))
    assert Host.objects.get().host_key == ""


@pytest.mark.parametrize("state", set(HostState) - {HostState.UNVERIFIED, HostState.KEY_CHANGED})
def test_where_no_key_waits_none_is_pinned(host, state):
    Host.objects.update(state=state, offered_key=SECOND)
    host.refresh_from_db()
    with pytest.raises(Conflict):
        host_key_confirm(actor=PANEL, host=host, key_fingerprint=fingerprint(SECOND))
    assert Host.objects.get().host_key != SECOND


def test_accepting_a_changed_key_records_both(changed):
    host_key_confirm(actor=PANEL, host=changed, key_fingerprint=fingerprint(SECOND))
    changed.refresh_from_db()
    assert (changed.host_key, changed.state) == (SECOND, HostState.UNREACHABLE)
    assert event().detail == {"before": fingerprint(FIRST), "after": fingerprint(SECOND)}


def test_a_first_key_that_was_refused_is_forgotten_and_asked_for_again(unverified, sent, committed):
    with committed():
        host_key_reject(actor=PANEL, host=unverified)
    unverified.refresh_from_db()
    assert (unverified.state, unverified.host_key, unverified.offered_key) == (HostState.NEW, "", "")
    assert sent.tasks == [("apps.hosts.tasks.scan_key", str(unverified.pk))]
    assert (event().action, event().detail) == ("host.key_rejected", {"offered": fingerprint(FIRST)})


def test_a_changed_key_that_was_refused_leaves_the_pinned_one(changed, sent, committed):
    with committed():
        host_key_reject(actor=PANEL, host=changed)
    changed.refresh_from_db()
    assert (changed.state, changed.host_key, changed.offered_key) == (HostState.UNREACHABLE, FIRST, "")
    assert sent.tasks == [("apps.hosts.tasks.probe", str(changed.pk))]


@pytest.mark.parametrize("state", set(HostState) - {HostState.UNVERIFIED, HostState.KEY_CHANGED})
def test_where_no_key_waits_there_is_none_to_refuse(host, state):
    Host.objects.update(state=state)
    host.refresh_from_db()
    with pytest.raises(Conflict, match="shows no key"):
        host_key_reject(actor=PANEL, host=host)
    host.refresh_from_db()
    assert host.state == state
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda actor, host: host_key_confirm(actor=actor, host=host, key_fingerprint=fingerprint(SECOND)),
        lambda actor, host: host_key_reject(actor=actor, host=host),
        lambda actor, host: host_remove(actor=actor, host=host),
    ],
    ids=["confirm", "reject", "remove"],
)
def test_who_may_not_change_a_host_changes_nothing(changed, outsider, change):
    manager = make_person("manager", (Role.MANAGER, changed))
    events = AuditEvent.objects.count()
    for actor in (manager.actor, outsider.actor, STRANGER):
        with pytest.raises(NotAllowed):
            change(actor, changed)
    changed.refresh_from_db()
    assert (changed.host_key, changed.state) == (FIRST, HostState.KEY_CHANGED)
    assert AuditEvent.objects.count() == events


# -- a look -------------------------------------------------------------------------------------------


def test_a_look_is_asked_for_and_recorded(host, operator, sent, committed):
    before = AuditEvent.objects.count()
    with committed():
        host_probe_request(actor=operator.actor, host=host)
    assert sent.tasks == [("apps.hosts.tasks.probe", str(host.pk))]
    assert AuditEvent.objects.count() == before + 1
    assert AuditEvent.objects.order_by("-sequence").first().action == "host.probe_requested"


def test_who_may_not_probe_asks_for_nothing(host, viewer, sent, committed):
    with committed(), pytest.raises(NotAllowed):
        host_probe_request(actor=viewer.actor, host=host)
    assert sent.tasks == []


@pytest.mark.parametrize("state", [HostState.NEW, HostState.UNVERIFIED, HostState.KEY_CHANGED])
def test_a_host_whose_key_is_in_doubt_is_not_looked_at(host, state, sent, committed):
    host.state = state
    with committed(), pytest.raises(Conflict, match="until its key is confirmed"):
        host_probe_request(actor=PANEL, host=host)
    assert sent.tasks == []
    assert not AuditEvent.objects.exists()


# -- removing -----------------------------------------------------------------------------------------


def test_a_removed_host_takes_its_rows_along_and_leaves_its_events(host, sent, committed):
    make_jail(host)
    make_job(host)
    Job.objects.update(state=JobState.SUCCEEDED)
    with committed():
        host_remove(actor=PANEL, host=host)
    assert [kind.objects.count() for kind in (Host, Jail, Job)] == [0, 0, 0]
    assert (event().action, event().object_name) == ("host.removed", "alpha")
    assert event().detail == {"address": "192.0.2.1"}
    assert {"hosts", "jails"} <= sent.topics


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_host_with_an_open_job_stays(host, state):
    make_job(host)
    Job.objects.update(state=state)
    with pytest.raises(Conflict, match="A job waits or runs on this host"):
        host_remove(actor=PANEL, host=host)
    assert Host.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_made_while_its_host_is_removed_is_not_lost_in_silence(sent):
    """Either the job came first and the host stays, or the host is gone and whoever asked is told."""
    for _ in range(5):
        host = make_host("alpha")
        made, removed = at_once(partial(make_job, host), partial(host_remove, actor=PANEL, host=copy(host)))
        if isinstance(made, Job):
            assert isinstance(removed, Conflict)
            assert Job.objects.filter(pk=made.pk).exists()
            Host.objects.all().delete()
        else:
            assert isinstance(made, Conflict)
            assert removed is None
            assert not Host.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_host_is_removed_once(sent):
    host = make_host("alpha")
    results = at_once(*(partial(host_remove, actor=PANEL, host=copy(host)) for _ in range(2)))
    assert {type(result) for result in results} == {type(None), Conflict}
    assert AuditEvent.objects.count() == 1
