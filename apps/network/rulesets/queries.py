"""Reads of rule sets, narrowed to those that concern a host of the actor's."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostGroup
from apps.network.models import FirewallTable, RuleSet

# What a database can look up as a row's number.
_MOST = 2**31 - 1


def rule_set_list(actor: Actor) -> QuerySet[RuleSet]:
    """Return the rule sets of hosts that the actor sees, and of groups in which they see one."""
    members = Prefetch("group__hosts", Host.objects.select_related("firewall", "rule_set").defer("facts"))
    rows = RuleSet.objects.select_related("host__firewall", "group").prefetch_related(members)
    hosts = actor.scope(Perm.NETWORK_VIEW)
    if hosts is None:
        return rows
    return rows.filter(Q(host__in=hosts) | Q(group__in=HostGroup.objects.filter(hosts__in=hosts)))


def rule_set_get(*, actor: Actor, rule_set_id: int, need: Perm = Perm.NETWORK_VIEW) -> RuleSet:
    """Return one rule set.

    Raises:
        NotAllowed: The actor sees it, but may not do what is needed on each of its hosts.
        Http404: There is none of this number that the actor sees.
    """
    found = rule_set_list(actor).filter(pk=rule_set_id).first() if rule_set_id <= _MOST else None
    if found is None:
        raise Http404
    if need != Perm.NETWORK_VIEW:
        require_on(actor, found.host, found.group, need)
    return found


def table_get(rule_set: RuleSet, table_id: int) -> FirewallTable:
    """Return one table of a rule set.

    Raises:
        Http404: It has none of this number.
    """
    found = rule_set.tables.filter(pk=table_id).first() if table_id <= _MOST else None
    if found is None:
        raise Http404
    return found


def rule_set_of(host: Host) -> RuleSet | None:
    """Return the rule set that a host is to have: its own, else its group's."""
    wanted = Q(host=host) | Q(group=host.group_id) if host.group_id else Q(host=host)
    found = RuleSet.objects.select_related("host", "group").filter(wanted)
    return min(found, key=lambda row: row.host_id is None, default=None)


def hosts_of(rule_set: RuleSet, actor: Actor | None = None) -> list[Host]:
    """Return the hosts that a rule set is for, by name: a group's without those that have one of their own.

    Args:
        rule_set: From `rule_set_list`.
        actor: Who asks: only hosts that they see. Without one, all.
    """
    if rule_set.host is not None:
        return [rule_set.host]
    members = rule_set.group.hosts.all() if rule_set.group else ()
    own = [host for host in members if not hasattr(host, "rule_set")]
    seen = [host for host in own if actor is None or actor.may(Perm.NETWORK_VIEW, host.pk)]
    return sorted(seen, key=lambda host: host.name)


def may_on(actor: Actor, host: Host | None, group: HostGroup | None, need: Perm) -> bool:
    """Say whether the actor may do something on a host, or on each of a group's hosts."""
    if actor.may(need):
        return True
    if host is not None:
        return actor.may(need, host.pk)
    members = [member.pk for member in group.hosts.all()] if group else []
    return bool(members) and all(actor.may(need, host_id) for host_id in members)


def require_on(actor: Actor, host: Host | None, group: HostGroup | None, need: Perm) -> None:
    """Refuse unless the actor may do something on a host, or on each of a group's hosts.

    Raises:
        NotAllowed: With the sentence that says what is lacking.
    """
    if not may_on(actor, host, group, need):
        actor.require(need)
