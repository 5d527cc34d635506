"""Archives and snapshots of many jails at once, by hand or on a schedule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.jails.archives import plans, queries, services
from apps.jails.archives.moments import is_own, now
from apps.jails.changes import CHANGES, Change, batch_retry_url, intent_of
from apps.jails.models import Jail, Snapshot
from apps.jobs.plan import Plan
from apps.jobs.ports import register_batch_retry

# However old they are, so many of a jail's own snapshots stay.
KEPT_ANYHOW = 3


def register() -> None:
    """Offer them beside starting and stopping."""
    for change in (ARCHIVE, SNAPSHOT):
        CHANGES[change.verb] = change
        register_batch_retry(change.kind, batch_retry_url)


def archive_at(at: str) -> Change:
    """Return the change that archives jails, with a moment in the archives' names."""

    def intent(jail: Jail) -> dict[str, Any]:
        return {**intent_of(jail), **services.archive_wish(jail, at).intent}

    return replace(ARCHIVE, plan=partial(_archive_plan, at=at), intent=intent, moment=at)


def snapshot_at(at: str) -> Change:
    """Return the change that takes snapshots of jails, with a moment in their names."""

    def intent(jail: Jail) -> dict[str, Any]:
        return {**intent_of(jail), **services.snapshot_wish(at).intent}

    return replace(SNAPSHOT, plan=partial(_snapshot_plan, at=at), intent=intent, moment=at)


def thin(days: int, jails: Iterable[Jail]) -> Change:
    """Return the change that destroys the panel's own snapshots of jails that are older than so many days.

    The newest KEPT_ANYHOW of each jail stay, and so do those that someone else took.

    Args:
        days: How long one is kept.
        jails: The jails, with what their hosts have said.
    """
    old = _old_labels(list(jails), timezone.now() - timedelta(days=days))

    def plan(jail: Jail) -> Plan:
        if jail.pk not in old:
            raise InvalidInput("It has no snapshot of the panel's that is older.")
        return services.snapshot_remove_wish(old[jail.pk]).plan(jail)

    def intent(jail: Jail) -> dict[str, Any]:
        return {**intent_of(jail), "labels": old.get(jail.pk, [])}

    return Change(
        "thin", plans.SNAPSHOT_REMOVE, Perm.JAIL_RESTORE, plan, "jail.snapshot_remove_requested",
        lambda jail: "" if jail.pk in old else "It has no old snapshot of the panel's.",
        intent, is_for_all=True, needs_facts=True,
    )  # fmt: skip


def _old_labels(jails: list[Jail], limit: datetime) -> dict[int, list[str]]:
    """Return the names of the snapshots that may go, by jail; one query, however many there are."""
    holders = {
        (jail.host_id, found[0].name): jail.pk for jail in jails if (found := queries.datasets_of(jail))
    }
    own: dict[int, list[Snapshot]] = {}
    rows = Snapshot.objects.filter(host_id__in={jail.host_id for jail in jails}).order_by("-made_at", "-name")
    for row in rows:
        holder = holders.get((row.host_id, row.dataset))
        if holder is not None and is_own(row.name):
            own.setdefault(holder, []).append(row)
    old = {pk: [row.name for row in found[KEPT_ANYHOW:] if row.made_at < limit] for pk, found in own.items()}
    return {pk: labels for pk, labels in old.items() if labels}


def _archive_plan(jail: Jail, *, at: str = "") -> Plan:
    return services.archive_plan(jail, at or now())


def _snapshot_plan(jail: Jail, *, at: str = "") -> Plan:
    return services.snapshot_plan(jail, at or now())


def _nothing(_jail: Jail) -> str:
    return ""


ARCHIVE = Change(
    "archive", plans.ARCHIVE, Perm.JAIL_ARCHIVE, _archive_plan, "jail.archive_requested",
    plans.why_no_archive, is_for_all=True, needs_facts=True, at=archive_at,
)  # fmt: skip
SNAPSHOT = Change(
    "snapshot", plans.SNAPSHOT, Perm.JAIL_ARCHIVE, _snapshot_plan, "jail.snapshot_requested",
    _nothing, is_for_all=True, needs_facts=True, at=snapshot_at,
)  # fmt: skip
