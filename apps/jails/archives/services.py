"""Asking for archives and snapshots: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.archives import plans, queries
from apps.jails.archives.moments import archive_name, snapshot_label
from apps.jails.changes import intent_of, subject_of
from apps.jails.models import Archive, Jail, Snapshot
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan


@dataclass(frozen=True, slots=True)
class Wish:
    """What someone wants done to a jail.

    Args:
        perm: What one must hold.
        action: What the record calls the asking.
        plan: The commands, for the jail as it is by then; may raise InvalidInput or Conflict.
        intent: What a proof or a retry must know.
    """

    perm: Perm
    action: str
    plan: Callable[[Jail], Plan]
    intent: dict[str, Any] = field(default_factory=dict)


def archive_wish(jail: Jail, at: str) -> Wish:
    """Return the wish for an archive of a jail.

    Args:
        jail: Which.
        at: The moment in its name.
    """
    # Once the jail is gone, nobody else knows what it was set to: an archive brings back its files alone.
    kept = {"config_text": jail.config_text, "fstab_text": jail.fstab_text, "norun": not jail.runs_at_boot}
    intent = {"at": at, "file_name": archive_name(jail.safe_name, at), "name": jail.name, **kept}
    return Wish(Perm.JAIL_ARCHIVE, "jail.archive_requested", lambda row: archive_plan(row, at), intent)


def archive_plan(jail: Jail, at: str) -> Plan:
    """Return the plan that archives a jail as it was last seen.

    Raises:
        InvalidInput: ezjail would not archive it.
    """
    if why_not := plans.why_no_archive(jail):
        raise InvalidInput(why_not)
    below = len(queries.datasets_of(jail)) > 1
    return plans.archive_plan(jail, queries.archive_directory(jail.host), at, below=below)


def snapshot_wish(at: str) -> Wish:
    """Return the wish for a snapshot of a jail.

    Args:
        at: The moment in its name.
    """
    intent = {"at": at, "label": snapshot_label(at)}
    return Wish(Perm.JAIL_ARCHIVE, "jail.snapshot_requested", lambda row: snapshot_plan(row, at), intent)


def snapshot_plan(jail: Jail, at: str) -> Plan:
    """Return the plan that takes a snapshot of a jail.

    Raises:
        InvalidInput: It has no dataset of its own.
    """
    return plans.snapshot_plan(jail, _dataset_of(jail), at)


def snapshot_remove_wish(labels: list[str]) -> Wish:
    """Return the wish that snapshots of a jail are destroyed."""

    def plan(jail: Jail) -> Plan:
        return plans.snapshot_remove_plan(jail, _dataset_of(jail), labels)

    return Wish(Perm.JAIL_RESTORE, "jail.snapshot_remove_requested", plan, {"labels": labels})


def rollback_wish(jail: Jail, snapshot: Snapshot) -> Wish:
    """Return the wish that a jail becomes what it was when a snapshot was taken."""
    intent = {"label": snapshot.name, "dataset": snapshot.dataset, "runs": jail.is_running}

    def plan(row: Jail) -> Plan:
        names = [item.name for item in queries.datasets_of(row)]
        held = Snapshot.objects.filter(host_id=row.host_id, dataset__in=names, name=snapshot.name)
        having = sorted(held.values_list("dataset", flat=True))
        return plans.rollback_plan(row, having, snapshot.name, len(queries.newer_than(snapshot)))

    return Wish(Perm.JAIL_RESTORE, "jail.rollback_requested", plan, intent)


def jail_wish_request(*, actor: Actor, jail: Jail, wish: Wish, agreed: Agreed) -> Job:
    """Ask for something to be done to a jail.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: It cannot be done to this jail.
        Conflict: The jail is gone, its host is away, a job for it is open, or the plan is another than was
            shown.
    """
    actor.require(wish.perm, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = Jail.objects.select_related("host").filter(pk=jail.pk).first()
        if row is None:
            raise Conflict(f"The jail {jail.name} is not there any more.")
        if row.missing_since:
            raise Conflict(f"The host has no jail {jail.name} any more.")
        return queue_plan(
            actor,
            row.host,
            wish.plan(row),
            subject=subject_of(row),
            action=wish.action,
            safe_name=row.safe_name,
            intent={**intent_of(row), **wish.intent},
            agreed=agreed,
        )


def archive_remove_request(*, actor: Actor, archive: Archive, typed_name: str, agreed: Agreed) -> Job:
    """Ask for an archive to be deleted.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The typed name is not the archive's.
        Conflict: The host is away, a job for the archive is open, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_RESTORE, archive.host_id)
    if typed_name != archive.file_name:
        raise InvalidInput(f"Type the archive's name, {archive.file_name}, to confirm.", field="typed_name")
    with transaction.atomic():
        host_lock(archive.host)
        host = Host.objects.get(pk=archive.host_id)
        return queue_plan(
            actor,
            host,
            plans.remove_plan(archive, queries.archive_directory(host)),
            subject=Subject("archive", archive.file_name, archive.file_name, host.pk),
            action="archive.remove_requested",
            safe_name=archive.file_name,
            intent={"file_name": archive.file_name},
            agreed=agreed,
        )


def _dataset_of(jail: Jail) -> str:
    datasets = queries.datasets_of(jail)
    return datasets[0].name if datasets else ""
