"""Groups of hosts: labels that policies name. Moving a host must not be a way round the second person."""

from __future__ import annotations

import re
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, ProtectedError, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host, HostGroup
from apps.hosts.probe import announce
from apps.hosts.queries import host_list
from apps.hosts.services import subject_of
from apps.jobs import policies
from apps.jobs.events import publish
from apps.jobs.models import ApprovalPolicy

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?")
LEAVES_POLICY = (
    "A policy asks for a second person on the hosts of {}, so only one who may change policies "
    "takes a host out of it."
)


def group_list(actor: Actor) -> QuerySet[HostGroup]:
    """Return the groups with the hosts in them that the actor sees; empty ones to one who sees every host.

    Each has `policy_count`, of the policies that name it.
    """
    own = host_list(actor)
    own_names = Prefetch("hosts", own.only("name", "group_id"))
    rows = HostGroup.objects.prefetch_related(own_names).annotate(policy_count=_policy_count())
    if actor.scope(Perm.HOST_VIEW) is None:
        return rows
    return rows.filter(Exists(own.filter(group=OuterRef("pk"))))


def _policy_count() -> Coalesce:
    about = ApprovalPolicy.objects.filter(group=OuterRef("pk")).order_by().values("group")
    return Coalesce(Subquery(about.annotate(count=Count("pk")).values("count")), 0)


def group_get(*, actor: Actor, group_id: int) -> HostGroup:
    """Return one group to someone who may change groups.

    Raises:
        NotAllowed: The actor may not.
        Http404: There is none of this number.
    """
    actor.require(Perm.HOST_CHANGE)
    group = HostGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Http404
    return group


def policies_of(group: HostGroup) -> QuerySet[ApprovalPolicy]:
    """Return the policies that name a group."""
    return ApprovalPolicy.objects.filter(group=group).order_by("kind")


def group_add(*, actor: Actor, name: str) -> HostGroup:
    """Make a group, without hosts at first.

    Raises:
        NotAllowed: The actor may not change every host.
        InvalidInput: The name is taken, or has characters that do not belong there.
    """
    actor.require(Perm.HOST_CHANGE)
    group = HostGroup(name=_checked(name))
    with transaction.atomic():
        _save(group)
        record(actor=actor, action="group.added", subject=_subject(group))
        _announce(group)
    return group


def group_rename(*, actor: Actor, group: HostGroup, name: str) -> None:
    """Give a group another name; its hosts and policies stay.

    Raises:
        NotAllowed: The actor may not change every host.
        InvalidInput: The name is taken, or has characters that do not belong there.
        Conflict: The group was removed meanwhile.
    """
    actor.require(Perm.HOST_CHANGE)
    wanted = _checked(name)
    with transaction.atomic():
        row = _locked(group)
        before, row.name = row.name, wanted
        _save(row)
        record(actor=actor, action="group.renamed", subject=_subject(row), before=before, after=row.name)
        _announce(row)
        policies.announce()


def group_remove(*, actor: Actor, group: HostGroup) -> None:
    """Remove a group; its hosts stay, in none, and its policies go.

    Raises:
        NotAllowed: The actor may not change every host, or not the policies that go with it.
        Conflict: It was removed already, or something of another room is for it.
    """
    actor.require(Perm.HOST_CHANGE)
    with transaction.atomic():
        row = _locked(group)
        for policy in policies_of(row):
            policies.policy_remove(actor=actor, policy=policy)
        hosts = list(row.hosts.order_by("name").values_list("name", flat=True))
        record(actor=actor, action="group.removed", subject=_subject(row), hosts=hosts)
        _announce(row)
        try:
            row.delete()
        except ProtectedError as error:
            named = ", ".join(sorted(str(one) for one in error.protected_objects)[:3])
            raise Conflict(f"Still for the group {row.name}: {named}. Change or remove that first.") from None


def host_group_set(*, actor: Actor, host: Host, group: HostGroup | None) -> None:
    """Put a host into a group, or into none.

    Raises:
        NotAllowed: The actor may not change the host; or a policy names the group that it is in, and they
            may not change policies.
        Conflict: The host or the group was removed meanwhile.
    """
    actor.require(Perm.HOST_CHANGE, host.pk)
    with transaction.atomic():
        row = Host.objects.select_for_update(of=("self",)).filter(pk=host.pk).first()
        if row is None:
            raise Conflict(f"{host.name} was removed from the panel meanwhile.")
        wanted = _locked(group) if group else None
        if wanted == row.group:
            return
        if reason := why_not_leave(actor, row.group):
            raise NotAllowed(reason)
        before, row.group = row.group, wanted
        row.save(update_fields=["group"])
        record(
            actor=actor, action="host.group_changed", subject=subject_of(row),
            before=before.name if before else None, after=wanted.name if wanted else None,
        )  # fmt: skip
        announce(row)


def why_not_leave(actor: Actor, group: HostGroup | None) -> str:
    """Return why an actor may not take a host out of a group; empty when they may."""
    if group is None or actor.may(Perm.POLICY_CHANGE):
        return ""
    has_policy = policies_of(group).exists()
    return LEAVES_POLICY.format(group.name) if has_policy else ""


def _checked(name: str) -> str:
    if len(name) > 63 or not _NAME.fullmatch(name):
        what = "Use letters, digits, spaces, dots and dashes; begin and end with a letter or digit."
        raise InvalidInput(what, field="name")
    return name


def _save(group: HostGroup) -> None:
    taken = InvalidInput("Another group has this name.", field="name")
    # Two names that differ in their letters' size alone would be mistaken for each other.
    if HostGroup.objects.filter(name__iexact=group.name).exclude(pk=group.pk).exists():
        raise taken
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise taken from error


def _locked(group: HostGroup) -> HostGroup:
    row = HostGroup.objects.select_for_update().filter(pk=group.pk).first()
    if row is None:
        raise Conflict(f"The group {group.name} was removed meanwhile.")
    return row


def _subject(group: HostGroup) -> Subject:
    return Subject("group", str(group.pk), group.name)


def _announce(group: HostGroup) -> None:
    transaction.on_commit(partial(publish, "hosts", str(group.pk)))
