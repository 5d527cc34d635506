"""Adding to the record, in the transaction of what it records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.audit.chain import event_hash
from apps.audit.models import AuditEvent, AuditHead


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about.

    Args:
        type: The kind of object: host, jail, basejail, account, session.
        id: Its identity; empty where it has none yet.
        name: What people call it.
        host_id: The host that it is on, which decides who may read the event.
    """

    type: str
    id: str
    name: str
    host_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several events that are recorded together.

    Args:
        action: `entity.past`, for example `jail.started`.
        subject: What it was done to.
        job_id: The job that carries it out.
        detail: What changed, as JSON values; never a secret.
    """

    action: str
    subject: Subject
    job_id: UUID | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def record(
    *, actor: Actor, action: str, subject: Subject, job_id: UUID | None = None, **detail: Any
) -> AuditEvent:
    """Add one event to the end of the chain.

    Args:
        actor: Who did it.
        action: `entity.past`, for example `jail.started`.
        subject: What it was done to.
        job_id: The job that carries it out.
        detail: What changed, as JSON values; never a secret.

    Raises:
        RuntimeError: There is no open transaction, so the change and its record could part.
    """
    (event,) = record_all(actor=actor, entries=[Entry(action, subject, job_id, detail)])
    return event


def record_all(*, actor: Actor, entries: Sequence[Entry]) -> list[AuditEvent]:
    """Add events to the end of the chain, in order and with a few queries however many they are.

    Args:
        actor: Who did all of it.
        entries: What is recorded.

    Raises:
        RuntimeError: There is no open transaction, so the change and its record could part.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An audit event is recorded in the transaction of what it records.")
    head = _lock_head()
    events: list[AuditEvent] = []
    for entry in entries:
        event = _event(actor, entry, head)
        head.sequence, head.hash = event.sequence, event.hash
        events.append(event)
    AuditEvent.objects.bulk_create(events)
    AuditHead.objects.filter(pk=head.pk).update(sequence=head.sequence, hash=head.hash)
    return events


def _event(actor: Actor, entry: Entry, head: AuditHead) -> AuditEvent:
    """Return the event that follows the end of the chain."""
    event = AuditEvent(
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor_id=actor.user_id,
        actor_name=actor.name[:150],
        address=actor.address,
        request_id=actor.request_id,
        action=entry.action,
        object_type=entry.subject.type,
        object_id=entry.subject.id,
        object_name=entry.subject.name[:255],
        host_id=entry.subject.host_id,
        job_id=entry.job_id,
        detail=entry.detail,
        previous_hash=head.hash,
    )
    event.hash = event_hash(event)
    return event


def _lock_head() -> AuditHead:
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    return head
