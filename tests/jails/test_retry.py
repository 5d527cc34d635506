"""Each kind of job tried again: its wish against what is true now, or a plain sentence why not."""

from __future__ import annotations

from typing import Any

import pytest

from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.jails import plans
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState
from apps.jobs.retries import job_retry, retry_plan
from tests.jobs.conftest import make_job
from tests.places import FACTS, make_basejail, make_jail

WISH = {"name": "web", "addresses": "lo0|10.0.0.7/24", "flavour": "", "public_first_reason": ""}
HAD = {"jid": 4, "root": "/usr/jails/web"}


@pytest.fixture
def failed(host):
    """Make a job about the jail web that failed."""

    def make(kind: str, **intent: Any) -> Job:
        subject = "" if kind == "jails.basejail_install" else "web"
        job = make_job(host, subject=subject)
        Job.objects.filter(pk=job.pk).update(kind=kind, intent=intent, state=JobState.FAILED)
        return fetched(job)

    return make


def fetched(job: Job) -> Job:
    return Job.objects.select_related("host").get(pk=job.pk)


def retry(job: Job, person) -> Job:
    plan = retry_plan(job, person.actor).plan
    return job_retry(actor=person.actor, job=job, plan_hash=plan.hash, idempotency_key="wish")


def nothing_is_planned(job: Job, person, sentence: str) -> None:
    """Neither the page nor the service goes on, and nothing is written."""
    before = Job.objects.count()
    with pytest.raises((Conflict, InvalidInput), match=sentence):
        retry_plan(job, person.actor)
    with pytest.raises((Conflict, InvalidInput), match=sentence):
        job_retry(actor=person.actor, job=job, plan_hash="", idempotency_key="wish")
    assert Job.objects.count() == before


# -- changes of a jail ------------------------------------------------------------------------------------

CHANGES = {
    "jails.start": (plans.start_plan, None, 4, "web runs: there is nothing left to do"),
    "jails.stop": (plans.stop_plan, 4, None, "web does not run: there is nothing left to do"),
    "jails.restart": (plans.restart_plan, 4, 5, "web runs, and not as the jail that it was before"),
}
change = pytest.mark.parametrize("kind", CHANGES)


@change
def test_a_change_is_planned_anew_for_the_jail_as_it_is_now(failed, host, owner, kind):
    plan_of, jid, _, _ = CHANGES[kind]
    jail = make_jail(host, "web", jid=jid, runs_at_boot=False)
    job = failed(kind, **HAD)
    again = retry(job, owner)
    assert again.stored_plan == plan_of(jail)
    assert len(again.stored_plan.commands) == 3
    assert (again.origin, again.kind, again.subject, again.host) == (job, kind, "web", host)


@change
def test_a_wish_that_is_true_by_now_is_not_tried_again(failed, host, owner, kind):
    _, _, jid, sentence = CHANGES[kind]
    make_jail(host, "web", jid=jid)
    nothing_is_planned(failed(kind, **HAD), owner, sentence)


@change
def test_a_jail_that_is_gone_meanwhile_is_told(failed, owner, kind):
    sentence = "There is no jail web on alpha: it was never made, or it is gone by now"
    nothing_is_planned(failed(kind, **HAD), owner, sentence)


@change
def test_a_jail_that_was_asked_for_and_never_made_is_told(failed, host, owner, kind):
    make_jail(host, "web", observed_at=None)
    nothing_is_planned(failed(kind, **HAD), owner, "web was asked for, and has not been made so far")


def test_the_record_says_which_job_is_tried_again(failed, host, owner):
    make_jail(host, "web")
    job = failed("jails.start", **HAD)
    again = retry(job, owner)
    event = AuditEvent.objects.get(action="jail.start_requested")
    assert (event.job_id, event.detail["origin"]) == (again.pk, str(job.pk))
    assert "origin" not in again.intent


@pytest.mark.parametrize("wipe", [True, False])
def test_a_delete_is_tried_again_as_it_was_wished(failed, host, owner, wipe):
    jail = make_jail(host, "web", jid=4)
    again = retry(failed("jails.delete", wipe=wipe, **HAD), owner)
    assert again.stored_plan == plans.delete_plan(jail, wipe=wipe)
    assert again.intent["wipe"] == wipe


def test_a_jail_that_is_gone_need_not_be_deleted_again(failed, owner):
    job = failed("jails.delete", wipe=True, **HAD)
    nothing_is_planned(job, owner, "The jail web is gone: there is nothing left to do")


def test_an_open_job_for_the_jail_comes_first(failed, host, owner):
    make_jail(host, "web")
    job = failed("jails.start", **HAD)
    make_job(host, subject="web")
    with pytest.raises(Conflict, match="“Work on it” is queued already"):
        retry(job, owner)


# -- a new jail -------------------------------------------------------------------------------------------


def test_a_jail_that_was_not_made_is_asked_for_again(failed, host, owner):
    make_basejail(host)
    again = retry(failed("jails.create", **WISH), owner)
    assert (again.intent, again.subject) == (WISH, "web")
    assert Jail.objects.get().addresses.count() == 1


def test_a_jail_whose_making_was_cancelled_before_it_began_is_asked_for_again(failed, host, owner):
    """Its row is there until the next probe, and must not stand in its own way."""
    make_basejail(host)
    make_jail(host, "web", addresses="lo0|10.0.0.7/24", observed_at=None)
    assert retry(failed("jails.create", **WISH), owner)
    assert Jail.objects.get().addresses.count() == 1


def test_a_jail_that_is_there_as_it_was_asked_for_is_not_made_again(failed, host, owner):
    make_basejail(host)
    make_jail(host, "web", addresses="lo0|10.0.0.7/24")
    nothing_is_planned(failed("jails.create", **WISH), owner, "The jail web is there as it was asked for")


def test_a_jail_of_that_name_which_is_another_is_told(failed, host, owner):
    make_basejail(host)
    make_jail(host, "web", addresses="lo0|10.0.0.8/24")
    nothing_is_planned(
        failed("jails.create", **WISH), owner, "There is a jail called web on this host already"
    )


def test_an_address_that_someone_else_has_by_now_is_told(failed, host, owner):
    make_basejail(host)
    make_jail(host, "other", addresses="lo0|10.0.0.7/24")
    nothing_is_planned(failed("jails.create", **WISH), owner, "The jail other on this host has 10.0.0.7")


def test_a_host_without_a_basejail_is_told(failed, owner):
    nothing_is_planned(failed("jails.create", **WISH), owner, "no complete basejail")


@pytest.mark.parametrize("left", [{"roots": ["/usr/jails/web"]}, {"datasets": ["tank/jails/web"]}])
def test_what_a_broken_create_left_comes_first(failed, host, owner, left):
    make_basejail(host)
    Host.objects.update(facts=FACTS | {"leftovers": FACTS["leftovers"] | left})
    (path,) = next(iter(left.values()))
    nothing_is_planned(failed("jails.create", **WISH), owner, f"{path} is in the way, left over on alpha")


# -- the basejail -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [None, False])
def test_a_basejail_that_is_not_whole_is_installed_again(failed, host, owner, complete):
    if complete is not None:
        make_basejail(host, complete=complete)
    job = failed("jails.basejail_install", release="13.2-RELEASE", sources=True, ports=False)
    again = retry(job, owner)
    assert again.intent == {"release": "13.2-RELEASE", "sources": True, "ports": False}
    assert [step.argv[-1] for step in again.stored_plan.commands if "install" in step.argv] == ["-s"]
    assert bool(again.stored_plan.warnings) == (complete is not None)


def test_a_basejail_that_is_whole_is_not_installed_again(failed, host, owner):
    make_basejail(host)
    job = failed("jails.basejail_install", release="13.2-RELEASE", sources=False, ports=False)
    nothing_is_planned(job, owner, "The basejail 13.2-RELEASE is there and complete")
