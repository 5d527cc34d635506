"""Storing what a probe says of archives and snapshots: a few queries, however many there are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from apps.freebsd.parsers.facts import HostFacts
from apps.hosts.models import Host
from apps.jails.archives.moments import jail_of_archive
from apps.jails.models import Archive, Snapshot

M = TypeVar("M", bound=Model)


def observe(host: Host, facts: HostFacts) -> bool:
    """Store archives and snapshots; those of a host that could not say stay as they were.

    Returns:
        Whether anything that people see has changed.
    """
    seen_at = host.seen_at or facts.now
    changed = False
    if facts.archives is not None:
        archives: dict[Hashable, dict[str, Any]] = {
            item.name: {
                "file_name": item.name,
                "safe_name": jail_of_archive(item.name),
                "size_bytes": item.size_bytes,
                "made_at": item.made_at,
            }
            for item in facts.archives
        }
        rows = {row.file_name: row for row in Archive.objects.filter(host=host)}
        changed = _store(Archive, host, rows, archives, seen_at)
    if facts.snapshots is not None:
        snapshots: dict[Hashable, dict[str, Any]] = {
            (item.dataset, item.name): {
                "dataset": item.dataset,
                "name": item.name,
                "made_at": item.made_at,
                "used_bytes": item.used_bytes,
                "refer_bytes": item.refer_bytes,
            }
            for item in facts.snapshots
            if len(item.dataset) <= 255 and len(item.name) <= 255
        }
        found = {(row.dataset, row.name): row for row in Snapshot.objects.filter(host=host)}
        changed = _store(Snapshot, host, found, snapshots, seen_at) or changed
    return changed


def _store(
    model: type[M],
    host: Host,
    rows: Mapping[Any, M],
    seen: Mapping[Hashable, dict[str, Any]],
    seen_at: datetime,
) -> bool:
    """Make the rows of a host what was seen."""
    manager = model._default_manager  # noqa: SLF001  Django documents it for such code
    new = [values for key, values in seen.items() if key not in rows]
    other = [_with(rows[key], values) for key, values in seen.items() if _differs(rows.get(key), values)]
    gone = [row.pk for key, row in rows.items() if key not in seen]
    if gone:
        manager.filter(pk__in=gone).delete()
    if other:
        names = sorted({name for values in seen.values() for name in values})
        manager.bulk_update(other, names, batch_size=500)
    manager.filter(host=host).update(observed_at=seen_at)
    manager.bulk_create(_rows(model, host, new, seen_at), batch_size=500)
    return bool(new or other or gone)


def _rows(model: type[M], host: Host, new: Iterable[dict[str, Any]], seen_at: datetime) -> list[M]:
    return [model(host=host, observed_at=seen_at, **values) for values in new]


def _differs(row: Model | None, values: Mapping[str, Any]) -> bool:
    return row is not None and any(getattr(row, name) != value for name, value in values.items())


def _with(row: M, values: Mapping[str, Any]) -> M:
    for name, value in values.items():
        setattr(row, name, value)
    return row
