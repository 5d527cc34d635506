"""The kinds of job about images, and how each is proven by what the host has mounted afterwards."""

from __future__ import annotations

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.jails import next_links
from apps.jails.images.services import CHANGES, PERM, ImageChange, image_request, mounted_at
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.asking import register_asking
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, register_kind

_LABELS = {"attach": "Attach an image", "detach": "Detach an image", "fsck": "Check an image"}
# Who may answer for a command that asks: who may have it run.
_ASKING = {
    "jails.create": Perm.JAIL_CREATE,
    "jails.start": Perm.JAIL_START,
    "jails.restart": Perm.JAIL_STOP,
    "jails.change": Perm.JAIL_CHANGE,
    "jails.change_host": Perm.HOST_SETUP,
    "jails.apply_wanted": Perm.JAIL_CHANGE,
    "jails.image_attach": PERM,
    "jails.image_fsck": PERM,
}


def register_kinds() -> None:
    """Tell the engine the kinds of job, and who may answer for those that ask."""
    for verb, change in CHANGES.items():
        proof = _attached if verb == "attach" else _detached
        register_kind(JobKind(change.kind, _LABELS[verb], proof, next_links.from_change, _again(change)))
    for kind, perm in _ASKING.items():
        register_asking(kind, perm)


def _attached(job: Job) -> list[str]:
    seen = mounted_at(job.host, job.intent["root"])
    return [] if seen is not False else [f"Nothing is mounted at {job.intent['root']}."]


def _detached(job: Job) -> list[str]:
    seen = mounted_at(job.host, job.intent["root"])
    return [f"The image is still mounted at {job.intent['root']}."] if seen else []


def _again(change: ImageChange) -> Again:
    def replan(job: Job) -> Plan:
        jail = _jail(job)
        if why_not := change.why_not(jail):
            raise Conflict(why_not)
        return change.plan(jail)

    def ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
        return image_request(actor=actor, jail=_jail(job), change=change, agreed=Agreed(plan_hash, key, job))

    return Again(PERM, replan, ask)


def _jail(job: Job) -> Jail:
    jail = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        raise Conflict(f"There is no jail {job.subject} on {job.host.name} any more.")
    return jail
