"""Walk the record's chain and name the first break."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit.models import AuditEvent
from apps.audit.queries import first_break


class Command(BaseCommand):
    """`manage.py audit_verify`: exit 0 when the record is whole, 1 with the first break otherwise."""

    help = "Walk the record's hash chain and name the first break."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  Django's signature
        """Verify and say so."""
        if broken := first_break():
            raise CommandError(broken)
        self.stdout.write(f"The record is whole: {AuditEvent.objects.count()} events.")
