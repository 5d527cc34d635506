"""Walking the chain: whoever gets past the triggers is found out, and the first break is named."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.audit import triggers
from apps.audit.chain import FIELDS
from apps.audit.models import AuditEvent, AuditHead
from apps.audit.queries import first_break
from tests.audit.test_services import add

OTHER = {
    "at": "2020-01-01T00:00:00Z",
    "actor_id": 8,
    "actor_name": "eve",
    "address": "198.51.100.1",
    "request_id": "another",
    "action": "jail.stopped",
    "object_type": "host",
    "object_id": "db",
    "object_name": "db",
    "host_id": None,
    "job_id": "00000000-0000-4000-8000-000000000000",
    "detail": {"wipe": False},
    "previous_hash": "f" * 64,
}


@pytest.fixture
def five(db):
    """Five events in a database whose triggers someone took away."""
    for number in range(5):
        add(number=number)
    triggers.remove(connection)
    yield
    triggers.install(connection)


def test_an_untouched_record_is_whole(five):
    out = StringIO()
    call_command("audit_verify", stdout=out)
    assert out.getvalue() == "The record is whole: 5 events.\n"


def test_an_empty_record_is_whole(db):
    assert first_break() is None


def test_every_field_is_under_the_hash():
    assert set(OTHER) == set(FIELDS) - {"sequence"}
    stored = {field.name for field in AuditEvent._meta.fields}
    assert stored == {*FIELDS, "hash"}


@pytest.mark.parametrize("name", OTHER)
def test_a_changed_field_is_named(five, name):
    AuditEvent.objects.filter(sequence=3).update(**{name: OTHER[name]})
    assert first_break() == "Event 3 was changed: its hash does not fit."


def test_an_event_with_a_hash_made_anew_breaks_at_the_next(five):
    from apps.audit.chain import event_hash

    event = AuditEvent.objects.get(sequence=3)
    event.actor_name = "eve"
    AuditEvent.objects.filter(sequence=3).update(actor_name="eve", hash=event_hash(event))
    assert first_break() == "Event 4 was changed: its hash does not fit."


def test_a_missing_middle_is_named(five):
    AuditEvent.objects.filter(sequence=3).delete()
    assert first_break() == "Event 3 is missing: after 2 comes 4."


def test_a_missing_beginning_is_named(five):
    AuditEvent.objects.filter(sequence=1).delete()
    assert first_break() == "Event 1 is missing: after 0 comes 2."


def test_a_cut_end_is_named(five):
    AuditEvent.objects.filter(sequence=5).delete()
    assert first_break() == "The end was cut off: the record says 5 events, 4 are there."


def test_an_emptied_record_is_named(five):
    AuditEvent.objects.all().delete()
    assert first_break() == "The end was cut off: the record says 5 events, 0 are there."


def test_a_lost_head_is_named(five):
    AuditHead.objects.all().delete()
    assert first_break() == "The note of where the record ends was changed: it says 0 of 5 events."


def test_a_changed_head_is_named(five):
    AuditHead.objects.update(hash="0" * 64)
    assert first_break() == "The note of where the record ends was changed: it says 5 of 5 events."


def test_the_command_fails_with_the_first_break(five):
    AuditEvent.objects.filter(sequence__in=[2, 4]).update(action="jail.deleted")
    with pytest.raises(CommandError, match=r"Event 2 was changed"):
        call_command("audit_verify", stdout=StringIO())
