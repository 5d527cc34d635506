"""Storing what a probe says of basejail and jails: rows follow the host, and keep what nobody saw gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.freebsd.parsers.ezjail_file import ObservedAddress
from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.parsers.jails import JailFacts
from apps.hosts.models import Host
from apps.jails.drift.doings import Doings
from apps.jails.drift.noting import note
from apps.jails.drift.state import State
from apps.jails.holding import let_go
from apps.jails.models import Basejail, Jail, JailAddress

AddressValues = tuple[str, str, int | None]
# A bulk update names each row in each of its values: more of them make a very long statement.
_BATCH = 100


@dataclass(slots=True)
class _Changes:
    """What is to be stored of a host's jails.

    Args:
        new: Rows that are not stored yet.
        rows: Rows of which values have changed.
        fields: The names of those values.
        addresses: The addresses of rows that have others now.
    """

    new: list[Jail] = field(default_factory=list)
    rows: list[Jail] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    addresses: list[tuple[Jail, list[AddressValues]]] = field(default_factory=list)

    def store(self) -> bool:
        """Store them in few queries, however many they are; returns whether there was anything."""
        if self.new:
            Jail.objects.bulk_create(self.new)
        if self.rows:
            Jail.objects.bulk_update(self.rows, sorted(self.fields), batch_size=_BATCH)
        self._store_addresses()
        return bool(self.new or self.rows or self.addresses)

    def _store_addresses(self) -> None:
        new = {jail.pk for jail in self.new}
        if had := [jail.pk for jail, _ in self.addresses if jail.pk not in new]:
            JailAddress.objects.filter(jail__in=had).delete()
        JailAddress.objects.bulk_create(
            JailAddress(jail=jail, position=position, interface=interface, address=address, prefix=prefix)
            for jail, addresses in self.addresses
            for position, (interface, address, prefix) in enumerate(addresses)
        )


def observe(host: Host, facts: HostFacts) -> bool:
    """Store basejail and jails of a whole probe.

    Returns:
        Whether anything that people see has changed.
    """
    seen_at = host.seen_at or facts.now
    changed = _observe_basejail(host, facts, seen_at)
    return _observe_jails(host, facts, seen_at) or changed


def _observe_basejail(host: Host, facts: HostFacts, seen_at: datetime) -> bool:
    seen = facts.basejail
    values: dict[str, Any] = {
        "is_present": seen.present,
        "is_complete": seen.complete,
        "release": seen.release,
        "has_sources": seen.has_sources,
        "has_ports": seen.has_ports,
        "problems": list(seen.problems),
    }
    was = Basejail.objects.filter(host=host).values(*values).first()
    Basejail.objects.update_or_create(host=host, defaults={**values, "observed_at": seen_at})
    return bool(was != values)


def _observe_jails(host: Host, facts: HostFacts, seen_at: datetime) -> bool:
    rows = {jail.safe_name: jail for jail in host.jails.prefetch_related("addresses", "drifts")}
    seen = {jail.safe_name: jail for jail in facts.jails}
    doings = Doings.of(host, rows.keys() ^ seen.keys())
    _follow_renames(rows, seen, doings)
    changes = _Changes()
    there = [_observe_jail(host, rows.pop(name, None), jail, changes) for name, jail in seen.items()]
    _adopt(changes.new, doings, seen_at)
    lost, forgotten = _part_with(rows.values(), doings, changes, _missing_values(facts, seen_at))
    changed = changes.store() or forgotten
    _stamp(host, seen, seen_at)
    settled = [jail for jail in (*there, *lost) if jail.safe_name not in doings.under_way]
    return note(settled, seen_at) or changed


def _adopt(new: Iterable[Jail], doings: Doings, seen_at: datetime) -> None:
    """Take over jails that nobody made here, wanted as they are."""
    for jail in new:
        if jail.safe_name not in doings.under_way:
            jail.wanted = State.observed(jail).to_json()
        if not doings.made(jail.safe_name):
            jail.adopted_at = seen_at


def _follow_renames(rows: dict[str, Jail], seen: dict[str, JailFacts], doings: Doings) -> None:
    """Let the row of a jail that a job renamed go on under its new name."""
    for name in rows.keys() - seen.keys():
        new_name = doings.renamed(rows[name])
        if new_name not in seen or (new_name in rows and rows[new_name].observed_at):
            continue
        if reserved := rows.pop(new_name, None):
            reserved.delete()
        jail = rows[new_name] = rows.pop(name)
        # Its file names it in every variable, so what was wanted under the old name says nothing any more.
        jail.safe_name, jail.wanted = new_name, None
        jail.save(update_fields=["safe_name", "wanted"])


def _observe_jail(host: Host, row: Jail | None, seen: JailFacts, changes: _Changes) -> Jail:
    values = _values(seen)
    if row is None:
        row = Jail(host=host, safe_name=seen.safe_name, **({"name": seen.name[:255]} | values))
        changes.new.append(row)
        changes.addresses.append((row, _addresses(seen) or []))
        return row
    _change(row, values, changes)
    held = [(item.interface, item.address, item.prefix) for item in row.addresses.all()]
    addresses = _addresses(seen)
    # A file that does not tell them for certain says nothing of addresses: they stay held.
    if addresses is not None and held != addresses:
        changes.addresses.append((row, addresses))
    return row


def _change(row: Jail, values: dict[str, Any], changes: _Changes) -> None:
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if differing or row.observed_at is None:
        changes.rows.append(row)
        changes.fields |= differing.keys() or {"missing_since"}


def _values(seen: JailFacts) -> dict[str, Any]:
    """Return what is stored of a jail; a file that cannot be read leaves name, kind and root as they were."""
    values = _kernel_values(seen) | {"config_text": seen.config_text, "problem": seen.problem}
    if seen.fstab_text is not None:
        values["fstab_text"] = seen.fstab_text
    if not seen.root:
        return values
    if seen.kind is not None:
        values["kind"] = seen.kind.value
    return values | {
        "name": seen.name[:255],
        "root": seen.root,
        "root_exists": seen.root_exists is not False,
        "parameters": " ".join(seen.parameters),
    }


def _kernel_values(seen: JailFacts) -> dict[str, Any]:
    return {
        "jid": seen.running.jid if seen.running else None,
        "is_dying": bool(seen.running and seen.running.dying),
        "runs_at_boot": seen.run_at_boot,
        "missing_since": None,
    }


def _addresses(seen: JailFacts) -> list[AddressValues] | None:
    return None if seen.addresses is None else [_address_values(address) for address in seen.addresses]


def _address_values(seen: ObservedAddress) -> AddressValues:
    """Return interface, address and prefix; what is no address is kept as its own text."""
    if seen.address is None:
        return "", seen.text[:255], None
    return str(seen.address.interface or ""), str(seen.address.ip), seen.address.prefix


def _stamp(host: Host, seen: Iterable[str], seen_at: datetime) -> None:
    Jail.objects.filter(host=host, safe_name__in=list(seen)).update(observed_at=seen_at)


def _part_with(
    unseen: Iterable[Jail], doings: Doings, changes: _Changes, values_of: Callable[[Jail], dict[str, Any]]
) -> tuple[list[Jail], bool]:
    """Keep the rows of jails whose file somebody took away by hand, and forget those that jobs did.

    One that a command is still to make stays.

    Returns:
        Those that are kept as missing, and whether any was forgotten.
    """
    lost: list[Jail] = []
    gone: list[Jail] = []
    for jail in unseen:
        if jail.observed_at is None:
            gone += [] if jail.safe_name in doings.awaited else [jail]
        elif doings.removed(jail):
            gone.append(jail)
        else:
            _change(jail, values_of(jail), changes)
            lost.append(jail)
    if gone:
        let_go(gone[0].host_id, [jail.safe_name for jail in gone])
        Jail.objects.filter(pk__in=[jail.pk for jail in gone]).delete()
    return lost, bool(gone)


def _missing_values(facts: HostFacts, seen_at: datetime) -> Callable[[Jail], dict[str, Any]]:
    """Return what gives the values of a jail without a file: the kernel may still run it."""
    running = {jail.name: jail for jail in facts.running}
    jaildir = facts.ezjail.settings.jaildir.rstrip("/")
    roots = {*facts.leftovers.roots, *(jail.path for jail in facts.running)}

    def values(jail: Jail) -> dict[str, Any]:
        kernel = running.get(jail.safe_name)
        is_looked_at = jail.root.rpartition("/")[0] == jaildir
        return {
            "missing_since": jail.missing_since or seen_at,
            "root_exists": jail.root in roots if is_looked_at else jail.root_exists,
            "jid": kernel.jid if kernel else None,
            "is_dying": bool(kernel and kernel.dying),
        }

    return values
