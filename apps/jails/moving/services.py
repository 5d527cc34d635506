"""Asking for moves and copies: permission on both hosts, rules, plans, record, jobs, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.errors import Conflict
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.jails.archives.moments import archive_name
from apps.jails.archives.queries import archive_directory, datasets_of
from apps.jails.changes import subject_of, why_not_now
from apps.jails.holding import hold_on_the_way
from apps.jails.models import Archive, Jail, JailAddress
from apps.jails.moving import plans, rules
from apps.jails.moving.plans import Moving, Place
from apps.jails.moving.queries import Move, move_from
from apps.jails.new_rules import defaults_of
from apps.jails.services import Agreed, NewJail, check_new_jail, queue_plan
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import Child, batch_create, batch_find
from apps.jobs.models import OPEN_STATES, Batch, Job
from apps.jobs.plan import Plan

NOT_THE_SAME = "The state changed since these commands were shown. Look at them again."
CHAIN = Pace(chained=True)


@dataclass(frozen=True)
class MoveWish:
    """A jail that is to be moved.

    Args:
        jail: The jail, on the host that it leaves, with its host's facts.
        target: The host that gets it.
        addresses: Its addresses there.
        public_first_reason: Why the first of them may be public, if it is.
        starts: Whether it is started there.
        at: The moment in the name of the archive that it travels in.
    """

    jail: Jail
    target: Host
    addresses: JailAddresses
    public_first_reason: str
    starts: bool
    at: str

    @cached_property
    def file_name(self) -> str:
        """The archive that it travels in."""
        return archive_name(self.jail.safe_name, self.at)

    @cached_property
    def plans(self) -> tuple[Plan, Plan]:
        """The commands on the host that it leaves, and those on the host that gets it."""
        return plans.move_plans(self.moving)

    @cached_property
    def moving(self) -> Moving:
        """What goes where."""
        return Moving(
            self.jail,
            place(self.jail.host),
            place(self.target),
            self.addresses,
            self.file_name,
            self.starts,
            defaults_of(self.target),
            below=len(datasets_of(self.jail)) > 1,
        )

    @property
    def hash(self) -> str:
        """The hash over the plans of both hosts."""
        return plans.hash_of((self.jail.host, self.target), self.plans)


def place(host: Host) -> Place:
    """Return a host with its directory of archives."""
    return Place(host, archive_directory(host))


def move_request(*, actor: Actor, wish: MoveWish, agreed: Agreed) -> Batch:
    """Ask for a jail to be moved: a job on each of the two hosts, the second once the first succeeded.

    Returns:
        The chain of both jobs, or the one that this wish made before.

    Raises:
        NotAllowed: The actor may not, on one of the hosts.
        InvalidInput: The jail or its addresses break a rule; `field` says where.
        Conflict: A host is away, a job for the jail is open, or the plans are others than were shown.
    """
    _require(actor, wish.jail.host, rules.LEAVE)
    _require(actor, wish.target, rules.GET)
    with transaction.atomic():
        lock((wish.jail.host, wish.target))
        if existing := batch_find(actor=actor, idempotency_key=agreed.idempotency_key):
            return existing
        _check_move(actor, wish, agreed)
        _reserve(wish)
        return batch_create(
            actor=actor,
            kind=plans.MOVE,
            title=f"Move the jail {wish.jail.name} from {wish.jail.host.name} to {wish.target.name}",
            children=_children(wish),
            pace=CHAIN,
            idempotency_key=agreed.idempotency_key,
        )


def _require(actor: Actor, host: Host, perms: Iterable[Perm]) -> None:
    for perm in perms:
        actor.require(perm, host.pk)


def lock(hosts: Iterable[Host]) -> None:
    """Let people who ask for something on these hosts go one after the other; all take them in one order."""
    rows = Host.objects.select_for_update().filter(pk__in=[host.pk for host in hosts]).order_by("pk")
    list(rows.values_list("pk"))


def _check_move(actor: Actor, wish: MoveWish, agreed: Agreed) -> None:
    jail, target = wish.jail, wish.target
    if why_not := rules.why_no_move(jail) or rules.why_not_jail_to(
        actor, jail, target, rules.having_jail(jail.safe_name)
    ):
        raise Conflict(why_not)
    for host in (jail.host, target):
        if why_not := why_not_now(host, _open_job(host, jail.safe_name)):
            raise Conflict(why_not)
    wanted = NewJail(JailName.parse(jail.name), wish.addresses, None, wish.public_first_reason)
    check_new_jail(target, wanted, moved=jail)
    if agreed.plan_hash and agreed.plan_hash != wish.hash:
        raise Conflict(NOT_THE_SAME)


def _open_job(host: Host, safe_name: str) -> Job | None:
    return Job.objects.filter(host=host, subject=safe_name, state__in=OPEN_STATES).first()


def _reserve(wish: MoveWish) -> Jail:
    """Keep the name and the addresses on the new host for the jail that is on its way there."""
    jail = Jail.objects.create(host=wish.target, name=wish.jail.name, safe_name=wish.jail.safe_name)
    JailAddress.objects.bulk_create(
        JailAddress(
            jail=jail,
            position=position,
            interface=str(item.interface or ""),
            address=str(item.ip),
            prefix=item.prefix,
        )
        for position, item in enumerate(wish.addresses)
    )
    hold_on_the_way(wish.target, jail.safe_name, wish.addresses, wish.jail.host_id)
    return jail


def _children(wish: MoveWish) -> list[Child]:
    jail, target = wish.jail, wish.target
    both = {
        "name": jail.name,
        "file_name": wish.file_name,
        "source": str(jail.host_id),
        "target": str(target.pk),
        "ran": jail.is_running,
        "runs_at_boot": jail.runs_at_boot,
    }
    change, taken = plans.settings_change(wish.moving)
    there = {
        "addresses": str(wish.addresses),
        "public_first_reason": wish.public_first_reason,
        "starts": wish.starts,
        "settings": dict(taken.values) if change else {},
    }
    out, into = wish.plans
    subject = Subject("jail", jail.safe_name, jail.name, target.pk)
    return [
        Child(
            jail.host_id,
            out,
            jail.safe_name,
            {**both, "part": "out"},
            "jail.move_requested",
            subject_of(jail),
        ),
        Child(
            target.pk, into, jail.safe_name, {**both, "part": "in", **there}, "jail.move_requested", subject
        ),
    ]


# -- back to the old host ------------------------------------------------------------------------------------


def back_plan(jail: Jail, move: Move) -> Plan:
    """Return the plan that makes a jail on its old host what it was before its move.

    Raises:
        Conflict: It may run on the new host.
    """
    if why_not := move.why_not_back:
        raise Conflict(why_not)
    intent = move.out.intent
    return plans.back_plan(jail, starts=intent["ran"], runs_at_boot=intent["runs_at_boot"])


def back_request(*, actor: Actor, jail: Jail, agreed: Agreed) -> Job:
    """Ask for a jail that was moved, or was to be, to be what it was on its old host.

    Raises:
        NotAllowed: The actor may not.
        Conflict: There is no such move, the jail runs on the other host, or as `queue_plan`.
    """
    _require(actor, jail.host, (Perm.JAIL_MOVE, Perm.JAIL_START))
    with transaction.atomic():
        lock((jail.host,))
        move = move_from(jail)
        if move is None:
            raise Conflict("This jail is not being moved (any more).")
        intent: dict[str, Any] = {**move.out.intent, "part": "back"}
        return queue_plan(
            actor, jail.host, back_plan(jail, move), subject=subject_of(jail),
            action="jail.move_back_requested", safe_name=jail.safe_name, intent=intent, agreed=agreed,
        )  # fmt: skip


# -- archives ------------------------------------------------------------------------------------------------


def archive_copy_plan(archive: Archive, target: Host) -> Plan:
    """Return the plan that copies an archive to another host.

    Raises:
        InvalidInput: Its name, or a directory, is none that we would pass on.
    """
    return plans.copy_plan(place(archive.host), place(target), archive.file_name)


def archive_copy_request(*, actor: Actor, archive: Archive, target: Host, agreed: Agreed) -> Job:
    """Ask for an archive to be copied to another host.

    Raises:
        NotAllowed: The actor may not, on one of the hosts.
        InvalidInput: Its name is none that we would pass on.
        Conflict: The other host cannot get it, or has one of that name; or as `queue_plan`.
    """
    actor.require(Perm.JAIL_MOVE, archive.host_id)
    actor.require(Perm.JAIL_MOVE, target.pk)
    with transaction.atomic():
        lock((archive.host, target))
        if why_not := rules.why_not_archive_to(
            actor, archive, target, rules.having_archive(archive.file_name)
        ):
            raise Conflict(f"{target.name}: {why_not}")
        return queue_plan(
            actor, target, archive_copy_plan(archive, target),
            subject=Subject("archive", archive.file_name, archive.file_name, target.pk),
            action="archive.copy_requested",
            safe_name=archive.file_name[:64],
            intent={
                "file_name": archive.file_name,
                "source": str(archive.host_id),
                "size_bytes": archive.size_bytes,
            },
            agreed=agreed,
        )  # fmt: skip
