"""What Celery calls: looks that are due, and a task that never raises what is on the host's row already."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.freebsd.errors import HostUnreachable
from apps.hosts import tasks
from apps.hosts.models import Host, HostState
from tests.places import make_host

PROBE, SCAN = "apps.hosts.tasks.probe", "apps.hosts.tasks.scan_key"
AWAY = "apps.hosts.tasks.probe_away"


def late(**seconds: float) -> dict[str, object]:
    return {"tried_at": timezone.now() - timedelta(**seconds)}


def test_a_look_is_stored(host, fake_host, row):
    tasks.probe(str(host.pk))
    assert row().facts["hostname"] == "fbsd13"


def test_a_look_that_fails_is_on_the_hosts_row_and_no_error_of_the_task(host, fake_host, row):
    fake_host.refusals["facts"] = HostUnreachable("Nobody there.")
    tasks.probe(str(host.pk))
    assert row().state_reason == "Nobody there."


def test_a_message_about_a_host_that_was_removed_is_no_error(db):
    tasks.probe(str(uuid4()))
    tasks.scan_key(str(uuid4()))


@pytest.mark.parametrize("state", HostState)
def test_who_is_due_is_looked_at_and_no_host_whose_key_is_in_doubt(db, sent, state):
    host = make_host("alpha", state=state, **late(seconds=61))
    tasks.probe_due_hosts()
    wanted = {
        HostState.NEW: [(SCAN, str(host.pk))],
        HostState.UNVERIFIED: [],
        HostState.KEY_CHANGED: [],
        HostState.UNREACHABLE: [(AWAY, str(host.pk))],
    }
    assert sent.tasks == wanted.get(state, [(PROBE, str(host.pk))])


@pytest.mark.parametrize("state", [HostState.ONLINE, HostState.NEW])
@pytest.mark.parametrize("tried", [None, 61, 59])
def test_a_host_is_due_once_the_interval_is_over(db, sent, settings, state, tried):
    settings.PROBE_INTERVAL_S = 60
    values = {"tried_at": None} if tried is None else late(seconds=tried)
    make_host("alpha", state=state, **values)
    tasks.probe_due_hosts()
    assert len(sent.tasks) == (tried != 59)


@pytest.mark.parametrize("state", [HostState.ONLINE, HostState.NEW])
def test_who_was_asked_for_is_not_asked_for_again_at_once(db, sent, state):
    make_host("alpha", state=state, tried_at=None)
    for _ in range(3):
        tasks.probe_due_hosts()
    assert len(sent.tasks) == 1


def test_of_two_clocks_that_tick_at_once_one_asks(db, sent, monkeypatch):
    make_host("alpha", **late(seconds=61))
    filtered = Host.objects.filter

    def seen_by_both(*args, **kwargs):
        rows = filtered(*args, **kwargs)
        if "state__in" in kwargs:
            seen = list(rows)
            tasks_of_the_other()
            return seen
        return rows

    def tasks_of_the_other() -> None:
        monkeypatch.setattr(Host.objects, "filter", filtered)
        tasks.probe_due_hosts()

    monkeypatch.setattr(Host.objects, "filter", seen_by_both)
    tasks.probe_due_hosts()
    assert len(sent.tasks) == 1


def test_the_panels_own_machine_is_looked_at_too(db, sent):
    host = make_host("panel", address="", channel="sudo", state=HostState.UNREACHABLE, **late(seconds=61))
    tasks.probe_due_hosts()
    assert sent.tasks == [(AWAY, str(host.pk))]


def test_all_hosts_that_are_away_are_one_message_the_longest_untried_first(db, sent):
    hosts = [
        make_host(f"host{age}", address=f"192.0.2.{age}", state=HostState.UNREACHABLE, **late(seconds=age))
        for age in (61, 90, 75)
    ]
    make_host("online", address="192.0.2.200", **late(seconds=61))
    tasks.probe_due_hosts()
    (away,) = [message for message in sent.tasks if message[0] == AWAY]
    assert away == (AWAY, *(str(hosts[number].pk) for number in (1, 2, 0)))
    assert len(sent.tasks) == 2


@pytest.mark.parametrize("state", [HostState.UNREACHABLE, HostState.NEW])
@pytest.mark.parametrize(
    ("gone_s", "pause_s"), [(90, 60), (130, 120), (590, 120), (610, 300), (86400, 300), (86400 * 90, 300)]
)
@pytest.mark.django_db
def test_who_stays_away_is_tried_less_and_less_often_and_every_five_minutes_at_least(
    sent, state, gone_s, pause_s
):
    seen = {"seen_at": timezone.now() - timedelta(seconds=gone_s)}
    make_host("early", state=state, **seen, **late(seconds=pause_s - 2))
    late_one = make_host("late", address="192.0.2.2", state=state, **seen, **late(seconds=pause_s + 2))
    tasks.probe_due_hosts()
    assert sent.tasks == [(AWAY if state == HostState.UNREACHABLE else SCAN, str(late_one.pk))]


def test_a_host_that_was_never_seen_counts_from_when_it_was_added(db, sent):
    host = make_host("alpha", state=HostState.UNREACHABLE, seen_at=None, **late(seconds=90))
    Host.objects.update(added_at=timezone.now() - timedelta(hours=1))
    tasks.probe_due_hosts()
    assert sent.tasks == []
    Host.objects.update(tried_at=None)
    tasks.probe_due_hosts()
    assert sent.tasks == [(AWAY, str(host.pk))]


def test_of_many_new_hosts_a_few_are_asked_for_their_key_at_a_time(db, sent):
    for number in range(10):
        make_host(f"new{number}", address=f"192.0.2.{number}", state=HostState.NEW, tried_at=None)
    tasks.probe_due_hosts()
    assert len(sent.tasks) == 4
    tasks.probe_due_hosts()
    assert len(set(sent.tasks)) == 8


def test_a_second_look_at_a_host_that_is_being_looked_at_is_skipped(host, fake_host):
    looks = []

    def again() -> None:
        looks.append(1)
        fake_host.tick = lambda: looks.append(1)
        tasks.probe(str(host.pk))
        tasks.probe_away(str(host.pk))

    fake_host.tick = again
    tasks.probe(str(host.pk))
    assert looks == [1]
    tasks.probe(str(host.pk))
    assert looks == [1, 1]
