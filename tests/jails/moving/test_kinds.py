"""What the look after each job of a move, or of a copy, says of what is not as it should be."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.hosts.models import Host
from apps.jails.models import Archive, Jail
from apps.jobs.models import Job
from apps.jobs.ports import job_kind
from tests.jails.moving.moves import moved_away
from tests.places import FACTS, make_jail

NAME = "web-1.tar.gz"


@pytest.fixture
def jobs(host, other_host) -> tuple[Job, Job]:
    """The two jobs of a move that did all that they should."""
    make_jail(host, "web", jid=None, runs_at_boot=False)
    make_jail(other_host, "web", jid=7, config_text='export jail_web_fib="1"\n')
    out, into = moved_away(host, "web", to=other_host)
    more = {"addresses": "lo0|10.0.0.2/24", "starts": True, "settings": {"fib": "1"}}
    into.intent |= more
    have(host)
    return out, into


def have(host: Host, size: int = 7) -> None:
    now = timezone.now()
    Archive.objects.update_or_create(
        host=host, file_name=NAME, defaults={"size_bytes": size, "made_at": now, "observed_at": now}
    )


def wrong(job: Job) -> list[str]:
    return job_kind(job.kind).verify(job)


def test_a_move_that_went_well_is_proven_on_both_hosts(jobs):
    assert [wrong(job) for job in jobs] == [[], []]


def test_a_jail_that_runs_on_or_starts_at_boot_has_not_left(jobs, host):
    Jail.objects.filter(host=host).update(jid=4, runs_at_boot=True)
    assert wrong(jobs[0]) == ["jls still shows the jail (JID 4).", "The host would start it when it boots."]


def test_an_archive_that_is_not_there_or_empty_is_no_archive(jobs, host):
    have(host, 0)
    assert wrong(jobs[0]) == [f"The archive {NAME} is empty."]
    Archive.objects.all().delete()
    assert wrong(jobs[0]) == [f"The archive {NAME} is not there."]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"root_exists": False}, "Its root directory /usr/jails/web is not there."),
        ({"jid": None}, "It does not run."),
        ({"runs_at_boot": False}, "Whether the host starts it at boot is not as it was on the old host."),
        ({"config_text": ""}, "fib is not as it was on the old host."),
        ({"problem": "Its file is cut short."}, "Its file is cut short."),
    ],
)
def test_a_jail_that_is_not_what_it_was_has_not_arrived(jobs, other_host, values, said):
    Jail.objects.filter(host=other_host).update(**values)
    assert said in wrong(jobs[1])


def test_a_jail_that_ezjail_does_not_know_has_not_arrived(jobs, other_host):
    Jail.objects.filter(host=other_host).update(observed_at=None)
    assert wrong(jobs[1]) == ["ezjail knows no such jail on the host."]


def test_other_addresses_than_agreed_are_said(jobs):
    jobs[1].intent |= {"addresses": "lo0|10.0.0.3/24"}
    assert wrong(jobs[1]) == ["ezjail's file holds the addresses lo0|10.0.0.2/24."]


def test_a_jail_that_was_taken_back_is_what_it_was(jobs, host):
    back = jobs[0]
    back.kind = "jails.move_back"
    assert wrong(back) == ["It does not run.", "Whether the host starts it at boot is not as it was."]
    Jail.objects.filter(host=host).update(jid=4, runs_at_boot=True)
    assert wrong(back) == []
    Jail.objects.filter(host=host).delete()
    assert wrong(back) == ["ezjail knows no such jail on the host."]


def test_a_copy_has_to_be_as_long_as_its_source(jobs):
    copy = jobs[0]
    copy.kind, copy.intent = "jails.archive_copy", {"file_name": NAME, "size_bytes": 7}
    assert wrong(copy) == []
    copy.intent["size_bytes"] = 8
    assert wrong(copy) == ["It is not as long as on the other host."]


@pytest.mark.parametrize(("part", "count"), [("pack", 0), ("unpack", 1), ("tidy", 0)])
def test_a_flavour_has_to_be_there_once_it_is_unpacked(jobs, part, count):
    job = jobs[0]
    job.kind, job.intent = "jails.flavour_copy", {"flavour": "gone", "part": part}
    job.host.facts = FACTS
    assert len(wrong(job)) == count
    job.intent["flavour"] = "example"
    assert wrong(job) == []
