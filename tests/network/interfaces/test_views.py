"""A host's network page, and the form for an address of its own: hint, plan, job."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.jobs.models import Job, JobState
from apps.jobs.ports import tell_ended
from apps.network.models import HeldAddress
from tests.answers import commands, error_of, hidden, text, words
from tests.network.interfaces.places import ADD, furnish, plan
from tests.network.pools.places import make_pool


@pytest.fixture
def page(host) -> str:
    furnish(host)
    return reverse("network:host-network", args=[host.pk])


def test_each_address_says_whose_it_is_and_whether_it_stays(viewer, page):
    said = words(viewer.client.get(page))
    assert "192.0.2.1/24 Given at boot by ifconfig_re0. the host’s own" in said
    assert "10.0.9.2/24 jail0" in said
    assert "1 address of jails is in 10.0.9.0/24 on lo0, and the host has none of its own there" in said


def test_a_hint_leads_to_a_plan_that_a_second_press_agrees_to(owner, page):
    pool = make_pool("10.0.9.0/24", interface="lo0")
    there = re.search(r'id="network-hint-1"\s+href="([^"]*)"', text(owner.client.get(page)))
    shown = owner.client.get(there[1].replace("&amp;", "&"))
    assert commands(shown) == [step.shell_text() for step in plan().commands]
    agreed = {"plan_hash": hidden(shown, "plan_hash"), "idempotency_key": "k"}
    add = f"{page}add/"
    assert owner.client.post(add, ADD).status_code == 200
    assert not Job.objects.exists()
    for _ in range(2):
        assert owner.client.post(add, ADD | agreed).status_code == 302
    job = Job.objects.get()
    held = HeldAddress.objects.get(pool=pool)
    assert (held.address, held.job_id) == ("10.0.9.1", job.pk)
    Job.objects.update(state=JobState.FAILED)
    tell_ended(Job.objects.get())
    assert not HeldAddress.objects.exists()


def test_complaints_stand_at_their_fields_and_nothing_is_lost(owner, page):
    answer = owner.client.post(f"{page}add/", {"interface": "lo0", "address": "10.0.9.2/24"})
    assert answer.status_code == 422
    assert "The jail jail0 on this host has 10.0.9.2" in error_of(answer, "id_address")
    assert 'value="10.0.9.2/24"' in text(answer)
    assert owner.client.post(f"{page}add/", {"interface": "\0", "address": "\0"}).status_code == 422
