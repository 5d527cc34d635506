"""The kinds of job of archives and snapshots: how each is proven, and tried again."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict
from apps.freebsd.parsers.leftovers import PARTIAL
from apps.jails.archives import plans, queries, services
from apps.jails.archives.services import Wish
from apps.jails.models import Archive, Jail, Snapshot
from apps.jails.services import Agreed
from apps.jobs.models import Job
from apps.jobs.output_text import last_text
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind

# ezjail ends with 0 all the same (reference ezjail §8.1).
NOT_WHOLE = "was not completely successful"


def register_kinds() -> None:
    """Tell the engine the kinds."""
    archive_again = _again(Perm.JAIL_ARCHIVE, _archive_wish)
    snapshot_again = _again(Perm.JAIL_ARCHIVE, _snapshot_wish)
    remove_again = _again(Perm.JAIL_RESTORE, _snapshot_remove_wish)
    for kind in (
        JobKind(plans.ARCHIVE, "Archive a jail", _archived, _to_archives, archive_again),
        JobKind(plans.REMOVE, "Delete an archive", _archive_gone, _to_archives),
        JobKind(plans.RESTORE, "Restore a jail", _restored, _to_restored),
        JobKind(plans.SNAPSHOT, "Take a snapshot of a jail", _snapshot_there, _to_archives, snapshot_again),
        JobKind(plans.SNAPSHOT_REMOVE, "Destroy snapshots", _snapshots_gone, _to_archives, remove_again),
        JobKind(plans.ROLL_BACK, "Roll a jail back", _rolled_back, _to_archives),
    ):
        register_kind(kind)


def _archived(job: Job) -> list[str]:
    name = job.intent["file_name"]
    found = set(
        Archive.objects.filter(host_id=job.host_id, file_name__in=(name, PARTIAL + name)).values_list(
            "file_name", flat=True
        )
    )
    problems = [] if name in found else [f"The host shows no archive {name}."]
    if PARTIAL + name in found:
        problems.append("What ezjail wrote under its unfinished name is still there.")
    first = job.steps.first()
    if first and NOT_WHOLE in last_text(first):
        problems.append("ezjail says that not all of the jail got into the archive; its output says why.")
    return problems


def _restored(job: Job) -> list[str]:
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None or jail.missing_since:
        return ["ezjail knows no such jail on the host."]
    problems = [jail.problem] if jail.problem else []
    if not jail.root_exists:
        problems.append(f"Its root directory {jail.root} is not there.")
    addresses = ",".join(str(address) for address in jail.addresses.all())
    if addresses != job.intent["addresses"]:
        problems.append(f"ezjail's file holds the addresses {addresses or '(none)'}.")
    return problems


def _archive_gone(job: Job) -> list[str]:
    there = Archive.objects.filter(host_id=job.host_id, file_name=job.intent["file_name"]).exists()
    return ["The archive is still there."] if there else []


def _snapshot_there(job: Job) -> list[str]:
    rows = Snapshot.objects.filter(host_id=job.host_id, name=job.intent["label"])
    jail = _jail_of(job)
    datasets = queries.datasets_of(jail) if jail else []
    if datasets and rows.filter(dataset=datasets[0].name).exists():
        return []
    return [f"The host shows no snapshot {job.intent['label']} of the jail."]


def _snapshots_gone(job: Job) -> list[str]:
    jail = _jail_of(job)
    names = [item.name for item in queries.datasets_of(jail)] if jail else []
    left = Snapshot.objects.filter(host_id=job.host_id, dataset__in=names, name__in=job.intent["labels"])
    return [f"The snapshot {row} is still there." for row in left]


def _rolled_back(job: Job) -> list[str]:
    rows = Snapshot.objects.filter(host_id=job.host_id, dataset=job.intent["dataset"])
    newest = rows.order_by("-made_at").first()
    problems = []
    if newest is None or newest.name != job.intent["label"]:
        problems.append(
            f"The newest snapshot is {newest.name if newest else 'gone'}: it was not rolled back."
        )
    jail = _jail_of(job)
    if jail is None:
        problems.append("ezjail knows no such jail on the host.")
    elif jail.is_running != job.intent["runs"]:
        problems.append("It does not run again." if job.intent["runs"] else "It runs, and did not before.")
    return problems


def _jail_of(job: Job) -> Jail | None:
    rows = Jail.objects.select_related("host").filter(host_id=job.host_id, safe_name=job.subject)
    return rows.first()


def _to_restored(job: Job, actor: Actor) -> list[NextLink]:
    jail = _jail_of(job)
    links = [NextLink(f"Open {jail.name}", jail.get_absolute_url(), "box")] if jail else []
    if jail and not jail.is_running and actor.may(Perm.JAIL_START, job.host_id):
        url = reverse("jails:jail-start", args=[job.host_id, job.subject])
        return [NextLink("Start it", url, "player-play", in_dialog=True), *links]
    return links


def _to_archives(job: Job, _actor: Actor) -> list[NextLink]:
    if jail := _jail_of(job):
        url = reverse("jails:jail-archives", args=[job.host_id, job.subject])
        return [NextLink(f"Archives of {jail.name}", url, "box")]
    return [NextLink("Archives", reverse("jails:host-archives", args=[job.host_id]), "box")]


def _archive_wish(job: Job, jail: Jail) -> Wish:
    return services.archive_wish(jail, job.intent["at"])


def _snapshot_wish(job: Job, _jail: Jail) -> Wish:
    return services.snapshot_wish(job.intent["at"])


def _snapshot_remove_wish(job: Job, _jail: Jail) -> Wish:
    return services.snapshot_remove_wish(list(job.intent["labels"]))


def _again(perm: Perm, wish_of: Callable[[Job, Jail], Wish]) -> Again:
    def replan(job: Job) -> Plan:
        jail = _there(job)
        return wish_of(job, jail).plan(jail)

    def ask(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
        jail = _there(job)
        agreed = Agreed(plan_hash, key, job)
        return services.jail_wish_request(actor=actor, jail=jail, wish=wish_of(job, jail), agreed=agreed)

    return Again(perm, replan, ask)


def _there(job: Job) -> Jail:
    """Return the job's jail.

    Raises:
        Conflict: It is gone, or the job's wish is true already.
    """
    jail = _jail_of(job)
    if jail is None:
        raise Conflict(f"There is no jail {job.subject} on {job.host.name} any more.")
    if job.kind == plans.ARCHIVE and not _archived(job):
        raise Conflict("The archive is there: there is nothing left to do.")
    if job.kind == plans.SNAPSHOT and not _snapshot_there(job):
        raise Conflict("The snapshot is there: there is nothing left to do.")
    if job.kind == plans.SNAPSHOT_REMOVE and not _snapshots_gone(job):
        raise Conflict("They are gone: there is nothing left to do.")
    return jail
