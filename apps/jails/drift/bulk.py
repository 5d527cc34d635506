"""Drift of many jails at once: a batch that puts them right, or agreement to all that a list shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.jails.changes import CHANGES, Change, batch_retry_url, intent_of
from apps.jails.drift.compare import MISSING, differences
from apps.jails.drift.plans import APPLY, apply_plan
from apps.jails.drift.services import adopt
from apps.jails.models import Drift, Jail
from apps.jobs.plan import Plan
from apps.jobs.ports import register_batch_retry

MOST = 1000


def register() -> None:
    """Offer it beside starting and stopping."""
    CHANGES[PUT_RIGHT.verb] = PUT_RIGHT
    register_batch_retry(PUT_RIGHT.kind, batch_retry_url)


def _plan(jail: Jail) -> Plan:
    try:
        return apply_plan(jail, list(differences(jail)))
    except Conflict as error:
        raise InvalidInput(error.message) from error


def _nothing_to_do(jail: Jail) -> str:
    return "" if differences(jail) else "It is as it is wanted."


def _intent(jail: Jail) -> dict[str, Any]:
    return {**intent_of(jail), "fields": sorted(differences(jail))}


PUT_RIGHT = Change(
    "apply_wanted", APPLY, Perm.JAIL_CHANGE, _plan, "jail.apply_wanted_requested", _nothing_to_do, _intent,
    is_for_all=True, needs_facts=True, takes_missing=True, word="Put right",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ManyShown:
    """Differences of many jails that a list shows and that the actor may agree to.

    Args:
        rows: They, with jail and host.
        left: How many more there are: of jails that are missing, or that the actor may not change.
    """

    rows: Sequence[Drift]
    left: int

    @property
    def jail_count(self) -> int:
        """Of how many jails they are."""
        return len({row.jail_id for row in self.rows})

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of all of them, so that only what was shown is agreed to."""
        lines = sorted(f"{row.jail_id} {row.field} {row.wanted!r} {row.observed!r}" for row in self.rows)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def many_shown(actor: Actor, rows: Iterable[Drift]) -> ManyShown:
    """Return which of a list's differences can be agreed to at once.

    One forgets a jail whose file is gone by itself, never among others.

    Raises:
        InvalidInput: They are too many.
    """
    found = list(rows)
    if len(found) > MOST:
        raise InvalidInput(f"These are more than {MOST:,}. Narrow the list, and take them in parts.")
    mine = [row for row in found if row.field != MISSING and actor.may(Perm.JAIL_CHANGE, row.jail.host_id)]
    return ManyShown(mine, len(found) - len(mine))


def adopt_many(*, actor: Actor, shown: ManyShown, agreed: str) -> list[str]:
    """Want many jails as they were seen, each in a transaction of its own.

    Args:
        actor: Who agrees.
        shown: The differences.
        agreed: The hash of those that were shown; empty when none were.

    Returns:
        A sentence for each jail that was left as it is.

    Raises:
        Conflict: They are not what was shown.
    """
    if agreed and agreed != shown.hash:
        raise Conflict("The list changed since it was shown. Look at it again.")
    fields: dict[Jail, list[str]] = {}
    for row in shown.rows:
        fields.setdefault(row.jail, []).append(row.field)
    left = []
    for jail, names in fields.items():
        try:
            adopt(actor=actor, jail=jail, fields=names)
        except Conflict as error:
            left.append(f"{jail.name} on {jail.host.name}: {error.message}")
    return left
