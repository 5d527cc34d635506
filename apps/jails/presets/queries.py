"""Reads of presets, narrowed to those that concern a host of the actor's."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostGroup
from apps.jails.models import JailPreset

# What a database can look up as a row's number.
_MOST = 2**31 - 1


def preset_list(actor: Actor) -> QuerySet[JailPreset]:
    """Return the presets for all hosts, and those of groups in which the actor sees a host."""
    rows = JailPreset.objects.select_related("group").prefetch_related(
        Prefetch("group__hosts", queryset=Host.objects.only("group_id"))
    )
    hosts = actor.scope(Perm.JAIL_VIEW)
    if hosts is None:
        return rows
    own = HostGroup.objects.filter(hosts__in=hosts)
    return rows.filter(Q(group__isnull=True) | Q(group__in=own))


def presets_for(host: Host) -> QuerySet[JailPreset]:
    """Return the presets that are meant for a host."""
    return JailPreset.objects.filter(Q(group__isnull=True) | Q(group=host.group_id)).order_by("name")


def preset_of(host: Host, number: str) -> JailPreset | None:
    """Return the preset of a number that came with an address, where it is meant for the host."""
    if not (number.isascii() and number.isdigit() and int(number) <= _MOST):
        return None
    return presets_for(host).filter(pk=int(number)).first()


def preset_get(*, actor: Actor, preset_id: int) -> JailPreset:
    """Return one preset to someone who may change it.

    Raises:
        NotAllowed: The actor may not.
        Http404: There is none of this number that the actor sees.
    """
    if not actor.may_anywhere(Perm.PRESET_CHANGE):
        actor.require(Perm.PRESET_CHANGE)
    preset = preset_list(actor).filter(pk=preset_id).first() if preset_id <= _MOST else None
    if preset is None:
        raise Http404
    require_change(actor, preset.group)
    return preset


def may_change(actor: Actor, group: HostGroup | None) -> bool:
    """Say whether the actor may change presets for a group: on each of its hosts, or everywhere."""
    if actor.may(Perm.PRESET_CHANGE):
        return True
    hosts = [host.pk for host in group.hosts.all()] if group else []
    return bool(hosts) and all(actor.may(Perm.PRESET_CHANGE, host_id) for host_id in hosts)


def groups_for(actor: Actor) -> QuerySet[HostGroup]:
    """Return the groups that a preset of the actor's could be for."""
    hosts = actor.scope(Perm.PRESET_CHANGE)
    groups = HostGroup.objects.order_by("name")
    return (
        groups if hosts is None else groups.filter(pk__in=Host.objects.filter(pk__in=hosts).values("group"))
    )


def require_change(actor: Actor, group: HostGroup | None) -> None:
    """Refuse unless the actor may change presets for a group, or for all hosts.

    Raises:
        NotAllowed: With the sentence that says what is lacking.
    """
    if not may_change(actor, group):
        actor.require(Perm.PRESET_CHANGE)
