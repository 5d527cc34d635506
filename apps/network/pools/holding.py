"""Holding addresses for jails: the database refuses a double. Who asks has checked the permission."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.jobs.events import publish
from apps.jobs.models import OPEN_STATES, Job
from apps.network.models import AddressPool, HeldAddress, ReservedRange, SeenAddress, address_key
from apps.network.pools.free import next_free
from apps.network.pools.queries import pool_of

TOPIC = "pools"
# An address that is typed by hand is held without waiting for the pool.
_TRIES = 10


def hold_next(pool: AddressPool, host: Host, jail: str, job: Job | None = None) -> HeldAddress:
    """Hold the next free address of a pool for a jail; of people who ask at once, each gets another.

    Raises:
        Conflict: The pool has none left, or is gone.
    """
    with transaction.atomic():
        row = locked(pool)
        for _ in range(_TRIES):
            address = next_free(row)
            with suppress(Conflict):
                return _insert(row, address, host, jail, job)
    raise Conflict(f"Others were quicker each time in the pool {pool.name}. Try again.")


def locked(pool: AddressPool) -> AddressPool:
    """Return a pool as it is now; whoever asks for it next waits until the transaction ends.

    Raises:
        Conflict: It was removed meanwhile.
    """
    row = AddressPool.objects.select_for_update(of=("self",)).filter(pk=pool.pk).first()
    if row is None:
        raise Conflict(f"The pool {pool.name} was removed meanwhile.")
    return row


def hold(
    host: Host,
    jail: str,
    addresses: Iterable[str],
    job: Job | None = None,
    came_from: UUID | None = None,
) -> list[HeldAddress]:
    """Hold those of a jail's addresses that lie in a pool of its host.

    Args:
        host: The jail's host.
        jail: Its safe name.
        addresses: As text, in the order of the form's rows.
        job: The job that makes the jail or changes it, until its end.
        came_from: The host that the jail of that name is moved from: what it holds stays until it is there.

    Raises:
        InvalidInput: One is held for another, or reserved; `field` is its row's.
    """
    rows: list[HeldAddress] = []
    with transaction.atomic():
        for number, address in enumerate(addresses):
            pool = pool_of(host, address)
            if pool and not _is_held_at(pool, address, came_from, jail):
                rows.append(
                    _hold_one(pool, address, host=host, jail=jail, job=job, field=f"address-{number}")
                )
    return rows


def _is_held_at(pool: AddressPool, address: str, host_id: UUID | None, jail: str) -> bool:
    mine = pool.held.filter(key=address_key(address), host=host_id, jail=jail)
    return host_id is not None and mine.exists()


def _hold_one(
    pool: AddressPool, address: str, *, host: Host, jail: str, job: Job | None, field: str
) -> HeldAddress:
    row = pool.held.filter(key=address_key(address)).first()
    if row is None:
        if why_not := why_not_to(pool, address, host, jail):
            raise InvalidInput(why_not, field=field)
        try:
            return _insert(pool, address, host, jail, job)
        except Conflict:
            row = pool.held.get(key=address_key(address))
    if (row.host_id, row.jail) != (host.pk, jail):
        raise InvalidInput(said_of(row, host), field=field)
    if job is not None:
        HeldAddress.objects.filter(pk=row.pk).update(job_id=job.pk)
    return row


def why_not_held(host: Host, address: str, jail: str = "", came_from: UUID | None = None) -> str:
    """Return why a jail of a host cannot have an address, going by the pools; empty when it can.

    Args:
        host: The jail's host.
        address: The address.
        jail: The jail's safe name; empty for one that has none yet.
        came_from: The host that the jail of that name is moved from: what it holds there goes with it.
    """
    pool = pool_of(host, address)
    return why_not_to(pool, address, host, jail, came_from) if pool else ""


def why_not_to(pool: AddressPool, address: str, host: Host, jail: str, came_from: UUID | None = None) -> str:
    """Return why a jail of a host cannot have an address of a pool; empty when it can."""
    key = address_key(address)
    if row := pool.held.filter(key=key).first():
        mine = jail and row.jail == jail and row.host_id in (host.pk, came_from)
        return "" if mine else said_of(row, host)
    if pool.gateway and address_key(pool.gateway) == key:
        return f"{address} is the gateway of the pool {pool.name}."
    kept = ReservedRange.objects.filter(pool=pool, first_key__lte=key, last_key__gte=key).first()
    return f"{address} is reserved in the pool {pool.name}{_for(kept.note)}." if kept else ""


def said_of(row: HeldAddress, host: Host) -> str:
    """Return whose an address is, to someone who sees `host` and perhaps no other."""
    if row.host_id is None or not row.jail:
        return f"{row.address} is kept in the pool {row.pool.name}{_for(row.note)}."
    if row.host_id == host.pk:
        return f"{row.address} is held for the jail {row.jail}."
    return f"{row.address} of the pool {row.pool.name} is held for a jail on another host."


def _for(note: str) -> str:
    return f": {note}" if note else ""


def _insert(pool: AddressPool, address: str, host: Host | None, jail: str, job: Job | None) -> HeldAddress:
    return insert(
        HeldAddress(
            pool=pool,
            address=address,
            key=address_key(address),
            host=host,
            jail=jail,
            job_id=job.pk if job else None,
        )
    )


def insert(row: HeldAddress) -> HeldAddress:
    """Store a new held address.

    Raises:
        Conflict: Someone else was quicker.
    """
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"{row.address} was taken meanwhile.") from None
    announce()
    return row


def release(host_id: UUID, jails: Iterable[str]) -> None:
    """Let go of what is held for jails of a host that are there no more."""
    gone, _ = HeldAddress.objects.filter(host=host_id, jail__in=list(jails)).exclude(jail="").delete()
    if gone:
        announce()


def settle(host_id: UUID, jail: str, job_id: UUID) -> None:
    """When a job has ended: what it held for a jail and the jail does not have is let go.

    Of a jail that has other addresses by now, those that it had before are let go as well.
    """
    mine = HeldAddress.objects.filter(host=host_id, jail=jail).exclude(jail="")
    if not mine.exists():
        return
    keys = set(SeenAddress.objects.filter(host=host_id, jail=jail).values_list("key", flat=True))
    rows = mine.exclude(key__in=keys)
    if keys:
        others = Job.objects.filter(state__in=OPEN_STATES).exclude(pk=job_id).values("pk")
        gone, _ = rows.exclude(job_id__in=others).delete()
    else:
        gone, _ = rows.filter(job_id=job_id).delete()
    mine.filter(job_id=job_id).update(job_id=None)
    if gone:
        announce()


def settle_ended(host_id: UUID) -> None:
    """Settle what jobs hold on a host that ended without it: cancelled before they began."""
    open_jobs = Job.objects.filter(host=host_id, state__in=OPEN_STATES).values("pk")
    rows = HeldAddress.objects.filter(host=host_id, job_id__isnull=False).exclude(job_id__in=open_jobs)
    for jail, job_id in rows.order_by("jail").values_list("jail", "job_id").distinct():
        if job_id is not None:
            settle(host_id, jail, job_id)


def follow(host_id: UUID, jail: str, to_host_id: UUID, to_jail: str) -> None:
    """Let what is held for a jail go with it: to its new name, or to the host that it was moved to."""
    there = SeenAddress.objects.filter(host=to_host_id, jail=to_jail).values_list("key", flat=True)
    rows = HeldAddress.objects.filter(host=host_id, jail=jail, key__in=list(there)).exclude(jail="")
    if rows.filter(pool__host__isnull=True).update(host=to_host_id, jail=to_jail):
        announce()
    if host_id == to_host_id and rows.update(jail=to_jail):
        announce()


def announce() -> None:
    """Tell open pages, once the transaction has committed, that pools or addresses changed."""
    transaction.on_commit(partial(publish, TOPIC, "changed"))
