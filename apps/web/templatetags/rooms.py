"""Tags that know several rooms: `{% load rooms %}`."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django import template

from apps.audit.models import AuditEvent
from apps.hosts.models import Host

register = template.Library()


@register.simple_tag
def host_names(events: Iterable[AuditEvent]) -> dict[UUID, str]:
    """Return the names of the hosts that events are about; those that were removed are not in it."""
    ids = {event.host_id for event in events if event.host_id}
    return dict(Host.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


@register.filter
def of(names: dict[UUID, str], key: UUID | None) -> str:
    """Return what a mapping holds under a key, or nothing."""
    return names.get(key, "") if key else ""
