"""The two ways out of a drift: make the jail as it is wanted, or want it as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import record
from apps.freebsd.errors import Conflict
from apps.hosts.probe import announce
from apps.hosts.services import host_lock
from apps.jails.changes import subject_of
from apps.jails.drift.compare import FILE, MISSING, Differences, differences, part_of
from apps.jails.drift.doings import names_of
from apps.jails.drift.noting import note
from apps.jails.drift.plans import apply_plan, carried_over
from apps.jails.drift.state import State
from apps.jails.holding import let_go
from apps.jails.models import Jail
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job, JobState


def apply_request(*, actor: Actor, jail: Jail, fields: Collection[str], agreed: Agreed) -> Job:
    """Ask for a jail to be made as it is wanted.

    Args:
        actor: Who asks.
        jail: The jail.
        fields: In what; those in which it does not differ do not count.
        agreed: What was shown.

    Raises:
        NotAllowed: The actor may not.
        Conflict: Nothing differs, it cannot be done, a job is open, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_CHANGE, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = _locked(jail)
        chosen = sorted(differences(row).keys() & set(fields))
        return queue_plan(
            actor,
            row.host,
            apply_plan(row, chosen),
            subject=subject_of(row),
            action="jail.apply_wanted_requested",
            safe_name=row.safe_name,
            intent={"fields": chosen},
            agreed=agreed,
        )


def seen_hash(found: Differences) -> str:
    """Return the SHA-256 (hex) of what differs, so that only what was shown is agreed to."""
    values = {field: asdict(one) for field, one in found.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def adopt(*, actor: Actor, jail: Jail, fields: Collection[str], shown: str = "") -> list[str]:
    """Want a jail as it was seen; nothing is done on the host. One whose file is gone is forgotten.

    Args:
        actor: Who agrees.
        jail: The jail.
        fields: In what; those in which it does not differ do not count.
        shown: `seen_hash` of all differences that were shown; empty when none were.

    Returns:
        The fields that were adopted.

    Raises:
        NotAllowed: The actor may not.
        Conflict: Nothing differs, it differs otherwise than was shown, or a job for it runs.
    """
    actor.require(Perm.JAIL_CHANGE, jail.host_id)
    with transaction.atomic():
        host_lock(jail.host)
        row = _locked(jail)
        found = differences(row)
        _check(row, found, fields, shown)
        chosen = {field: one for field, one in found.items() if field in fields}
        _agree_to(row, found, chosen)
        action = "jail.forgotten" if MISSING in chosen else "jail.drift_adopted"
        before = {field: one.wanted for field, one in chosen.items()}
        after = {field: one.observed for field, one in chosen.items()}
        record(actor=actor, action=action, subject=subject_of(row), before=before, after=after)
        announce(row.host)
    return sorted(chosen)


def _check(jail: Jail, found: Differences, fields: Collection[str], shown: str) -> None:
    if shown and shown != seen_hash(found):
        raise Conflict("The jail changed since this was shown. Look at it again.")
    if not found.keys() & set(fields):
        raise Conflict("It is as it is wanted by now: there is nothing to adopt.")
    running = Job.objects.filter(host_id=jail.host_id, state=JobState.RUNNING).only("subject", "intent")
    if any(jail.safe_name in names_of(job) for job in running):
        raise Conflict("A job for it runs. Wait for its end.")


def _agree_to(jail: Jail, found: Differences, chosen: Differences) -> None:
    if MISSING in chosen:
        let_go(jail.host_id, [jail.safe_name])
        jail.delete()
        return
    jail.wanted = State.wanted(jail).to_json() | _adopted(jail, found, chosen)
    jail.save(update_fields=["wanted"])
    note([jail], jail.observed_at or jail.created_at)


def _adopted(jail: Jail, found: Differences, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of the state that are wanted as they were seen."""
    seen = State.observed(jail).to_json()
    parts = {part_of(field) for field in chosen}
    values = {part: seen[part] for part in parts}
    in_file = {field for field in found if part_of(field) == FILE}
    if FILE in parts and FILE not in chosen and not in_file <= chosen.keys():
        variables = in_file & chosen.keys()
        wanted = State.wanted(jail).file
        values[FILE] = carried_over(jail.safe_name, jail.config_text, wanted, variables)
    return values


def _locked(jail: Jail) -> Jail:
    row = Jail.objects.select_for_update(of=("self",)).select_related("host").filter(pk=jail.pk).first()
    if row is None:
        raise Conflict(f"The jail {jail.name} is not there any more.")
    return row
