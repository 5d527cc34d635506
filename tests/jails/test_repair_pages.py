"""What a job or a hand left half done, on the job's page and on the host's: shown, mended, or left."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host
from apps.jails import plans, remains
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.plan import Plan
from apps.jobs.retries import retry_plan
from apps.jobs.services import job_create
from tests.answers import commands, hidden, words
from tests.conftest import Person, make_person
from tests.places import FACTS, make_basejail, make_jail

WISH = {"name": "web", "addresses": "lo0|10.0.0.7/24", "flavour": "", "public_first_reason": ""}
BASEJAIL = {"present": True, "missing": [], "half_made": []}


@pytest.fixture
def host(host) -> Host:
    make_basejail(host)
    return leaves(host)


@pytest.fixture
def manager(host) -> Person:
    return make_person("manager", (Role.MANAGER, host))


def leaves(host: Host, **left: list[str]) -> Host:
    """Say what a probe found left over."""
    host.facts = FACTS | {"leftovers": FACTS["leftovers"] | left, "basejail": BASEJAIL}
    host.save()
    return host


def ended(
    host: Host, plan: Plan, state: JobState, *steps: StepState, subject: str = "web", **intent: Any
) -> Job:
    """Make a job that has ended so, with its steps."""
    job = job_create(actor=PANEL, host_id=host.pk, plan=plan, subject=subject, intent=intent)
    for step, ended_so in zip(job.steps.all(), steps, strict=True):
        ran = ended_so not in (StepState.SKIPPED, StepState.PENDING)
        times = {"started_at": timezone.now(), "ended_at": timezone.now()} if ran else {}
        Step.objects.filter(pk=step.pk).update(state=ended_so, **times)
    Job.objects.filter(pk=job.pk).update(state=state, kind=plan.kind)
    Host.objects.filter(pk=host.pk).update(seen_at=timezone.now())
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def cut(host) -> Job:
    """A create that was lost and left a directory."""
    leaves(host, roots=["/usr/jails/web"])
    return ended(
        host, Plan("jails.create", "Create the jail web", (START,)), JobState.LOST, StepState.LOST, **WISH
    )


START = plans.start_plan(Jail(name="web", safe_name="web")).commands[0]


def url(host: Host, way: str, job: Job | None = None, key: str = "remains-web") -> str:
    query = f"?job={job.pk}" if job else ""
    return reverse("jails:repair", args=[host.pk, key, way]) + query


# -- what is shown ----------------------------------------------------------------------------------------


def test_the_jobs_page_offers_what_mends_it(cut, host, manager):
    page = manager.client.get(cut.get_absolute_url())
    assert "Left half done" in words(page)
    assert "The jail web was being made: the directory /usr/jails/web may be half filled" in words(page)
    for way in ("finish", "undo"):
        assert url(host, way, cut) in page.content.decode()


def test_who_may_not_sees_it_greyed_with_the_reason(cut, host, viewer):
    page = viewer.client.get(cut.get_absolute_url()).content.decode()
    assert "Left half done" in page
    assert url(host, "finish") not in page
    assert page.count("disabled-button") >= 3
    assert viewer.client.get(url(host, "finish", cut)).status_code == 403


def test_the_hosts_page_offers_it_without_a_job_of_ours(host, manager):
    leaves(host, roots=["/usr/jails/old"])
    page = manager.client.get(host.get_absolute_url()).content.decode()
    assert "Half made" in page
    assert url(host, "finish", key="remains-old") in page


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.QUEUED, JobState.SUCCEEDED])
def test_a_job_that_did_not_break_left_nothing(cut, state):
    Job.objects.update(state=state)
    assert remains.job_findings(Job.objects.get()) == []


def test_what_is_there_now_is_the_newest_jobs_business(cut, host):
    assert remains.job_findings(cut)
    newer = ended(host, Plan("jails.create", "Again", (START,)), JobState.LOST, StepState.LOST, **WISH)
    assert remains.job_findings(cut) == []
    assert remains.job_findings(newer)


def test_what_nobody_looked_for_yet_is_not_told(cut, host, manager):
    """What was seen before the job is not what it left."""
    Step.objects.update(ended_at=timezone.now())
    job = Job.objects.get()
    assert remains.job_findings(job) == []
    page = manager.client.get(cut.get_absolute_url())
    assert "Nobody knows yet what this left: alpha has not been looked at since." in words(page)
    Host.objects.update(seen_at=timezone.now())
    assert remains.job_findings(Job.objects.get())


# -- mending ----------------------------------------------------------------------------------------------


def test_the_plan_that_is_shown_is_queued_and_names_the_broken_job(cut, host, manager):
    page = manager.client.get(url(host, "undo", cut), headers={"HX-Request": "true", "HX-Target": "dialog"})
    assert "<html" not in page.content.decode()
    shown = commands(page)
    data = {name: hidden(page, name) for name in ("plan_hash", "idempotency_key", "job")}
    wrong = manager.client.post(url(host, "undo"), data | {"typed_name": "other"})
    assert (wrong.status_code, "Type the name, web, to confirm." in words(wrong)) == (422, True)
    data = {name: hidden(wrong, name) for name in ("plan_hash", "idempotency_key", "job")}
    manager.client.post(url(host, "undo"), data | {"typed_name": "web"})
    job = cut.followers.get()
    assert [command.shell_text() for command in job.stored_plan.commands] == shown
    assert (job.kind, job.subject, job.requester) == ("jails.repair", "web", manager.user)
    event = AuditEvent.objects.get(action="repair.requested")
    assert (event.job_id, event.detail["finding"], event.detail["origin"]) == (
        job.pk,
        "remains-web",
        str(cut.pk),
    )
    manager.client.post(url(host, "undo"), data | {"typed_name": "web"})
    assert cut.followers.count() == 1
    assert (
        f'Mended by: <a href="{job.get_absolute_url()}">'
        in manager.client.get(cut.get_absolute_url()).content.decode()
    )


def ask(host: Host, person: Person, way: str = "finish", **changed: Any) -> Job:
    wish = {"key": "remains-web", "origin": None, "typed_name": "web", "agreed": Agreed()} | changed
    return remains.repair_request(actor=person.actor, host=host, way=way, **wish)


def test_what_is_not_as_it_was_shown_is_not_queued(cut, host, manager, viewer):
    with pytest.raises(NotAllowed):
        ask(host, viewer)
    with pytest.raises(InvalidInput):
        ask(host, manager, typed_name="")
    with pytest.raises(Conflict, match="The state changed"):
        ask(host, manager, agreed=Agreed("0" * 64))
    with pytest.raises(Conflict, match="not there any more"):
        ask(host, manager, key="remains-other")
    with pytest.raises(Conflict, match="no commands for that"):
        ask(host, manager, way="away")
    make_jail(host, "other", addresses="lo0|10.0.0.7/24")
    with pytest.raises(InvalidInput, match=r"The jail other on this host has 10\.0\.0\.7"):
        ask(host, manager)
    assert Job.objects.count() == 1


def test_what_is_gone_by_now_is_told(cut, host, manager):
    leaves(host)
    page = manager.client.get(url(host, "finish", cut))
    assert (page.status_code, "not there any more" in words(page)) == (200, True)
    assert manager.client.post(url(host, "finish"), {"typed_name": "web"}).status_code == 409


def test_a_repair_that_failed_is_tried_again(cut, host, manager):
    failed = ask(host, manager, "undo", origin=cut)
    Job.objects.filter(pk=failed.pk).update(state=JobState.FAILED)
    failed = Job.objects.get(pk=failed.pk)
    assert not retry_plan(failed, manager.actor).differs
    leaves(host)
    with pytest.raises(Conflict, match="not there any more"):
        retry_plan(Job.objects.get(pk=failed.pk), manager.actor)


# -- leaving ----------------------------------------------------------------------------------------------


def test_leaving_it_is_recorded_and_shown_and_changes_nothing(cut, host, operator, manager):
    leave = reverse("jails:finding-leave", args=[cut.pk, "remains-web"])
    assert operator.client.post(leave).headers["Location"] == cut.get_absolute_url()
    event = AuditEvent.objects.get(action="repair.left")
    assert (event.job_id, event.actor_name) == (cut.pk, "operator")
    assert "The jail web was being made" in event.detail["was"]
    page = manager.client.get(cut.get_absolute_url())
    assert "operator looked at it" in words(page)
    assert leave not in page.content.decode()
    assert url(host, "finish", cut) in page.content.decode()
    assert "Half made" in words(manager.client.get(host.get_absolute_url()))
    assert Job.objects.count() == 1


def test_what_is_not_there_cannot_be_left(cut, operator, viewer):
    assert viewer.client.post(reverse("jails:finding-leave", args=[cut.pk, "remains-web"])).status_code == 403
    assert operator.client.post(reverse("jails:finding-leave", args=[cut.pk, "basejail"])).status_code == 409


# -- a norun jail that was made runnable for a moment -----------------------------------------------------

RAN, LOST, SKIPPED, FAILED = StepState.SUCCEEDED, StepState.LOST, StepState.SKIPPED, StepState.FAILED


def norun_job(host: Host, state: JobState, *steps: StepState, kind: str = "start") -> Job:
    jail = Jail(name="web", safe_name="web", host=host, runs_at_boot=False)
    plan = {"start": plans.start_plan, "stop": plans.stop_plan}[kind](jail)
    return ended(host, plan, state, *steps, jid=None, root="/usr/jails/web")


def norun(job: Job) -> dict[str, list[str]]:
    """The ways on, each with the last words of its commands."""
    found = [finding for finding in remains.job_findings(job) if finding.key == "norun-web"]
    return {
        repair.way: [" ".join(command.argv[1:-1]) for command in repair.plan.commands]
        for finding in found
        for repair in finding.repairs
    }


PUT_BACK = "config -r norun"


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        (JobState.LOST, (RAN, LOST, SKIPPED)),
        (JobState.FAILED, (RAN, FAILED, SKIPPED)),
        (JobState.LOST, (LOST, SKIPPED, SKIPPED)),
        (JobState.CANCELLED, (RAN, StepState.CANCELLED, SKIPPED)),
    ],
)
def test_a_start_that_did_not_come_to_its_last_step_left_it_runnable(host, state, steps):
    make_jail(host, "web")
    job = norun_job(host, state, *steps)
    assert norun(job) == {"finish": ["onestart", PUT_BACK], "undo": [PUT_BACK]}


def test_one_that_runs_by_now_is_only_marked(host):
    make_jail(host, "web", jid=4)
    assert norun(norun_job(host, JobState.LOST, RAN, RAN, LOST)) == {"finish": [PUT_BACK]}


def test_a_stop_is_finished_as_well(host):
    make_jail(host, "web", jid=4)
    job = norun_job(host, JobState.LOST, RAN, LOST, SKIPPED, kind="stop")
    assert norun(job) == {"finish": ["onestop", PUT_BACK], "undo": [PUT_BACK]}


def test_a_jail_that_is_norun_again_needs_nothing(host):
    make_jail(host, "web", runs_at_boot=False)
    assert norun(norun_job(host, JobState.LOST, RAN, LOST, SKIPPED)) == {}


def test_a_jail_that_was_never_touched_needs_nothing(host):
    make_jail(host, "web")
    assert norun(norun_job(host, JobState.CANCELLED, SKIPPED, SKIPPED, SKIPPED)) == {}


def test_a_later_start_does_not_make_it_forgotten(host, owner):
    jail = make_jail(host, "web")
    job = norun_job(host, JobState.FAILED, RAN, FAILED, SKIPPED)
    with pytest.raises(Conflict, match=r"its next boot\. Mend that first\."):
        retry_plan(job, owner.actor)
    later = ended(host, plans.start_plan(jail), JobState.FAILED, FAILED, jid=None, root="")
    assert norun(later) == {"finish": ["onestart", PUT_BACK], "undo": [PUT_BACK]}
