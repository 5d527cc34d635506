"""The kinds of job of this topic: what proves them by the look after them, and how they are tried again."""

from __future__ import annotations

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.commands import FileChange
from apps.freebsd.errors import Conflict
from apps.freebsd.jail_file import CONTROL
from apps.freebsd.values import JailName
from apps.jails import next_links
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jails.settings import services
from apps.jails.settings.half_renamed import rest_plan
from apps.jails.settings.renaming import RENAME, prepare_rename
from apps.jails.settings.wishes import CHANGE, CHANGE_HOST, Wish, prepare
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind

DONE = "It is as it was wished for: there is nothing left to do."


def register_kinds() -> None:
    """Tell the engine the kinds of job of this topic."""
    change = Again(Perm.JAIL_CHANGE, _replan, _ask)
    rename = Again(Perm.JAIL_CHANGE, _rename_plan, _ask_rename)
    links = next_links.from_change
    register_kind(JobKind(CHANGE, "Change a jail", changed, links, change))
    register_kind(JobKind(CHANGE_HOST, "Change what the host does for a jail", changed, links, change))
    register_kind(JobKind(RENAME, "Rename a jail", renamed, _to_renamed, rename))


def _to_renamed(job: Job, actor: Actor) -> list[NextLink]:
    """Lead to the jail under its new name, or under the old one where that did not come to anything."""
    new = _row(job, job.intent["new_safe_name"])
    if new is None:
        return next_links.from_change(job, actor)
    return [NextLink(f"Open {new.name}", new.get_absolute_url(), "box")]


# -- proof ------------------------------------------------------------------------------------------------


def changed(job: Job) -> list[str]:
    """Compare a jail's files with what they were to be."""
    jail = _row(job, job.subject)
    if jail is None or jail.observed_at is None:
        return ["ezjail knows no such jail on the host."]
    problems = [jail.problem] if jail.problem else []
    problems += _files_differ(job, jail)
    boot = job.intent["runs_at_boot"]
    if boot is not None and jail.runs_at_boot != boot:
        problems.append(f"The host would {'not ' if boot else ''}start it at its next boot.")
    if job.intent["restart"]:
        problems += _restarted(job, jail)
    return problems


def _files_differ(job: Job, jail: Jail) -> list[str]:
    """Compare the last text that was written of each of the jail's files with what was seen."""
    written = {step.path: step.after for step in job.stored_plan.commands if isinstance(step, FileChange)}
    problems = []
    own = (jail.safe_name, f"{jail.safe_name}.norun", f"fstab.{jail.safe_name}")
    for path, text in written.items():
        if path.rpartition("/")[2] not in own:
            continue
        seen = jail.config_text if path.startswith(CONTROL) else jail.fstab_text
        if seen != text:
            problems.append(f"{path} does not hold what was written there.")
    return problems


def _restarted(job: Job, jail: Jail) -> list[str]:
    if not jail.is_running:
        return ["jls does not show the jail: it was stopped and does not run again."]
    return ["The jail still has its old JID: it was not restarted."] if jail.jid == job.intent["jid"] else []


def renamed(job: Job) -> list[str]:
    """Look for the jail under its new name, and for what is left under the old one."""
    intent = job.intent
    new, old = _row(job, intent["new_safe_name"]), _row(job, job.subject)
    if new is None or new.observed_at is None:
        return [f"ezjail knows no jail {intent['new_name']} on the host."]
    problems = [new.problem] if new.problem else []
    if old is not None and old.missing_since is None:
        problems.append(f"ezjail still has a file for {intent['name']}.")
    if new.name != intent["new_name"]:
        problems.append(f"Its file says that it is called {new.name}.")
    if new.root != intent["new_root"] or not new.root_exists:
        problems.append(f"Its root directory is not at {intent['new_root']}.")
    return [*problems, *_files_differ(job, new)]


def _row(job: Job, safe_name: str) -> Jail | None:
    rows = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=safe_name)
    return rows.first()


# -- again ------------------------------------------------------------------------------------------------


def _jail(job: Job) -> Jail:
    jail = _row(job, job.subject)
    if jail is None:
        raise Conflict(f"There is no jail {job.subject} on {job.host.name} any more.")
    return jail


def _wish(job: Job, jail: Jail) -> Wish:
    """Return what the job was asked for; a text only while its file is still what it was written from."""
    intent = job.intent
    restart, reason = bool(intent["restart"]), intent["public_first_reason"]
    if not intent["as_text"]:
        boot = intent["runs_at_boot"]
        return Wish(intent["changes"], runs_at_boot=boot, restart=restart, public_first_reason=reason)
    (change,) = [step for step in job.stored_plan.commands if isinstance(step, FileChange)]
    of_file = change.path.startswith(CONTROL)
    if (jail.config_text if of_file else jail.fstab_text) not in (change.before or "", change.after):
        raise Conflict(f"{change.path} was changed on the host since: edit it anew.")
    text, fstab = (change.after, None) if of_file else (None, change.after)
    return Wish(text=text, fstab=fstab, restart=restart)


def _replan(job: Job) -> Plan:
    if not changed(job):
        raise Conflict(DONE)
    jail = _jail(job)
    return prepare(jail, _wish(job, jail)).plan


def _ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    jail = _jail(job)
    return services.jail_change_request(
        actor=actor, jail=jail, wish=_wish(job, jail), agreed=Agreed(plan_hash, key, job)
    )


def _rename_plan(job: Job) -> Plan:
    if not renamed(job):
        raise Conflict(DONE)
    if rest := rest_plan(job):
        return rest
    return prepare_rename(_jail(job), JailName.parse(job.intent["new_name"]))[0]


def _ask_rename(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    if rest := rest_plan(job):
        return services.jail_rename_rest_request(actor=actor, job=job, plan=rest, agreed=agreed)
    new = JailName.parse(job.intent["new_name"])
    return services.jail_rename_request(actor=actor, jail=_jail(job), new=new, agreed=agreed)
