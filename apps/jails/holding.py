"""A jail's addresses are held in the pools of its host, from its job on until it is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import InterfaceAddress, JailAddresses
from apps.hosts.models import Host
from apps.jails.drift import kinds
from apps.jails.drift.doings import names_of
from apps.jobs.models import Job, JobState
from apps.network.pools import holding

MOVE, BACK = "jails.move", "jails.move_back"


def hold_for(host: Host, safe_name: str, intent: Mapping[str, Any], job: Job) -> None:
    """Hold what a job that was just queued will give to its jail; in the transaction that queues it.

    Raises:
        InvalidInput: Another has it; `field` is its row's.
    """
    if safe_name and (addresses := list(_given(job.kind, intent))):
        holding.hold(host, safe_name, addresses, job)


def hold_on_the_way(host: Host, safe_name: str, addresses: JailAddresses, came_from: UUID) -> None:
    """Hold the addresses of a jail that is on its way to a host, but for those that it holds where it is.

    Raises:
        InvalidInput: Another has it; `field` is its row's.
    """
    holding.hold(host, safe_name, [str(item.ip) for item in addresses], came_from=came_from)


def _given(kind: str, intent: Mapping[str, Any]) -> Iterable[str]:
    makes = kinds.makes(kind) or intent.get("wish") == "jails.create"
    text = intent.get("addresses") if makes else (intent.get("changes") or {}).get("ip")
    for part in str(text or "").split(","):
        try:
            yield str(InterfaceAddress.parse_observed(part).ip)
        except InvalidInput:
            continue


def job_ended(job: Job) -> None:
    """Let what is held follow the jail, or let go of it where nothing came of it.

    Called in the transaction that ends the job, after the host was looked at.
    """
    if not job.subject:
        return
    if job.state == JobState.SUCCEEDED:
        _follow(job)
    for name in names_of(job):
        holding.settle(job.host_id, name, job.pk)


def _follow(job: Job) -> None:
    if new := str(job.intent.get("new_safe_name", "")):
        holding.follow(job.host_id, job.subject, job.host_id, new)
    if job.kind == MOVE and job.intent.get("part") == "in":
        holding.follow(UUID(job.intent["source"]), job.subject, job.host_id, job.subject)
    if job.kind == BACK:
        holding.follow(UUID(job.intent["target"]), job.subject, job.host_id, job.subject)


def let_go(host_id: UUID, safe_names: Iterable[str]) -> None:
    """Let go of what is held for jails that the panel forgets."""
    holding.release(host_id, safe_names)
