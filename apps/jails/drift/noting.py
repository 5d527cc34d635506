"""Keeping wanted states and noted differences up to date with what was seen, in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from apps.jails.drift.compare import Differences, differences, part_of
from apps.jails.drift.state import State
from apps.jails.models import Drift, Jail

_VALUES = ("wanted", "observed")
_BATCH = 100


def note(jails: Iterable[Jail], seen_at: datetime) -> bool:
    """Store in what jails are not as they are wanted, each difference with when it was first seen.

    What was there before keeps its time; what is gone is forgotten. A jail of which nothing is wanted yet is
    wanted as it was seen.

    Args:
        jails: As they were just stored.
        seen_at: When they were looked at.

    Returns:
        Whether any difference came, changed or went.
    """
    rows = list(jails)
    prefetch_related_objects(rows, "drifts")
    _want_as_seen([jail for jail in rows if jail.wanted is None])
    made: list[Drift] = []
    changed: list[Drift] = []
    gone: list[Any] = []
    for jail in rows:
        found, held = differences(jail), {drift.field: drift for drift in jail.drifts.all()}
        gone += [drift.pk for field, drift in held.items() if field not in found]
        changed += _changed(found, held)
        made += [_row(jail, field, found, seen_at) for field in found if field not in held]
    _store(made, changed, gone)
    return bool(made or changed or gone)


def _want_as_seen(jails: list[Jail]) -> None:
    for jail in jails:
        jail.wanted = State.observed(jail).to_json()
    if jails:
        Jail.objects.bulk_update(jails, ["wanted"], batch_size=_BATCH)


def _row(jail: Jail, field: str, found: Differences, seen_at: datetime) -> Drift:
    return Drift(jail=jail, field=field, first_seen_at=seen_at, **asdict(found[field]))


def _changed(found: Differences, held: dict[str, Drift]) -> list[Drift]:
    changed = []
    for field in found.keys() & held.keys():
        now, row = found[field], held[field]
        if (row.wanted, row.observed) != (now.wanted, now.observed):
            row.wanted, row.observed = now.wanted, now.observed
            changed.append(row)
    return changed


def _store(made: list[Drift], changed: list[Drift], gone: Collection[Any]) -> None:
    if gone:
        Drift.objects.filter(pk__in=gone).delete()
    if changed:
        Drift.objects.bulk_update(changed, _VALUES, batch_size=_BATCH)
    if made:
        Drift.objects.bulk_create(made)


def agree(jail: Jail, parts: Collection[str], seen_at: datetime) -> None:
    """Want some parts of a jail's state as they were seen, and note what differs in the others.

    A part that differs in the very way that was noted before stays as it is wanted: nobody has touched it
    since, so nobody has agreed to it either.

    Args:
        jail: With what is wanted of it.
        parts: Those that a job may have changed.
        seen_at: When it was looked at.
    """
    seen, wanted = State.observed(jail).to_json(), State.wanted(jail).to_json()
    agreed = set(parts) - _untouched(jail)
    jail.wanted = {part: seen[part] if part in agreed else wanted[part] for part in seen}
    Jail.objects.filter(pk=jail.pk).update(wanted=jail.wanted)
    note([jail], seen_at)


def _untouched(jail: Jail) -> set[str]:
    """Return the parts of a jail's state in which it differs just as it was noted before."""
    noted = _by_part({row.field: row.observed for row in jail.drifts.all()})
    now = _by_part({field: one.observed for field, one in differences(jail).items()})
    return {part for part in noted if now.get(part) == noted[part]}


def _by_part(observed: Mapping[str, str]) -> dict[str, dict[str, str]]:
    parts: dict[str, dict[str, str]] = {}
    for field, text in observed.items():
        parts.setdefault(part_of(field), {})[field] = text
    return parts
