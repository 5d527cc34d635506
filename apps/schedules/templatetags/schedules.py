"""Tags for schedules: `{% load schedules %}`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.schedules import naming, queries
from apps.schedules.kinds import schedule_kind
from apps.schedules.models import Schedule, Target

register = template.Library()
MOST_SHOWN = 10


@register.filter
def on_what(schedule: Schedule) -> str:
    """Say what a schedule is about."""
    return naming.target_words(schedule)


@register.filter
def when(schedule: Schedule) -> str:
    """Say when a schedule is due."""
    words = naming.when_words(schedule.line)
    return words[0].upper() + words[1:]


@register.filter
def what(schedule: Schedule) -> str:
    """Say what a schedule does."""
    kind = schedule_kind(schedule.kind)
    return kind.label if kind else schedule.kind


@register.filter
def moment(value: datetime) -> str:
    """Say when something will be, to the minute, in the panel's time zone: Tue 24 Nov 2026, 03:00 UTC."""
    return timezone.localtime(value).strftime("%a %-d %b %Y, %H:%M %Z")


@register.simple_tag(takes_context=True)
def why_not_change(context: template.Context, schedule: Schedule) -> str:
    """Say why one may not change a schedule; nothing when one may."""
    return queries.why_not_change(context["request"].actor, schedule)


@register.simple_tag(takes_context=True)
def why_not_run(context: template.Context, schedule: Schedule) -> str:
    """Say why one may not have a schedule run; nothing when one may."""
    return queries.why_not_run(context["request"].actor, schedule)


@register.inclusion_tag("schedules/_of.html", takes_context=True)
def schedules_of_host(context: template.Context, host: Host) -> dict[str, Any]:
    """List the schedules that are about a host, alone or with others."""
    about = Q(host=host) | Q(target=Target.ALL)
    if host.group_id:
        about |= Q(group_id=host.group_id)
    return _of(context["request"].actor, about, host, {"host": str(host.pk), "target": Target.HOST})


@register.inclusion_tag("schedules/_of.html", takes_context=True)
def schedules_of_jail(context: template.Context, jail: Jail) -> dict[str, Any]:
    """List the schedules that are about a jail, alone or with the others of its host."""
    about = Q(host_id=jail.host_id, jail=jail.safe_name)
    about |= Q(host_id=jail.host_id, target=Target.HOST, kind__startswith="jails.")
    fields = {"host": str(jail.host_id), "target": Target.JAIL, "jail": jail.name}
    return _of(context["request"].actor, about, jail.host, fields | {"kind": "jails.restart"})


def _of(actor: Actor, about: Q, host: Host, fields: dict[str, str]) -> dict[str, Any]:
    rows = list(queries.schedule_list(actor).filter(about)[: MOST_SHOWN + 1])
    return {
        "schedules": rows[:MOST_SHOWN],
        "more": len(rows) > MOST_SHOWN,
        "may_add": actor.may(Perm.SCHEDULE_CHANGE, host.pk),
        "fields": urlencode(fields),
    }
