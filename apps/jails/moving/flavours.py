"""Copying a flavour to another host: packed here, unpacked there, and the files that it travelled in removed.

Three jobs in a chain, since only a host's own lane may change anything there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.audit.services import Subject
from apps.freebsd.commands import PlanStep, Transfer, flavour_parcels, flavours
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import FlavourName
from apps.hosts.models import Host
from apps.jails.changes import why_not_now
from apps.jails.flavours.queries import flavours_dir
from apps.jails.moving.plans import FLAVOUR, hash_of
from apps.jails.moving.services import CHAIN, NOT_THE_SAME, lock
from apps.jails.queries import host_flavours
from apps.jails.services import Agreed
from apps.jobs.batches import Child, batch_create, batch_find
from apps.jobs.models import OPEN_STATES, Batch, Job
from apps.jobs.plan import Plan


@dataclass(frozen=True)
class FlavourWish:
    """A flavour that is to be copied.

    Args:
        source: The host that has it.
        target: The host that gets it.
        name: The flavour.
        overwrite: Whether one of that name that is there is removed first.
        at: The moment in the name of the file that it travels in.
    """

    source: Host
    target: Host
    name: FlavourName
    overwrite: bool
    at: str

    @property
    def hosts(self) -> tuple[Host, Host, Host]:
        """Where each of the plans runs."""
        return self.source, self.target, self.source

    @cached_property
    def plans(self) -> tuple[Plan, Plan, Plan]:
        """The commands, in their order."""
        file = flavour_parcels.parcel(self.name, self.at)
        packing = flavour_parcels.pack(flavours_dir(self.source), self.name, file)
        pack = Plan(FLAVOUR, f"Pack the flavour {self.name}", (flavour_parcels.make_folder(), packing))
        tidy = Plan(FLAVOUR, f"Clear up after the flavour {self.name}", (flavour_parcels.tidy(file),))
        return pack, self._unpack(file), tidy

    def _unpack(self, file: str) -> Plan:
        there = flavours_dir(self.target)
        purpose = (
            f"Fetch the packed flavour from {self.source.name} through the panel, its checksum compared."
        )
        bring = Transfer(str(self.source.pk), file, file, purpose, undo=f"unlink {file}")
        old = (flavours.remove(there, self.name),) if self.replaces else ()
        steps: Sequence[PlanStep] = (
            bring, *old, flavour_parcels.unpack(there, self.name, file), flavour_parcels.tidy(file)
        )  # fmt: skip
        warnings = (
            (f"The flavour {self.name} on {self.target.name} goes, with all its files.",) if old else ()
        )
        checks = (f"{self.target.name} has the flavour {self.name}",)
        return Plan(
            FLAVOUR, f"Copy the flavour {self.name} from {self.source.name}", tuple(steps), checks, warnings
        )

    @property
    def replaces(self) -> bool:
        """Whether one of that name is there, and is to go."""
        return self.overwrite and str(self.name) in host_flavours(self.target)

    @property
    def hash(self) -> str:
        """The hash over all plans."""
        return hash_of(self.hosts, self.plans)


def why_not_flavour_to(actor: Actor, source: Host, target: Host) -> str:
    """Return why a host cannot get a flavour of another one; empty when it can."""
    if source.pk == target.pk:
        return "It is there."
    if not actor.may(Perm.FLAVOUR_CHANGE, target.pk):
        return denial(Perm.FLAVOUR_CHANGE)
    if not target.is_online:
        return f"It is {target.get_state_display()}."
    return "" if target.facts.get("ezjail", {}).get("installed") else "It has no ezjail."


def flavour_copy_request(*, actor: Actor, wish: FlavourWish, agreed: Agreed) -> Batch:
    """Ask for a flavour to be copied to another host.

    Returns:
        The chain of its jobs, or the one that this wish made before.

    Raises:
        NotAllowed: The actor may not, on one of the hosts.
        InvalidInput: The other host has one of that name, and nobody said that it may go.
        Conflict: A host is away, something is done to its flavours, or the plans are others than were shown.
    """
    actor.require(Perm.FLAVOUR_CHANGE, wish.source.pk)
    actor.require(Perm.FLAVOUR_CHANGE, wish.target.pk)
    with transaction.atomic():
        lock((wish.source, wish.target))
        if existing := batch_find(actor=actor, idempotency_key=agreed.idempotency_key):
            return existing
        _check(actor, wish, agreed)
        title = f"Copy the flavour {wish.name} from {wish.source.name} to {wish.target.name}"
        return batch_create(
            actor=actor, kind=FLAVOUR, title=title, children=_children(wish), pace=CHAIN,
            idempotency_key=agreed.idempotency_key,
        )  # fmt: skip


def _check(actor: Actor, wish: FlavourWish, agreed: Agreed) -> None:
    if why_not := why_not_flavour_to(actor, wish.source, wish.target):
        raise Conflict(why_not)
    for host in (wish.source, wish.target):
        same = Job.objects.filter(host=host, kind=FLAVOUR, state__in=OPEN_STATES)
        if why_not := why_not_now(host, same.first()):
            raise Conflict(why_not)
    if str(wish.name) in host_flavours(wish.target) and not wish.overwrite:
        raise InvalidInput(
            f"{wish.target.name} has a flavour {wish.name} already. Say that it may go, or leave it.",
            field="overwrite",
        )
    if agreed.plan_hash and agreed.plan_hash != wish.hash:
        raise Conflict(NOT_THE_SAME)


def _children(wish: FlavourWish) -> list[Child]:
    parts = ("pack", "unpack", "tidy")
    intent = {"flavour": str(wish.name), "source": str(wish.source.pk), "target": str(wish.target.pk)}
    return [
        Child(host.pk, plan, "", {**intent, "part": part}, "flavour.copy_requested", _subject(host, wish))
        for host, plan, part in zip(wish.hosts, wish.plans, parts, strict=True)
    ]


def _subject(host: Host, wish: FlavourWish) -> Subject:
    return Subject("flavour", f"{host.pk}:{wish.name}", f"flavour {wish.name}", host.pk)
