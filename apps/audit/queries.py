"""Reads of the record, narrowed to what the actor may see, and the walk along the chain."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.chain import event_hash
from apps.audit.models import AuditEvent, AuditHead


def event_list(actor: Actor) -> QuerySet[AuditEvent]:
    """Return the events that the actor may read, newest first.

    One who may read the record everywhere sees all; otherwise only events of the hosts granted.
    """
    actor_hosts = actor.scope(Perm.AUDIT_VIEW)
    events = AuditEvent.objects.order_by("-sequence")
    return events if actor_hosts is None else events.filter(host_id__in=actor_hosts)


def action_choices(events: QuerySet[AuditEvent]) -> tuple[tuple[str, str], ...]:
    """Return the actions that these events are about, for a filter."""
    names = events.order_by("action").values_list("action", flat=True).distinct()
    return tuple((name, name.replace(".", ": ").replace("_", " ")) for name in names)


def object_type_choices(events: QuerySet[AuditEvent]) -> tuple[tuple[str, str], ...]:
    """Return the kinds of object that these events are about, for a filter."""
    names = events.order_by("object_type").values_list("object_type", flat=True).distinct()
    return tuple((name, name) for name in names if name)


def first_break() -> str | None:
    """Walk the whole chain.

    Returns:
        A sentence that names the first event that does not fit, or None when all do.
    """
    previous, expected = "0" * 64, 1
    for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=2000):
        if event.sequence != expected:
            return f"Event {expected} is missing: after {expected - 1} comes {event.sequence}."
        if event.previous_hash != previous or event.hash != event_hash(event):
            return f"Event {event.sequence} was changed: its hash does not fit."
        previous, expected = event.hash, expected + 1
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    found = expected - 1
    if head.sequence > found:
        return f"The end was cut off: the record says {head.sequence} events, {found} are there."
    if (head.sequence, head.hash) != (found, previous):
        return f"The note of where the record ends was changed: it says {head.sequence} of {found} events."
    return None
