"""An instance that is on a host and that nobody wants, made into a wanted one with its forwards."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict
from apps.freebsd.firewall import model
from apps.freebsd.firewall.nat_config import OPTIONS, nat_text
from apps.hosts.models import Host
from apps.jobs.events import publish
from apps.network.models import NatInstance, PortForward
from apps.network.nat.queries import jail_addresses
from apps.network.rulesets.seen import seen_firewall

MOST_CHARACTERS = 255  # as PortForward.local_address has it
_NO_ADDRESS = "This instance has no address: an address that NAT needs is said here before it is kept."


def nat_take_over(*, actor: Actor, host: Host, number: int) -> NatInstance:
    """Want an instance as it was last seen on a host.

    Raises:
        NotAllowed: The actor may not, on this host.
        Conflict: There is none of this number on the host, or it is wanted already.
    """
    actor.require(Perm.FIREWALL_CHANGE, host.pk)
    live = seen_firewall(host)
    found = next((one for one in live.nat if one.number == number), None) if live else None
    if found is None:
        raise Conflict("The host does not have this instance any more.")
    if not (found.address or found.interface):
        raise Conflict(_NO_ADDRESS)
    with transaction.atomic():
        if NatInstance.objects.select_for_update().filter(host=host, number=number).exists():
            raise Conflict("This instance is wanted already.")
        row = _made(host, found)
        subject = Subject("host", str(host.pk), host.name, host_id=host.pk)
        record(
            actor=actor,
            action="nat.taken_over",
            subject=subject,
            instance=number,
            after={"config": nat_text(found)},
        )
        transaction.on_commit(partial(publish, "rules", str(host.pk)))
    return row


def _made(host: Host, found: model.NatInstance) -> NatInstance:
    options = [word for word in OPTIONS if word in found.options]
    row = NatInstance.objects.create(
        host=host, number=found.number, address=found.address, interface=found.interface, options=options
    )
    jails = {one.address: one.jail for one in jail_addresses(host)}
    made = [_forward(row, one, jails) for one in found.redirects]
    keys = {(one.kind, one.proto, one.public_address, one.public_ports, one.remote) for one in made}
    if len(keys) < len(made) or any(len(one.local_address) > MOST_CHARACTERS for one in made):
        raise Conflict("Two of its forwards take the same port, or one leads to too many addresses.")
    PortForward.objects.bulk_create(made)
    return row


def _forward(row: NatInstance, redirect: model.Redirect, jails: Mapping[str, str]) -> PortForward:
    places = [text.partition(":") for text in redirect.local]
    addresses = [address for address, _sign, _ports in places]
    address, _sign, ports = (
        redirect.public.rpartition(":") if redirect.kind == "port" else (redirect.public, "", "")
    )
    return PortForward(
        nat=row,
        kind=redirect.kind,
        proto=redirect.proto,
        public_address=address,
        public_ports=ports,
        jail=jails.get(addresses[0], "") if len(addresses) == 1 else "",
        local_address=",".join(addresses),
        local_ports=places[0][2],
        remote=redirect.remote,
    )
