"""`manage.py jobs cancel` and `retry`: what changes something, and is recorded."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable

from apps.accounts.actor import Actor
from apps.jobs.command_line.console import Console, plain
from apps.jobs.command_line.find import short_id
from apps.jobs.models import Job
from apps.jobs.retries import Fresh, Mark, job_retry, retry_plan, typed_name
from apps.jobs.services import job_cancel

SIGNS = {Mark.KEPT: (" ", ""), Mark.NEW: ("+", "green"), Mark.GONE: ("-", "red")}


def cancel(console: Console, actor: Actor, job: Job) -> int:
    """End a job.

    Raises:
        Conflict: It has ended already, or is being cancelled.
    """
    waited = job.is_waiting
    job_cancel(actor=actor, job=job)
    if waited:
        console.line(f"{short_id(job)} is cancelled: nothing of it was run.")
    else:
        console.line(
            f"{short_id(job)} is being ended on the host. See: manage.py jobs follow {short_id(job)}"
        )
    return 0


def retry(console: Console, actor: Actor, job: Job, *, agreed: bool, ask: Callable[[str], str]) -> int:
    """Show a fresh plan for what a job was for, and ask for it once more when one agrees.

    Args:
        console: Where to write.
        actor: Who asks.
        job: One that has ended and did not succeed.
        agreed: Whether one agrees without being asked.
        ask: Puts a question and returns the answer.

    Raises:
        InvalidInput: What was wished for cannot be done as the host is now.
        Conflict: It cannot be tried again now, or is not what was shown any more.
    """
    fresh = retry_plan(job, actor)
    _show(console, job, fresh)
    if not agreed and not _agrees(ask, job):
        console.note("Nothing was asked for.")
        return 1
    again = job_retry(actor=actor, job=job, plan_hash=fresh.plan.hash, idempotency_key=secrets.token_hex(16))
    console.line(
        f"{short_id(again)} is {again.get_state_display()}. See: manage.py jobs follow {short_id(again)}"
    )
    return 0


def _show(console: Console, job: Job, fresh: Fresh) -> None:
    differs = (
        "differs from the first plan (+ new, - not any more)" if fresh.differs else "is the first plan again"
    )
    console.line(f"{plain(fresh.plan.title)} on {plain(job.host.name)}. What would run {differs}:")
    for change in fresh.changes:
        sign, colour = SIGNS[change.mark]
        console.line(console.paint(f"  {sign} {shlex.join(map(plain, change.command.argv))}", colour))
    for sign, notes, colour in (("+", fresh.notes_new, "green"), ("-", fresh.notes_gone, "red")):
        for note in notes:
            console.line(console.paint(f"  {sign} {plain(note)}", colour))


def _agrees(ask: Callable[[str], str], job: Job) -> bool:
    """Ask; where something is destroyed its name has to be typed, as in the browser."""
    name, host = typed_name(job), plain(job.host.name)
    question = f"Type {plain(name)} to run this on {host}: " if name else f"Run this on {host}? [y/N] "
    try:
        answer = ask(question).strip()
    except EOFError:
        return False
    return answer == name if name else answer.lower() in {"y", "yes"}
