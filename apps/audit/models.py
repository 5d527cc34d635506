"""The append-only, hash-chained record."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One thing that someone did. The database refuses to change or delete it (triggers.py)."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, db_index=True)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    action = models.CharField(max_length=64, db_index=True)
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=255, blank=True)
    host_id = models.UUIDField(null=True, db_index=True)
    job_id = models.UUIDField(null=True, db_index=True)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor_name} {self.action} {self.object_name}"


class AuditHead(models.Model):
    """The end of the chain: one row, locked while an event is added, so that writers queue up."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"event {self.sequence}"
