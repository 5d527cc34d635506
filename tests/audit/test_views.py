"""The page of the record: newest first, narrowed, filtered, searched and paged by its address alone."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.audit.services import Subject, record
from tests.conftest import make_person

ADA, BOB = Actor("ada", 1, "192.0.2.1"), Actor("bob", 2, "192.0.2.2")


@pytest.fixture
def auditor(db):
    return make_person("auditor", (Role.AUDITOR, None))


@pytest.fixture
def page(auditor):
    return lambda query="", **headers: auditor.client.get(f"/record/{query}", headers=headers)


def write(actor: Actor, action: str, kind: str = "jail", name: str = "web", host=None, **detail) -> int:
    subject = Subject(kind, name, name, host.pk if host else None)
    with transaction.atomic():
        return record(actor=actor, action=action, subject=subject, **detail).sequence


def shown(answer) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="event-(\d+)"', answer.content.decode())]


@pytest.fixture
def four(auditor):
    """Four events after the auditor's own signing in."""
    return [
        write(ADA, "jail.create_requested", addresses="lo0|10.0.0.2/24"),
        write(BOB, "jail.start_requested"),
        write(ADA, "host.added", "host", "alpha"),
        write(BOB, "jail.start_requested", name="mail"),
    ]


def test_the_newest_comes_first(page, four):
    assert shown(page()) == [*reversed(four), 1]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("?action=jail.start_requested", [3, 1]),
        ("?object_type=host", [2]),
        ("?q=ADA", [2, 0]),
        ("?q=mail", [3]),
        ("?q=192.0.2.2", [3, 1]),
        ("?q=create", [0]),
        ("?q=ada&object_type=jail", [0]),
        ("?q=nothing-of-the-kind", []),
        ("?sort=actor&object_type=jail", [0, 1, 3]),
    ],
)
def test_filters_search_and_order_come_from_the_address(page, four, query, wanted):
    assert shown(page(query)) == [four[index] for index in wanted]


def test_an_unknown_choice_is_ignored(page, four):
    assert shown(page("?action=nothing&object_type=&sort=hash&page=x")) == [*reversed(four), 1]


def test_an_event_shows_its_detail_and_leads_to_its_job(page, host):
    job_id = uuid4()
    with transaction.atomic():
        record(actor=ADA, action="jail.deleted", subject=Subject("jail", "x", "x"), job_id=job_id, wipe=True)
    text = page().content.decode()
    assert "<dt>wipe</dt><dd>yes</dd>" in text
    assert reverse("jobs:job-detail", args=[job_id]) in text


def test_markup_in_the_record_is_text(page):
    write(Actor("<script>alert(1)</script>", None), "session.refused", "session", "<b>x</b>", why="<i>y</i>")
    text = page().content.decode()
    assert "<script>alert(1)" not in text
    assert "<b>x</b>" not in text
    assert "<i>y</i>" not in text


def test_the_second_page_goes_on_where_the_first_ended(page):
    numbers = [write(ADA, "jail.started") for _ in range(60)]
    first, second = shown(page()), shown(page("?page=2"))
    assert [*first, *second] == [*reversed(numbers), 1]
    assert len(first) == 50


def test_htmx_gets_the_list_alone(page, four):
    answer = page("", **{"HX-Request": "true", "HX-Target": "event-list"})
    assert answer.content.decode().lstrip().startswith('<div class="card" id="event-list">')
    assert shown(answer) == [*reversed(four), 1]


def test_one_who_may_read_one_hosts_record_sees_that_hosts_events_alone(host, other_host):
    here = write(ADA, "jail.started", host=host)
    write(ADA, "basejail.install_requested", "basejail", host=other_host)
    write(ADA, "account.created", "account", "grace")
    local = make_person("local-auditor", (Role.AUDITOR, host))
    answer = local.client.get("/record/")
    assert shown(answer) == [here]
    for hidden in ("basejail.install", "account.created", "session.started"):
        assert hidden not in answer.content.decode()


def test_a_search_finds_nothing_of_other_hosts(host, other_host):
    write(ADA, "jail.started", name="hidden", host=other_host)
    local = make_person("local-auditor", (Role.AUDITOR, host))
    assert shown(local.client.get("/record/?q=hidden")) == []
    assert shown(local.client.get("/record/?action=jail.started")) == []


def test_an_empty_search_says_so_and_offers_a_way_out(page, four):
    text = page("?q=nothing-of-the-kind").content.decode()
    assert "Nothing matches" in text
    assert "Clear search and filters" in text


def test_who_may_not_read_the_record_is_told_what_is_lacking(viewer):
    answer = viewer.client.get("/record/")
    assert answer.status_code == 403
    assert "You may not read the record. An administrator can grant it." in answer.content.decode()


def test_reading_the_record_writes_nothing(page, four):
    before = AuditEvent.objects.count()
    page()
    assert AuditEvent.objects.count() == before
