"""The database itself refuses to change or delete what was recorded."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from apps.audit import triggers
from apps.audit.models import AuditEvent
from tests.audit.test_services import add


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def change_saved() -> None:
    event = AuditEvent.objects.get()
    event.actor_name = "someone else"
    event.save()


FORBIDDEN = {
    "update": lambda: AuditEvent.objects.update(actor_name="someone else"),
    "save": change_saved,
    "delete": lambda: AuditEvent.objects.all().delete(),
    "delete one": lambda: AuditEvent.objects.get().delete(),
    "SQL update": lambda: execute("UPDATE audit_auditevent SET action = 'nothing'"),
    "SQL delete": lambda: execute("DELETE FROM audit_auditevent"),
    "SQL truncate": lambda: execute("TRUNCATE audit_auditevent"),
}


@pytest.mark.parametrize("way", FORBIDDEN)
def test_what_was_recorded_stays(db, way):
    if way == "SQL truncate" and connection.vendor == "sqlite":
        way = "SQL delete"  # SQLite has no TRUNCATE
    add()
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic():
        FORBIDDEN[way]()
    event = AuditEvent.objects.get()
    assert (event.actor_name, event.action) == ("ada", "jail.started")


@pytest.mark.django_db(transaction=True)
def test_after_a_flush_of_the_tests_it_still_refuses():
    call_command("flush", verbosity=0, interactive=False)
    add()
    with pytest.raises(DatabaseError, match=triggers.REFUSAL):
        AuditEvent.objects.all().delete()
