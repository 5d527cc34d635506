"""How one event is tied to the one before it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from apps.audit.models import AuditEvent

FIELDS = (
    "sequence", "at", "actor_id", "actor_name", "address", "request_id", "action",
    "object_type", "object_id", "object_name", "host_id", "job_id", "detail", "previous_hash",
)  # fmt: skip


def event_hash(event: AuditEvent) -> str:
    """Return the SHA-256 (hex) over every field of the event, the previous event's hash included."""
    values = {name: _plain(getattr(event, name)) for name in FIELDS}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, int | str | dict | list) else str(value)
