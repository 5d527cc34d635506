"""Adding, changing and removing NAT instances and port forwards as they are wanted.

Each change has its entry in the record. No host is touched: it gets them when its firewall is applied.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.firewall import model
from apps.freebsd.firewall.nat_config import HIGHEST_NAT, OPTIONS, nat_text, parse_nat
from apps.hosts.models import Host
from apps.jobs.events import publish
from apps.network.host_inputs import instance_of, redirect_of
from apps.network.models import NatInstance, PortForward
from apps.network.nat.conflicts import Claim, claim_of, conflict
from apps.network.nat.queries import instances
from apps.network.nat.words import forward_words
from apps.network.rulesets.values import interfaces_of


@dataclass(frozen=True, slots=True)
class NatWish:
    """What an instance is to be: an address or an interface, options, and whose networks leave by it."""

    number: int
    address: str = ""
    interface: str = ""
    options: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ForwardWish:
    """What a forward is to be; see PortForward."""

    kind: str
    proto: str
    local_address: str
    public_ports: str = ""
    local_ports: str = ""
    public_address: str = ""
    jail: str = ""
    remote: str = ""
    note: str = ""


def nat_add(*, actor: Actor, host: Host, wish: NatWish) -> NatInstance:
    """Add an instance.

    Raises:
        NotAllowed: The actor may not, on this host.
        InvalidInput: A value cannot be, or the number is taken.
    """
    actor.require(Perm.FIREWALL_CHANGE, host.pk)
    _check_nat(wish)
    row = NatInstance(host=host)
    with transaction.atomic():
        _refuse_shared(host, None, wish)
        _put_nat(row, wish)
        _told(actor, host, "nat.added", wish.number, after=asdict(wish))
    return row


def nat_change(*, actor: Actor, nat: NatInstance, wish: NatWish) -> None:
    """Change an instance; its forwards stay.

    Raises:
        NotAllowed: The actor may not, on its host.
        InvalidInput: A value cannot be, or the number is taken.
        Conflict: It was removed meanwhile.
    """
    actor.require(Perm.FIREWALL_CHANGE, nat.host_id)
    _check_nat(wish)
    with transaction.atomic():
        row = _locked(nat)
        before = asdict(_wish_of(row))
        _refuse_shared(nat.host, row.pk, wish)
        _put_nat(row, wish)
        _refuse_overlap(row)
        _refuse_too_long(row, *row.forwards.all())
        _told(actor, nat.host, "nat.changed", wish.number, before=before, after=asdict(wish))


def nat_remove(*, actor: Actor, nat: NatInstance) -> None:
    """Remove an instance with its forwards.

    Raises:
        NotAllowed: The actor may not, on its host.
        Conflict: It was removed already.
    """
    actor.require(Perm.FIREWALL_CHANGE, nat.host_id)
    with transaction.atomic():
        row = _locked(nat)
        text = nat_text(instance_of(row))
        _told(actor, nat.host, "nat.removed", row.number, before={"config": text})
        row.delete()


def forward_add(*, actor: Actor, nat: NatInstance, wish: ForwardWish) -> PortForward:
    """Add a forward to an instance.

    Raises:
        NotAllowed: The actor may not, on its host.
        InvalidInput: A value cannot be, or the public side is taken; `field` names it.
        Conflict: The instance was removed meanwhile.
    """
    return _put_forward(actor, nat, PortForward(), wish)


def forward_change(*, actor: Actor, forward: PortForward, wish: ForwardWish) -> PortForward:
    """Change a forward.

    Raises:
        NotAllowed: The actor may not, on its host.
        InvalidInput: A value cannot be, or the public side is taken; `field` names it.
        Conflict: It was removed meanwhile.
    """
    return _put_forward(actor, forward.nat, forward, wish)


def forward_remove(*, actor: Actor, forward: PortForward) -> None:
    """Remove a forward.

    Raises:
        NotAllowed: The actor may not, on its host.
        Conflict: It was removed already.
    """
    nat = forward.nat
    actor.require(Perm.FIREWALL_CHANGE, nat.host_id)
    with transaction.atomic():
        if not nat.forwards.filter(pk=forward.pk).delete()[0]:
            raise Conflict("This forward was removed already.")
        _told(actor, nat.host, "nat.forward_removed", nat.number, before={"forward": forward_words(forward)})


def _put_forward(actor: Actor, nat: NatInstance, row: PortForward, wish: ForwardWish) -> PortForward:
    actor.require(Perm.FIREWALL_CHANGE, nat.host_id)
    is_new = row.pk is None
    with transaction.atomic():
        locked = _locked(nat)
        if not is_new and not locked.forwards.filter(pk=row.pk).exists():
            raise Conflict("This forward was removed meanwhile.")
        before = {} if is_new else {"before": {"forward": forward_words(row)}}
        row.nat = locked
        for name, value in asdict(wish).items():
            setattr(row, name, value)
        _check_forward(locked, row)
        row.save()
        action = "nat.forward_added" if is_new else "nat.forward_changed"
        _told(actor, nat.host, action, nat.number, **before, after={"forward": forward_words(row)})
    return row


def _check_nat(wish: NatWish) -> None:
    if not 1 <= wish.number <= HIGHEST_NAT:
        raise InvalidInput(f"An instance's number is 1 to {HIGHEST_NAT}.", field="number")
    if bool(wish.address) == bool(wish.interface):
        raise InvalidInput("Say either an address or an interface.", field="address")
    if unknown := set(wish.options) - set(OPTIONS):
        raise InvalidInput(f"{', '.join(sorted(unknown))} is no option of a NAT instance.", field="options")
    made = model.NatInstance(wish.number, wish.address, wish.interface, frozenset(wish.options))
    try:
        parse_nat(nat_text(made))
    except InvalidInput as error:
        raise InvalidInput(error.message, field="address" if wish.address else "interface") from error


def _refuse_shared(host: Host, own: int | None, wish: NatWish) -> None:
    """Refuse a network that leaves by another instance already."""
    for other in NatInstance.objects.filter(host=host):
        if other.pk != own and (shared := sorted(set(other.networks) & set(wish.networks))):
            raise InvalidInput(f"{', '.join(shared)} leaves by instance {other.number}.", field="networks")


def _check_forward(nat: NatInstance, row: PortForward) -> None:
    """Have ipfw's own grammar say what is wrong, and other forwards what is taken."""
    for text in row.local_address.split(","):
        _refuse_nowhere(text)
    redirect = redirect_of(row)
    alone = model.NatInstance(nat.number, nat.address, nat.interface, redirects=frozenset({redirect}))
    try:
        parse_nat(nat_text(alone))
    except InvalidInput as error:
        raise InvalidInput(error.message, field=_field_of(row)) from error
    others = (one for one in nat.forwards.all() if one.pk != row.pk)
    _refuse_too_long(nat, *others, row)
    taken = conflict(_claim(nat, row), _claims(nat.host, but=row.pk))
    if taken:
        raise InvalidInput(taken, field="public_ports" if row.kind == "port" else "public_address")


def _refuse_too_long(nat: NatInstance, *rows: PortForward) -> None:
    """Refuse more forwards than ipfw can read with one instance."""
    whole = replace(instance_of(nat), redirects=frozenset(map(redirect_of, rows)))
    try:
        parse_nat(nat_text(whole))
    except InvalidInput as error:
        raise InvalidInput(f"{error.message} Some forwards have to be in another instance.") from error


def _refuse_nowhere(text: str) -> None:
    try:
        ip = IPv4Address(text)
    except ValueError:
        raise InvalidInput("This is no IPv4 address, such as 10.0.0.2.", field="local_address") from None
    if ip.is_loopback or ip.is_unspecified or ip.is_multicast:
        raise InvalidInput("Nothing that comes from outside can be led there.", field="local_address")


def _refuse_overlap(nat: NatInstance) -> None:
    """Refuse an address on which another instance's forwards have what this one's take."""
    for row in nat.forwards.all():
        if taken := conflict(_claim(nat, row), _claims(nat.host, but=row.pk)):
            raise InvalidInput(taken, field="address" if nat.address else "interface")


def _field_of(row: PortForward) -> str:
    return "local_ports" if row.kind == "port" else "public_address"


def _claims(host: Host, but: int | None) -> list[tuple[Claim, str]]:
    return [
        (_claim(nat, row), f"{forward_words(row)} (instance {nat.number})")
        for nat in instances(host)
        for row in nat.forwards.all()
        if row.pk != but
    ]


def _claim(nat: NatInstance, row: PortForward) -> Claim:
    held = interfaces_of(nat.host).get(nat.interface, ())
    first = next((text.partition("/")[0] for text in held if ":" not in text), "")
    alone = model.NatInstance(nat.number, nat.address, nat.interface)
    return claim_of(alone, redirect_of(row), first)


def _locked(nat: NatInstance) -> NatInstance:
    """Return the row, and hold all of the host's: two forwards of two instances can have one address."""
    rows = list(NatInstance.objects.select_for_update().filter(host=nat.host_id).order_by("pk"))
    row = next((one for one in rows if one.pk == nat.pk), None)
    if row is None:
        raise Conflict("This NAT instance was removed meanwhile.")
    row.host = nat.host
    return row


def _put_nat(row: NatInstance, wish: NatWish) -> None:
    row.number, row.address, row.interface = wish.number, wish.address, wish.interface
    row.options, row.note = [word for word in OPTIONS if word in wish.options], wish.note
    row.networks = list(wish.networks)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise InvalidInput("The host has an instance of this number already.", field="number") from error


def _wish_of(row: NatInstance) -> NatWish:
    return NatWish(row.number, row.address, row.interface, tuple(row.options), tuple(row.networks), row.note)


def _told(actor: Actor, host: Host, action: str, number: int, **detail: Any) -> None:
    subject = Subject("host", str(host.pk), host.name, host_id=host.pk)
    record(actor=actor, action=action, subject=subject, instance=number, **detail)
    transaction.on_commit(partial(publish, "rules", str(host.pk)))
