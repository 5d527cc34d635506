"""Pages of batches: how far each is, its jobs in order, and the buttons that end it."""

from __future__ import annotations

import re

import pytest

from apps.accounts.permissions import Role
from apps.audit.services import Subject
from apps.jobs.batch_queries import batch_get, progress_of
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import Child, advance, batch_create
from apps.jobs.models import Batch, BatchState, JobState
from apps.jobs.ports import batch_retry_url, register_batch_retry
from tests.answers import plain, text, words
from tests.conftest import make_person
from tests.jobs.conftest import KIND, make_plan
from tests.places import make_host


@pytest.fixture
def make(host, other_host, owner, sent):
    """Make a batch with jobs on alpha (a) and omega (o)."""

    def make_batch(hosts="aao", *, title="Work on many", **pace) -> Batch:
        places = {"a": host, "o": other_host}
        children = [child(places[key], number) for number, key in enumerate(hosts)]
        return batch_create(
            actor=owner.actor, kind=KIND, title=title, children=children, pace=Pace(**pace),
            idempotency_key=title,
        )  # fmt: skip

    return make_batch


def child(host, number: int) -> Child:
    name = f"jail{number}"
    plan = make_plan((f"/bin/step{number}",), title=f"Work on {name}")
    return Child(host.pk, plan, name, {}, "jail.work_requested", Subject("jail", name, name, host.pk))


def rows(answer) -> list[str]:
    body = re.search(r"<tbody>(.*?)</tbody>", text(answer), re.DOTALL)[1]
    return [plain(row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]


def set_states(batch: Batch, *states: str) -> None:
    for position, state in enumerate(states):
        batch.jobs.filter(batch_position=position).update(state=state)


# -- one batch ---------------------------------------------------------------------------------------------


def test_it_shows_its_jobs_in_order_with_host_and_state(make, owner):
    batch = make(canary=True, at_once=2)
    answer = owner.client.get(batch.get_absolute_url())
    assert rows(answer) == [
        "1 Work on jail0 canary alpha Queued –",
        "2 Work on jail1 alpha Waits its turn –",
        "3 Work on jail2 omega Waits its turn –",
    ]
    assert "2 hosts at a time, canary first, stops after 1 failure · asked for by owner" in words(answer)


def test_its_bar_has_a_segment_for_each_state_and_says_it_in_words(make, owner):
    batch = make("aaaao", stop_after=0)
    set_states(batch, JobState.SUCCEEDED, JobState.FAILED, JobState.SUCCEEDED, JobState.RUNNING)
    page = text(owner.client.get(batch.get_absolute_url()))
    assert re.findall(r'<rect class="bar-(\w+)" x="(\d+)" width="(\d+)"', page) == [
        ("succeeded", "0", "2"),
        ("failed", "2", "1"),
        ("running", "3", "1"),
        ("held", "4", "1"),
    ]
    assert 'aria-label="3 of 5 ended: 2 succeeded, 1 failed, 1 running, 1 waits its turn"' in page


def test_its_jobs_can_be_narrowed_to_a_state(make, owner):
    batch = make()
    set_states(batch, JobState.FAILED)
    answer = owner.client.get(f"{batch.get_absolute_url()}?state=failed")
    assert len(rows(answer)) == 1
    assert 'id="count-failed"' in text(answer)


def test_it_follows_its_own_topic_and_gives_the_part_that_changes(make, owner):
    batch = make()
    page = owner.client.get(batch.get_absolute_url())
    assert f'data-live="batch:{batch.pk}"' in text(page)
    part = owner.client.get(
        batch.get_absolute_url(), headers={"HX-Request": "true", "HX-Target": "batch-body"}
    )
    assert text(part).lstrip().startswith("<div")
    assert "<h1" not in text(part)
    assert len(rows(part)) == 3


def test_one_sees_the_jobs_of_ones_hosts_alone(make, viewer):
    batch = make()
    answer = viewer.client.get(batch.get_absolute_url())
    assert len(rows(answer)) == 2
    assert "omega" not in text(answer)
    assert "0 of 2 jobs" in words(answer)


def test_without_one_of_ones_hosts_it_is_not_there(make, viewer):
    batch = make("o")
    assert viewer.client.get(batch.get_absolute_url()).status_code == 404
    assert "Work on many" not in words(viewer.client.get("/jobs/batches/"))


def test_why_it_was_stopped_stands_on_its_page(make, owner):
    batch = make()
    set_states(batch, JobState.FAILED)
    advance(batch.pk)
    answer = owner.client.get(batch.get_absolute_url())
    assert "Stopped: 1 job failed, and it was to stop after 1. What had not begun was cancelled." in words(
        answer
    )
    assert 'data-say="Work on many: stopped."' in text(answer)


# -- buttons -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "cancelled"), [("stop", False), ("cancel", True)])
def test_a_button_asks_first_and_then_does_it(make, owner, verb, cancelled):
    batch = make()
    set_states(batch, JobState.RUNNING)
    url = f"{batch.get_absolute_url()}{verb}/"
    asked = owner.client.get(url, headers={"HX-Request": "true", "HX-Target": "dialog"})
    assert "Jobs that have not begun are cancelled." in words(asked)
    assert batch.jobs.filter(state=JobState.CANCELLED).count() == 0
    assert owner.client.post(url).headers["Location"] == batch.get_absolute_url()
    assert batch.jobs.filter(state=JobState.CANCELLED).count() == 2
    running = batch.jobs.get(state=JobState.RUNNING)
    assert (running.cancel_requested_at is not None) is cancelled


def test_a_stopped_batch_can_still_be_cancelled(make, owner):
    batch = make()
    set_states(batch, JobState.RUNNING)
    owner.client.post(f"{batch.get_absolute_url()}stop/")
    page = text(owner.client.get(batch.get_absolute_url()))
    assert 'id="batch-stop"' not in page
    assert 'id="batch-cancel"' in page


def test_who_may_not_cancel_on_each_of_its_hosts_sees_greyed_buttons(make, operator):
    batch = make()
    page = text(operator.client.get(batch.get_absolute_url()))
    assert 'id="batch-cancel"' not in page
    assert 'title="You may not cancel jobs on each host of this batch.' in page
    assert operator.client.post(f"{batch.get_absolute_url()}cancel/").status_code == 403
    assert Batch.objects.get().state == BatchState.RUNNING


def test_an_ended_batch_has_no_buttons_and_answers_a_late_one_plainly(make, owner):
    batch = make("a")
    set_states(batch, JobState.SUCCEEDED)
    advance(batch.pk)
    page = text(owner.client.get(batch.get_absolute_url()))
    assert "batch-cancel" not in page
    answer = owner.client.post(f"{batch.get_absolute_url()}stop/")
    assert answer.status_code == 409
    assert "It has ended already." in words(answer)


def test_what_came_to_nothing_is_tried_again_where_its_room_says(make, owner, monkeypatch):
    monkeypatch.setattr("apps.jobs.ports._batch_retries", {})
    batch = make("aa", stop_after=0)
    set_states(batch, JobState.FAILED, JobState.SUCCEEDED)
    advance(batch.pk)
    batch.refresh_from_db()
    assert batch_retry_url(batch) == ""
    assert "batch-retry" not in text(owner.client.get(batch.get_absolute_url()))
    register_batch_retry(KIND, lambda batch: f"/again/?of={batch.pk}")
    answer = owner.client.get(batch.get_absolute_url())
    assert f'href="/again/?of={batch.pk}"' in text(answer)
    assert "Try the other 1 again" in words(answer)


# -- lists -------------------------------------------------------------------------------------------------


def test_the_list_shows_how_far_each_batch_is(make, owner):
    first = make(title="First")
    set_states(first, JobState.SUCCEEDED, JobState.FAILED)
    make("o", title="Second")
    found = rows(owner.client.get("/jobs/batches/"))
    assert [row.partition(" owner")[0] for row in found] == [
        "Second Running 0 of 1 ended",
        "First Running 2 of 3 ended, 1 failed",
    ]


def test_an_empty_list_says_how_one_makes_a_batch(owner):
    assert "Tick several jails" in words(owner.client.get("/jobs/batches/"))


def test_a_job_leads_to_its_batch_from_the_list_and_from_its_page(make, owner):
    batch = make()
    job = batch.jobs.get(batch_position=1)
    for url in ("/jobs/", job.get_absolute_url()):
        answer = owner.client.get(url)
        assert f'href="{batch.get_absolute_url()}"' in text(answer), url
        assert "2 of Work on many" in words(answer), url


def test_the_list_of_jobs_can_be_narrowed_to_a_batch(make, owner, viewer):
    batch, other = make(title="One"), make("o", title="Two")
    answer = owner.client.get(f"/jobs/?batch={batch.pk}")
    assert len(rows(answer)) == 3
    assert f'<option value="{batch.pk}" selected>One</option>' in text(answer)
    # One that may not be seen narrows nothing, and its name is not told.
    hidden = viewer.client.get(f"/jobs/?batch={other.pk}")
    assert len(rows(hidden)) == 2
    assert "Two" not in text(hidden)


@pytest.mark.parametrize("bad", ["x", "", "\0", "0" * 100, "00000000-0000-0000-0000-000000000000"])
def test_an_odd_batch_narrows_nothing(make, owner, bad):
    make()
    assert len(rows(owner.client.get("/jobs/", {"batch": bad}))) == 3


# -- reads -------------------------------------------------------------------------------------------------


def test_progress_counts_what_one_may_see(make, host, owner):
    batch = make("aaoo", stop_after=0)
    set_states(batch, JobState.SUCCEEDED, JobState.FAILED, JobState.LOST)
    everything = progress_of(owner.actor, [batch])[batch.pk]
    assert (everything.total, everything.ended, everything.bad, everything.left) == (4, 3, 2, 2)
    someone = make_person("someone", (Role.VIEWER, host))
    own = progress_of(someone.actor, [batch])[batch.pk]
    assert (own.total, own.ended, own.bad, own.left) == (2, 2, 1, 1)


def test_a_batch_on_two_of_ones_hosts_is_there_once(make, host, other_host):
    batch = make()
    someone = make_person("someone", (Role.VIEWER, host), (Role.VIEWER, other_host))
    assert batch_get(actor=someone.actor, batch_id=batch.pk) == batch
    assert len(rows(someone.client.get("/jobs/batches/"))) == 1


def test_hosts_that_are_removed_take_their_jobs_and_leave_the_batch(make, owner):
    batch = make("o")
    set_states(batch, JobState.SUCCEEDED)
    advance(batch.pk)
    gone = make_host("gone", address="203.0.113.99")
    batch.jobs.update(host=gone)
    gone.delete()
    answer = owner.client.get(batch.get_absolute_url())
    assert answer.status_code == 200
    assert "were removed from the panel" in words(answer)
