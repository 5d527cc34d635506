"""The kinds of job that change flavours: what proves them, and how they are asked for again."""

from __future__ import annotations

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.commands import FileChange
from apps.freebsd.errors import Conflict
from apps.freebsd.values import FlavourName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.jails.flavours import plans, services
from apps.jails.flavours.queries import Flavour, flavour_list, flavours_dir
from apps.jails.services import Agreed
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink

SAVE_AGAIN = "What the file holds by now has to be seen first: open it in the flavour and save it again."


def verify_edit(job: Job) -> list[str]:
    """Say what of a file of a flavour is not as it was asked for."""
    flavour, path = _flavour(job), job.intent["path"]
    entry = flavour.entry(path) if flavour else None
    if job.intent["do"] == "remove":
        return [f"{path} is still in the flavour {job.intent['flavour']}."] if entry else []
    if entry is None:
        return [f"{path} is not in the flavour {job.intent['flavour']}."]
    if job.intent["do"] == "mode":
        wanted = bool(job.intent["executable"])
        return [] if entry.is_executable == wanted else [f"The mode of {path} is {entry.mode}."]
    wrong = entry.size_bytes != len(_change(job).after.encode())
    return [f"{path} has {entry.size_bytes} bytes, which is not what was written."] if wrong else []


def verify_new(job: Job) -> list[str]:
    """Say whether a new flavour is missing."""
    return [] if _flavour(job) else [f"The host has no flavour {job.intent['flavour']}."]


def verify_delete(job: Job) -> list[str]:
    """Say whether a deleted flavour is still there."""
    return [f"The flavour {job.intent['flavour']} is still there."] if _flavour(job) else []


def _flavour(job: Job) -> Flavour | None:
    name = job.intent["flavour"]
    return next((found for found in flavour_list(job.host) if found.name == name), None)


def _change(job: Job) -> FileChange:
    return next(step for step in job.stored_plan.commands if isinstance(step, FileChange))


def _there(job: Job) -> Flavour:
    if found := _flavour(job):
        return found
    raise Conflict(f"The host has no flavour {job.intent['flavour']} any more.")


def _edit_again(job: Job) -> Plan:
    flavour, path = _there(job), FlavourPath.parse(job.intent["path"])
    if job.intent["do"] == "write":
        raise Conflict(SAVE_AGAIN)
    if not verify_edit(job):
        raise Conflict("It is as it was asked for: there is nothing left to do.")
    directory, name = flavours_dir(job.host), FlavourName.parse(flavour.name)
    if job.intent["do"] == "remove":
        return plans.remove_plan(directory, name, path)
    return plans.mode_plan(directory, name, path, executable=bool(job.intent["executable"]))


def _ask_edit(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    flavour, path = _there(job), FlavourPath.parse(job.intent["path"])
    agreed = Agreed(plan_hash, key, job)
    if job.intent["do"] == "write":
        raise Conflict(SAVE_AGAIN)
    if job.intent["do"] == "remove":
        return services.file_remove_request(
            actor=actor, host=job.host, flavour=flavour, path=path, agreed=agreed
        )
    executable = bool(job.intent["executable"])
    return services.file_mode_request(
        actor=actor, host=job.host, flavour=flavour, path=path, executable=executable, agreed=agreed
    )


def _new_again(job: Job) -> Plan:
    return services.new_flavour_plan(job.host, FlavourName.parse(job.intent["flavour"]), job.intent["source"])


def _ask_new(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    name = FlavourName.parse(job.intent["flavour"])
    return services.flavour_new_request(
        actor=actor, host=job.host, name=name, source=job.intent["source"], agreed=Agreed(plan_hash, key, job)
    )


def _delete_again(job: Job) -> Plan:
    flavour = _there(job)
    name = FlavourName.parse(flavour.name)
    return plans.delete_plan(flavours_dir(job.host), name, is_default=flavour.is_default)


def _ask_delete(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    flavour = _there(job)
    return services.flavour_delete_request(
        actor=actor,
        host=job.host,
        flavour=flavour,
        typed_name=flavour.name,
        agreed=Agreed(plan_hash, key, job),
    )


def _to_flavour(job: Job, _actor: Actor) -> list[NextLink]:
    if _flavour(job) is None:
        return [NextLink("Flavours", reverse("jails:flavour-list", args=[job.host_id]), "copy")]
    url = reverse("jails:flavour-detail", args=[job.host_id, job.intent["flavour"]])
    return [NextLink("The flavour", url, "copy")]


def _name_to_type(job: Job) -> str:
    return str(job.intent["flavour"])


_PERM = Perm.FLAVOUR_CHANGE
KINDS = (
    JobKind(
        plans.EDIT, "Change a flavour's files", verify_edit, _to_flavour, Again(_PERM, _edit_again, _ask_edit)
    ),
    JobKind(plans.NEW, "Make a flavour", verify_new, _to_flavour, Again(_PERM, _new_again, _ask_new)),
    JobKind(
        plans.DELETE,
        "Delete a flavour",
        verify_delete,
        _to_flavour,
        Again(_PERM, _delete_again, _ask_delete, _name_to_type),
    ),
)
