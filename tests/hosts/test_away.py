"""Many hosts that were away looked at together: who answers is stored at once, who hangs holds up nobody."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.utils import timezone

from apps.freebsd.channel.agent import Agent
from apps.freebsd.errors import HostKeyChanged, HostUnreachable
from apps.hosts import away
from apps.hosts.models import Host, HostState
from apps.jobs.lease import claim
from apps.jobs.models import Job, JobState
from tests.jobs.conftest import make_job
from tests.places import make_host


@pytest.fixture
def silent(monkeypatch, fake_host):
    """Hosts whose name begins with this never say anything; the others are as captured."""

    class Silent:
        async def request(self, *_words, **_more):
            await asyncio.Event().wait()

    monkeypatch.setattr(
        away, "agent_of", lambda host: Agent(Silent() if host.name.startswith("silent") else fake_host)
    )
    return fake_host


def away_host(name: str, number: int = 1) -> Host:
    return make_host(name, address=f"192.0.2.{number}", state=HostState.UNREACHABLE, state_reason="Gone.")


def states() -> dict[str, str]:
    return dict(Host.objects.values_list("name", "state"))


def test_those_that_answer_are_online_and_those_that_do_not_say_why(db, silent, monkeypatch):
    monkeypatch.setattr(away, "PROBE_TIMEOUT_S", 0.2)
    hosts = [away_host("back", 1), away_host("silent1", 2), away_host("silent2", 3)]
    threads = threading.active_count()
    away.probe_hosts([host.pk for host in hosts])
    assert states() == {"back": "online", "silent1": "unreachable", "silent2": "unreachable"}
    assert "within 0.2 seconds" in Host.objects.get(name="silent1").state_reason
    assert threading.active_count() <= threads + 1


def test_each_hosts_error_is_its_own(db, silent, monkeypatch):
    def agent_of(host):
        raise {"one": HostUnreachable("No."), "two": HostKeyChanged("Other.", offered="k")}[host.name]

    monkeypatch.setattr(away, "agent_of", agent_of)
    away.probe_hosts([away_host("one", 1).pk, away_host("two", 2).pk])
    assert states() == {"one": HostState.UNREACHABLE, "two": HostState.KEY_CHANGED}


def test_hosts_that_are_gone_from_the_panel_are_no_error(db, silent):
    host = away_host("back")
    host_id = host.pk
    host.delete()
    away.probe_hosts([host_id])


@pytest.mark.django_db(transaction=True)
def test_a_job_that_waits_for_its_host_is_taken_up_as_soon_as_the_host_answers(silent, sent):
    host = away_host("back")
    job = make_job(host)
    lease = claim(host.pk)
    lease.wait_for_host(timezone.now())
    assert claim(host.pk) is None
    sent.tasks.clear()
    away.probe_hosts([host.pk])
    assert ("apps.jobs.tasks.advance_lane", str(host.pk)) in sent.tasks
    assert claim(host.pk).job_id == job.pk


@pytest.mark.django_db(transaction=True)
def test_a_job_that_a_worker_is_at_is_left_to_it(silent, sent):
    host = away_host("back")
    make_job(host)
    claim(host.pk).wait_for_host(timezone.now())
    Job.objects.update(lease_until=timezone.now())
    assert claim(host.pk) is not None
    sent.tasks.clear()
    away.probe_hosts([host.pk])
    assert claim(host.pk) is None
    assert Job.objects.get().state == JobState.RUNNING
    assert not [message for message in sent.tasks if "advance_lane" in message[0]]
