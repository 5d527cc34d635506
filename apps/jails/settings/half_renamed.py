"""A rename that came to nothing or to a half: what is left of it to do.

Source: reference ezjail §3.5 (Hazard), §11 (`config -n`: moved root, old config; or both configs).
"""

from __future__ import annotations

from apps.freebsd.commands import FileChange, PlanStep, ezjail
from apps.freebsd.commands.ezjail_config import config_rename
from apps.freebsd.errors import Conflict
from apps.freebsd.jail_file import CONTROL, jail_file_path
from apps.freebsd.values import JailName
from apps.jails.models import Jail, Kind
from apps.jails.settings.renaming import RENAME, renamed_jail, rest_of
from apps.jobs.models import Job
from apps.jobs.plan import Plan


def rows_of(job: Job) -> tuple[Jail | None, Jail | None]:
    """Return the jail under its old name and under its new one, as far as ezjail has a file for it."""
    names = job.subject, job.intent["new_safe_name"]
    rows = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name__in=names)
    seen = {row.safe_name: row for row in rows if row.observed_at and row.missing_since is None}
    return seen.get(names[0]), seen.get(names[1])


def rest_plan(job: Job) -> Plan | None:
    """Return what is left to do of a rename that ezjail has begun; None when it has not, or all is done.

    Raises:
        Conflict: A file is none of those that it could be.
    """
    old, new = rows_of(job)
    if new is not None:
        steps = [*_forget_old(job, old, new), *_put_back(job, new)]
    else:
        steps = _after_the_move(job, old) if old is not None else []
    title = f"Finish the rename of {job.intent['name']} to {job.intent['new_name']}"
    return Plan(RENAME, title, tuple(steps), job.stored_plan.checks) if steps else None


def _forget_old(job: Job, old: Jail | None, new: Jail) -> list[PlanStep]:
    """Where ezjail wrote the new file and did not get to removing the old one."""
    if old is None:
        return []
    if new.root != job.intent["new_root"] or not new.root_exists or old.root_exists or old.jid is not None:
        raise Conflict(f"{old.name} and {new.name} are two jails by now: one has to go first.")
    return [ezjail.delete(JailName.parse(old.name), wipe=False, force=False)]


def _put_back(job: Job, new: Jail) -> list[PlanStep]:
    steps: list[PlanStep] = []
    own = (new.safe_name, f"{new.safe_name}.norun", f"fstab.{new.safe_name}")
    for step in job.stored_plan.commands:
        if not isinstance(step, FileChange) or step.path.rpartition("/")[2] not in own:
            continue
        now = new.config_text if step.path.startswith(CONTROL) else new.fstab_text
        if now not in (step.before, step.after):
            raise Conflict(f"{step.path} is not what ezjail makes of it: put back by hand what it lacks.")
        steps += [step] * (now != step.after)
    return steps


def _after_the_move(job: Job, old: Jail) -> list[PlanStep]:
    """Where ezjail moved the root and got no further: tell it where the root is, and rename the rest."""
    place, left = job.intent["new_root"], old.host.facts.get("leftovers", {}).get("roots", [])
    if old.root_exists or old.kind != Kind.DIRECTORY or place not in left:
        return []
    name = JailName.parse(job.intent["new_name"])
    renamed = renamed_jail(old, name, moved_to=place)
    why = (
        f"Tell ezjail that the root is {place} by now: the rename moved it there and got no further; "
        "ezjail will then leave it where it is."
    )
    path = jail_file_path(old.safe_name, runs_at_boot=old.runs_at_boot)
    change = FileChange(path, old.config_text, renamed.file.text, why)
    return [change, config_rename(JailName.parse(old.name), name), *rest_of(old, renamed)]
