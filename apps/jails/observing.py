"""Storing what a probe says of basejail and jails: rows follow the host, and keep what nobody saw gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.freebsd.parsers.ezjail_file import ObservedAddress
from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.parsers.jails import JailFacts
from apps.hosts.models import Host
from apps.jails.models import Basejail, Jail, JailAddress
from apps.jobs.models import OPEN_STATES, OPEN_STEPS, Job


def observe(host: Host, facts: HostFacts) -> bool:
    """Store basejail and jails of a whole probe.

    Returns:
        Whether anything that people see has changed.
    """
    seen_at = host.seen_at or facts.now
    changed = _observe_basejail(host, facts, seen_at)
    rows = {jail.safe_name: jail for jail in host.jails.prefetch_related("addresses")}
    for seen in facts.jails:
        changed = _observe_jail(host, rows.pop(seen.safe_name, None), seen) or changed
    names = [seen.safe_name for seen in facts.jails]
    Jail.objects.filter(host=host, safe_name__in=names).update(observed_at=seen_at)
    return _forget(host, list(rows.values())) or changed


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


def _observe_jail(host: Host, row: Jail | None, seen: JailFacts) -> bool:
    values, addresses = _values(seen), [_address_values(address) for address in seen.addresses]
    if row is None:
        row = Jail.objects.create(host=host, safe_name=seen.safe_name, **({"name": seen.name[:255]} | values))
        _store_addresses(row, addresses)
        return True
    changed = row.observed_at is None or any(getattr(row, name) != value for name, value in values.items())
    if changed:
        Jail.objects.filter(pk=row.pk).update(**values)
    held = [(item.interface, item.address, item.prefix) for item in row.addresses.all()]
    # A file that cannot be read says nothing of addresses: they stay held, so that nobody else is given them.
    if held != addresses and seen.root:
        row.addresses.all().delete()
        _store_addresses(row, addresses)
    return changed


def _values(seen: JailFacts) -> dict[str, Any]:
    """Return what is stored of a jail; a file that cannot be read leaves name, kind and root as they were."""
    values = _kernel_values(seen) | {"config_text": seen.config_text, "problem": seen.problem}
    if not seen.root:
        return values
    return values | {
        "name": seen.name[:255],
        "kind": seen.kind.value,
        "root": seen.root,
        "root_exists": seen.root_exists is not False,
        "parameters": " ".join(seen.parameters),
    }


def _kernel_values(seen: JailFacts) -> dict[str, Any]:
    return {
        "jid": seen.running.jid if seen.running else None,
        "is_dying": bool(seen.running and seen.running.dying),
        "runs_at_boot": seen.run_at_boot,
    }


AddressValues = tuple[str, str, int | None]


def _address_values(seen: ObservedAddress) -> AddressValues:
    """Return interface, address and prefix; what is no address is kept as its own text."""
    if seen.address is None:
        return "", seen.text[:255], None
    return str(seen.address.interface or ""), str(seen.address.ip), seen.address.prefix


def _store_addresses(jail: Jail, addresses: list[AddressValues]) -> None:
    JailAddress.objects.bulk_create(
        JailAddress(jail=jail, position=position, interface=interface, address=address, prefix=prefix)
        for position, (interface, address, prefix) in enumerate(addresses)
    )


def _forget(host: Host, unseen: list[Jail]) -> bool:
    """Drop the rows of jails that the host has no file for; one that a command is still to make stays."""
    open_jobs = Job.objects.filter(host=host, kind="jails.create", state__in=OPEN_STATES)
    awaited = set(open_jobs.filter(steps__state__in=OPEN_STEPS).values_list("subject", flat=True))
    gone = [jail.pk for jail in unseen if jail.safe_name not in awaited]
    Jail.objects.filter(pk__in=gone).delete()
    return bool(gone)
