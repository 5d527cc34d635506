"""What a job that was cut short left half done to a jail that is there: stopped, runnable, without a flavour.

Only the job's own record tells this; the host looks like one on which all is well.

Source: reference ezjail §0.3, §11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.accounts.permissions import Perm
from apps.freebsd.commands import ezjail
from apps.freebsd.values import JailName
from apps.jails import plans, repair_plans
from apps.jails.models import Jail
from apps.jails.repair import addresses_of, created_intent
from apps.jails.repair_kinds import FINISH, UNDO, Finding, Repair, Wish
from apps.jobs.models import Job, JobState, StepState

ENDED_BY_SIGNAL = 128
_HAPPENED = (StepState.SUCCEEDED, StepState.FAILED, StepState.LOST, StepState.CANCELLED)


def was_cut(job: Job) -> bool:
    """Tell whether a command of the job may have been ended in its middle: killed, lost, given up."""
    if job.state not in (JobState.LOST, JobState.CANCELLED, JobState.FAILED):
        return False
    return any(
        step.started_at
        and step.state in (StepState.LOST, StepState.CANCELLED, StepState.FAILED)
        and (step.exit_status is None or step.exit_status > ENDED_BY_SIGNAL)
        for step in job.steps.all()
    )


def findings_of(job: Job, jail: Jail, jobs: Sequence[Job]) -> Iterator[Finding]:
    """Give what a job left half done to its jail.

    Args:
        job: One that has ended and did not succeed.
        jail: Its jail as it was last seen.
        jobs: The jobs of that jail, newest first.
    """
    if jail.observed_at is None or not jail.has_manageable_name:
        return
    if lost := lost_norun(jail, jobs):
        yield _norun(lost, jail)
    elif jobs[:1] == [job] and was_cut(job):
        yield from _stopped(job, jail)
        yield from _flavour(job, jail)


def lost_norun(jail: Jail, jobs: Sequence[Job]) -> Job | None:
    """Return the job that marked a norun jail runnable for a moment and did not take that back.

    Args:
        jail: The jail.
        jobs: Its jobs, newest first; the last word that one of them had on the mark counts.
    """
    if not jail.runs_at_boot:
        return None
    for job in jobs:
        marks = [step for step in job.steps.all() if tuple(step.argv[1:3]) == ("config", "-r")]
        happened = [step for step in marks if step.state in _HAPPENED and step.started_at]
        if happened:
            put_back = marks[-1].argv[3] == "norun" and marks[-1].state != StepState.SUCCEEDED
            return job if put_back and not job.is_open else None
    return None


def _norun(job: Job, jail: Jail) -> Finding:
    name = JailName.parse(jail.name)
    sentence = (
        f"{jail.name} was marked runnable for a moment, since ezjail skips a norun jail, and that was not "
        "taken back: the host would start it at its next boot."
    )
    back = {"wish": "norun", "runs": None}
    alone = repair_plans.norun_plan(name, None)
    wants_run = job.kind in ("jails.start", "jails.restart")
    if job.kind not in ("jails.start", "jails.restart", "jails.stop") or jail.is_running == wants_run:
        repairs = [Repair(FINISH, "Mark it norun again", alone, Perm.JAIL_START, back)]
    else:
        before, word = (ezjail.onestart(name), "Start") if wants_run else (ezjail.onestop(name), "Stop")
        plan = repair_plans.norun_plan(name, before)
        label, perm = f"{word} it, then mark it norun", Perm.JAIL_START if wants_run else Perm.JAIL_STOP
        repairs = [
            Repair(FINISH, label, plan, perm, {"wish": "norun", "runs": wants_run}),
            Repair(UNDO, "Only mark it norun", alone, Perm.JAIL_START, back),
        ]
    return Finding(f"norun-{jail.safe_name}", jail.safe_name, sentence, "", tuple(repairs))


def _stopped(job: Job, jail: Jail) -> Iterator[Finding]:
    if job.kind not in ("jails.start", "jails.restart") or jail.jid is not None:
        return
    what = "restart" if job.kind == "jails.restart" else "start"
    sentence = f"{jail.name} does not run: its {what} was cut short."
    was = {"jid": jail.jid, "root": jail.root}
    start = Repair(FINISH, "Start it", plans.start_plan(jail), Perm.JAIL_START, was)
    yield Finding(f"stopped-{jail.safe_name}", jail.safe_name, sentence, "", (start,))


def _flavour(job: Job, jail: Jail) -> Iterator[Finding]:
    """A flavour is laid over a jail last of all, once ezjail knows it."""
    flavour = str(job.intent.get("flavour") or "")
    if job.kind != "jails.create" or not flavour or jail.is_running:
        return
    name = JailName.parse(jail.name)
    reason = str(job.intent.get("public_first_reason") or "")
    wanted = Wish("", addresses=addresses_of(jail), public_first_reason=reason).wanted(name)
    wanted = wanted and repair_plans.with_flavour(wanted, flavour)
    gone = {"wish": "jails.delete", "wipe": True, "root": jail.root}
    wipe = plans.delete_plan(jail, wipe=True)
    repairs = [Repair(UNDO, "Delete the jail", wipe, Perm.JAIL_DELETE, gone, jail.name)]
    if wanted:
        plan = repair_plans.over_again_plan(wanted, jail.root)
        made = created_intent(wanted)
        repairs.insert(0, Repair(FINISH, "Make it anew", plan, Perm.JAIL_DELETE, made, jail.name, wanted))
    sentence = (
        f"{jail.name} is there, but its making was cut short: files of the flavour {flavour} may be missing."
    )
    yield Finding(f"flavour-{jail.safe_name}", jail.safe_name, sentence, "", tuple(repairs))
