"""`ezjail-admin snapshot` and `troubleshoot`.

Source: reference ezjail.md §1.6, §1.7; captures/ezjail.json (snapshot-no-zfs, troubleshoot). How a
retention policy thins is inferred from its description there.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.tools.ezjail.jailfile import NORUN, load, ordered
from apps.simulator.tools.ezjail.session import Exit
from apps.simulator.tools.ezjail.zfs import zfs

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.jailfile import EzJail
    from apps.simulator.tools.ezjail.session import Session

PREFIX = "ez-autosnap-"
STAMP = "%Y%m%d%H%M"
UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_WORD = re.compile(r"(?:(\d+)x)?(\d+)([mhdwy])")


async def snapshot(session: Session, names: list[str]) -> None:
    """Take a snapshot of each jail's datasets; jails without any are passed over."""
    for name in names or [item.removesuffix(NORUN) for item in ordered(session).names]:
        jail = load(session, name)
        if not jail.config:
            raise Exit(f"Error: Nothing known about jail {name}.")
        own = [jail.dataset] if jail.zfs else []
        for dataset in [*own, *jail.values.get("zfs_datasets", "").split()]:
            if session.machine.kernel.dataset(dataset):
                await _take(session, jail, dataset)


async def _take(session: Session, jail: EzJail, dataset: str) -> None:
    found = session.machine.kernel.dataset(dataset)
    assert found is not None, "looked up just before"
    policy = (
        found.properties.get("ezjail:autosnap_retention")
        or jail.values.get("retention_policy")
        or session.get("default_retention_policy")
    )
    name = f"{dataset}@{PREFIX}{time.strftime(STAMP, time.gmtime(session.machine.now()))}"
    if policy:
        await session.say(f"zfs snapshot -r {name}")
    await zfs(session, lambda: pool.snapshot(session.machine, name))
    if policy:
        await _thin(session, dataset, policy.split())


async def _thin(session: Session, dataset: str, policy: list[str]) -> None:
    """Keep the newest snapshot of each window that the policy names; say each zfs destroy before it."""
    found = session.machine.kernel.dataset(dataset)
    assert found is not None, "looked up by the caller"
    left = sorted((item.created, item.name) for item in found.snapshots if item.name.startswith(PREFIX))[::-1]
    kept: set[str] = set()
    end = session.machine.now()
    for word in policy:
        if word == "KEEP":
            return
        match = _WORD.fullmatch(word)
        if match is None:
            await session.say(f"Unknown window length declaration {word}")
            return
        if match[3] == "y":
            raise Exit(f'ezjail-admin: arithmetic expression: expecting primary: " {match[2]}*y "')
        for _window in range(int(match[1] or 1)):
            start = end - int(match[2]) * UNITS[match[3]]
            kept.update(
                name for created, name in left if start < created <= end and not _has(kept, left, start, end)
            )
            end = start
    for _created, name in left:
        if name not in kept:
            await session.say(f"zfs destroy -r {dataset}@{name}")
            await zfs(session, lambda name=name: pool.destroy(session.machine, f"{dataset}@{name}"))  # type: ignore[misc]


def _has(kept: set[str], left: list[tuple[float, str]], start: float, end: float) -> bool:
    return any(name in kept for created, name in left if start < created <= end)


async def troubleshoot(session: Session, names: list[str]) -> None:
    """Find nothing wrong with jails that are known."""
    for name in names:
        if not load(session, name).config:
            raise Exit(f"Error: Nothing known about jail {name}.")
