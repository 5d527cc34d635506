"""Addresses of pools that people reserve, keep by hand, let go or take over; each is recorded."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.accounts.actor import Actor
from apps.audit.services import record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.network.models import AddressPool, HeldAddress, ReservedRange, address_key
from apps.network.pools.holding import announce, insert, locked
from apps.network.pools.numbers import address_of, parse_address
from apps.network.pools.queries import require, seen_in
from apps.network.pools.services import subject_of


def range_reserve(*, actor: Actor, pool: AddressPool, first: str, last: str, note: str) -> ReservedRange:
    """Have addresses of a pool not be given out.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The ends are none, outside the pool, the wrong way round, or overlap another range.
        Conflict: The pool was removed meanwhile.
    """
    begin, end = parse_address(first, "first"), parse_address(last or first, "last")
    keys = {"first_key": address_key(str(begin)), "last_key": address_key(str(end))}
    with transaction.atomic():
        row = locked(pool)
        require(actor, row.host_id, row.group)
        _check_range(row, keys["first_key"], keys["last_key"])
        made = ReservedRange.objects.create(
            pool=row, first=str(begin), last=str(end), note=note.strip(), **keys
        )
        _record_range(actor, "pool.range_reserved", made)
    return made


def range_free(*, actor: Actor, reserved: ReservedRange) -> None:
    """Have a reserved range be given out again.

    Raises:
        NotAllowed: The actor may not.
        Conflict: Someone did so already.
    """
    with transaction.atomic():
        pool = locked(reserved.pool)
        require(actor, pool.host_id, pool.group)
        _record_range(actor, "pool.range_freed", reserved)
        gone, _ = ReservedRange.objects.filter(pk=reserved.pk).delete()
        if not gone:
            raise Conflict("This range is not reserved any more.")


def address_keep(
    *, actor: Actor, pool: AddressPool, address: str, host: Host | None, note: str
) -> HeldAddress:
    """Keep an address by hand, for what is no jail of the panel's.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: It is no address of the pool, or it is held; `field` says where.
        Conflict: Someone took it at the same moment, or the pool was removed.
    """
    if not note.strip():
        raise InvalidInput("Say for what, for whoever wonders later.", field="note")
    ip = parse_address(address)
    with transaction.atomic():
        row = locked(pool)
        require(actor, row.host_id, row.group)
        key = address_key(str(ip))
        if not row.first_key <= key <= row.last_key:
            raise InvalidInput(f"{ip} is not in {row.network}.", field="address")
        if other := row.held.filter(key=key).first():
            raise InvalidInput(f"{ip} is held already, for {other.jail or other.note}.", field="address")
        made = HeldAddress(pool=row, address=str(ip), key=key, host=row.host or host, note=note.strip())
        insert(made)
        _record_held(actor, "address.held", made)
    return made


def address_release(*, actor: Actor, held: HeldAddress) -> None:
    """Let go of a held address; nothing changes on its host.

    Raises:
        NotAllowed: The actor may not.
        Conflict: It was let go already, or a job is at it.
    """
    with transaction.atomic():
        pool = locked(held.pool)
        require(actor, pool.host_id, pool.group)
        row = HeldAddress.objects.filter(pk=held.pk).first()
        if row is None:
            raise Conflict(f"{held.address} is not held any more.")
        _record_held(actor, "address.released", row)
        row.delete()
        announce()


def seen_take_over(*, actor: Actor, pool: AddressPool) -> tuple[int, int]:
    """Hold all addresses of a pool that jails were seen to have, each for its jail.

    Returns:
        How many, and how many not: two jails have the same one.

    Raises:
        NotAllowed: The actor may not.
        Conflict: The pool was removed.
    """
    with transaction.atomic():
        row = locked(pool)
        require(actor, row.host_id, row.group)
        wanted, doubles = to_take_over(row)
        HeldAddress.objects.bulk_create(wanted, batch_size=400, ignore_conflicts=True)
        held = [f"{one.address} for {one.jail}" for one in wanted]
        record(actor=actor, action="pool.taken_over", subject=subject_of(row), addresses=held)
        announce()
    return len(wanted), len(doubles)


def to_take_over(pool: AddressPool) -> tuple[list[HeldAddress], list[str]]:
    """Return what would be held for jails that were seen, and addresses that more than one jail has."""
    held = pool.held.values("key")
    rows = seen_in(pool).exclude(jail="").exclude(key__in=held).order_by("key", "host_id", "jail")
    found: dict[str, dict[tuple[UUID, str], HeldAddress]] = {}
    for seen in rows:
        row = HeldAddress(pool=pool, address=seen.address, key=seen.key, host_id=seen.host_id, jail=seen.jail)
        found.setdefault(seen.key, {})[seen.host_id, seen.jail] = row
    wanted = [row for rows in found.values() for row in rows.values() if len(rows) == 1]
    return wanted, [address_of(key) for key, rows in found.items() if len(rows) > 1]


def _check_range(pool: AddressPool, first: str, last: str) -> None:
    if first[0] != pool.first_key[0] or not pool.first_key <= first <= pool.last_key:
        raise InvalidInput(f"This is not in {pool.network}.", field="first")
    if not pool.first_key <= last <= pool.last_key:
        raise InvalidInput(f"This is not in {pool.network}.", field="last")
    if last < first:
        raise InvalidInput("The last address comes before the first.", field="last")
    if other := pool.reserved.filter(first_key__lte=last, last_key__gte=first).first():
        raise InvalidInput(f"{other} is reserved already.", field="first")


def _record_range(actor: Actor, action: str, reserved: ReservedRange) -> None:
    subject = subject_of(reserved.pool)
    record(actor=actor, action=action, subject=subject, range=str(reserved), note=reserved.note)
    announce()


def _record_held(actor: Actor, action: str, row: HeldAddress) -> None:
    record(
        actor=actor,
        action=action,
        subject=subject_of(row.pool),
        address=row.address,
        jail=row.jail,
        note=row.note,
    )
