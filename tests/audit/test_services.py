"""Adding to the record: in the transaction of what it records, one after the other, tied together."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
from django.db import transaction

from apps.accounts.actor import Actor
from apps.audit.models import AuditEvent, AuditHead
from apps.audit.queries import first_break
from apps.audit.services import Entry, Subject, record, record_all
from tests.threads import at_once

ACTOR = Actor("ada", 7, "192.0.2.99", "request-1")
SUBJECT = Subject("jail", "web", "web", uuid4())


def add(action: str = "jail.started", **detail) -> AuditEvent:
    with transaction.atomic():
        return record(actor=ACTOR, action=action, subject=SUBJECT, **detail)


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="in the transaction of what it records"):
        record(actor=ACTOR, action="jail.started", subject=SUBJECT)
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_takes_its_event_with_it():
    def add_and_fail() -> None:
        with transaction.atomic():
            record(actor=ACTOR, action="jail.deleted", subject=SUBJECT)
            raise ZeroDivisionError

    add()
    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    add("jail.stopped")
    assert [event.action for event in AuditEvent.objects.order_by("sequence")] == [
        "jail.started",
        "jail.stopped",
    ]
    assert first_break() is None


def test_an_event_says_who_from_where_what_on_what_and_which_job(db):
    job_id = uuid4()
    with transaction.atomic():
        record(
            actor=ACTOR,
            action="jail.deleted",
            subject=SUBJECT,
            job_id=job_id,
            wipe=True,
            root="/usr/jails/web",
        )
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.actor_name, event.address) == (7, "ada", "192.0.2.99")
    assert (event.request_id, event.action) == ("request-1", "jail.deleted")
    assert (event.object_type, event.object_id, event.object_name) == ("jail", "web", "web")
    assert (event.host_id, event.job_id) == (SUBJECT.host_id, job_id)
    assert event.detail == {"wipe": True, "root": "/usr/jails/web"}


def test_names_longer_than_their_columns_are_cut(db):
    long = Actor("a" * 200, None)
    with transaction.atomic():
        record(actor=long, action="jail.started", subject=Subject("jail", "x", "b" * 300))
    event = AuditEvent.objects.get()
    assert (event.actor_name, event.object_name) == ("a" * 150, "b" * 255)
    assert first_break() is None


def test_each_event_carries_the_hash_of_the_one_before(db):
    first, second = add(), add()
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.hash
    assert len({first.hash, second.hash}) == 2
    assert AuditHead.objects.get().hash == second.hash


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_leave_one_unbroken_chain():
    def several(writer: int) -> int:
        return sum(bool(add(f"jail.started{writer}")) for _ in range(5))

    assert at_once(*(partial(several, writer) for writer in range(8))) == [5] * 8
    assert list(AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True)) == list(
        range(1, 41)
    )
    assert first_break() is None


def test_many_events_are_chained_in_order_with_few_queries(db, django_assert_max_num_queries):
    add()
    entries = [Entry(f"jail.number{n}", SUBJECT, uuid4(), {"n": n}) for n in range(60)]
    with django_assert_max_num_queries(8), transaction.atomic():
        made = record_all(actor=ACTOR, entries=entries)
    add()
    stored = AuditEvent.objects.order_by("sequence")
    assert [event.detail.get("n") for event in stored] == [None, *range(60), None]
    assert [event.sequence for event in made] == list(range(2, 62))
    assert first_break() is None


@pytest.mark.django_db(transaction=True)
def test_many_events_outside_a_transaction_are_refused():
    with pytest.raises(RuntimeError, match="in the transaction of what it records"):
        record_all(actor=ACTOR, entries=[])


def test_no_event_at_all_leaves_the_chain_whole(db):
    add()
    with transaction.atomic():
        assert record_all(actor=ACTOR, entries=[]) == []
    assert first_break() is None
