"""A change of many jails: the same plans and rules as for one, and a reason for each that is left out."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Grant
from apps.accounts.permissions import Perm, Role, denial
from apps.audit.models import AuditEvent
from apps.audit.queries import first_break
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host, HostState
from apps.jails import plans
from apps.jails.bulk import (
    MOST_JAILS,
    BulkAgreed,
    bulk_of,
    bulk_request,
    jails_of_failed,
    jails_of_hosts,
)
from apps.jails.changes import CHANGES, RESTART, START, STOP
from apps.jails.models import Jail
from apps.jails.services import Agreed, jail_restart_request, jail_start_request, jail_stop_request
from apps.jobs.batch_rules import Pace
from apps.jobs.batches import advance
from apps.jobs.models import Batch, Job, JobState
from tests.places import make_host, make_jail
from tests.test_query_counts import fill
from tests.threads import at_once


@pytest.fixture
def jails(host, other_host) -> list[Jail]:
    """Two running jails and a stopped one on alpha, a running one on omega."""
    return [
        make_jail(host, "web", jid=4),
        make_jail(host, "db", addresses="lo0|10.0.0.3/24", jid=5, runs_at_boot=False),
        make_jail(host, "off", addresses="lo0|10.0.0.4/24"),
        make_jail(other_host, "mail", addresses="lo0|10.0.0.5/24", jid=6),
    ]


def ids(jails) -> list[int]:
    return [jail.pk for jail in jails]


def agreed(shown: str = "", *, key: str = "wish", without: bool = True, first: int | None = None, **pace):
    return BulkAgreed(Agreed(shown, key), Pace(**pace), without=without, first=first)


def left_out(bulk) -> dict[str, str]:
    return {item.jail.name: item.reason for item in bulk.left_out}


def ask(person, change, jails, wish: BulkAgreed | None = None) -> Batch:
    return bulk_request(actor=person.actor, change=change, jail_ids=ids(jails), agreed=wish or agreed())


# -- who takes part ----------------------------------------------------------------------------------------


def test_jails_come_by_host_and_name_with_the_plan_of_the_single_request(jails, owner):
    bulk = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails))
    assert [(part.jail.host.name, part.jail.name) for part in bulk.parts] == [
        ("alpha", "db"),
        ("alpha", "web"),
        ("omega", "mail"),
    ]
    assert [part.plan for part in bulk.parts] == [plans.stop_plan(part.jail) for part in bulk.parts]
    assert left_out(bulk) == {"off": "It does not run."}
    assert (bulk.title, bulk.host_count) == ("Stop 3 jails", 2)


@pytest.mark.parametrize(
    ("change", "single"),
    [(START, jail_start_request), (STOP, jail_stop_request), (RESTART, jail_restart_request)],
)
def test_a_job_is_the_one_that_a_single_request_makes(host, owner, change, single):
    jail = make_jail(host, "web", jid=None if change is START else 4)
    alone = single(actor=owner.actor, jail=jail, agreed=Agreed())
    Job.objects.filter(pk=alone.pk).update(state=JobState.SUCCEEDED)
    job = ask(owner, change, [jail]).jobs.get()
    for field in ("host_id", "kind", "title", "subject", "intent", "plan", "plan_hash", "requester_name"):
        assert getattr(job, field) == getattr(alone, field), field
    actions = [event.action for event in AuditEvent.objects.filter(object_type="jail")]
    assert actions == [f"jail.{change.verb}_requested"] * 2


def test_each_reason_to_be_left_out_is_said(jails, owner, operator, other_host):
    Jail.objects.filter(pk=jails[0].pk).update(observed_at=None)
    jail_stop_request(actor=owner.actor, jail=jails[1], agreed=Agreed())
    Host.objects.filter(pk=other_host.pk).update(state=HostState.UNREACHABLE, state_reason="No answer.")
    bulk = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails))
    assert left_out(bulk) == {
        "web": "It has not been seen on the host yet.",
        "db": "“Stop the jail db” is queued already. Wait for its end.",
        "off": "It does not run.",
        "mail": "omega is unreachable: No answer.",
    }


def test_a_running_jail_is_not_started_and_a_dying_one_is(host, owner):
    running, dying = make_jail(host, "web", jid=4), make_jail(host, "db", jid=5, is_dying=True)
    bulk = bulk_of(actor=owner.actor, change=START, jail_ids=ids([running, dying]))
    assert left_out(bulk) == {"web": "It runs already."}
    assert [part.jail.name for part in bulk.parts] == ["db"]


def test_a_name_that_no_command_may_carry_is_left_out_with_the_reason(host, owner):
    jail = make_jail(host, "-rf", jid=4)
    assert list(left_out(bulk_of(actor=owner.actor, change=STOP, jail_ids=[jail.pk]))) == ["-rf"]


def test_what_one_may_see_but_not_do_is_left_out_and_what_one_may_not_see_is_not_there(jails, viewer):
    bulk = bulk_of(actor=viewer.actor, change=STOP, jail_ids=ids(jails))
    assert left_out(bulk) == dict.fromkeys(("db", "off", "web"), denial(Perm.JAIL_STOP))


def test_no_more_than_a_thousand_are_taken(owner):
    with pytest.raises(InvalidInput, match="more than 1,000 jails"):
        bulk_of(actor=owner.actor, change=STOP, jail_ids=range(MOST_JAILS + 1))


# -- asking ------------------------------------------------------------------------------------------------


def test_a_batch_has_a_job_for_each_in_order_with_its_pace(jails, owner):
    batch = ask(owner, STOP, jails, agreed(at_once=2, stop_after=3, canary=True))
    assert [job.subject for job in batch.jobs.order_by("batch_position")] == ["db", "web", "mail"]
    assert (batch.at_once, batch.stop_after, batch.canary) == (2, 3, True)
    assert (batch.kind, batch.title) == ("jails.stop", "Stop 3 jails")
    assert first_break() is None


def test_a_chosen_jail_goes_first(jails, owner):
    batch = ask(owner, STOP, jails, agreed(first=jails[3].pk))
    assert [job.subject for job in batch.jobs.order_by("batch_position")] == ["mail", "db", "web"]


def test_a_chosen_jail_that_takes_no_part_changes_nothing(jails, owner):
    batch = ask(owner, STOP, jails, agreed(first=jails[2].pk))
    assert [job.subject for job in batch.jobs.order_by("batch_position")] == ["db", "web", "mail"]


def test_nobody_is_left_out_unless_the_person_agrees(jails, owner):
    with pytest.raises(InvalidInput) as refused:
        ask(owner, STOP, jails, agreed(without=False))
    assert refused.value.field == "without"
    assert not Batch.objects.exists()
    assert ask(owner, STOP, [jails[0]], agreed(without=False)).jobs.count() == 1


def test_what_runs_is_what_was_shown(jails, owner):
    shown = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails)).hash
    Jail.objects.filter(pk=jails[0].pk).update(runs_at_boot=False)
    with pytest.raises(Conflict, match="Look at them again"):
        ask(owner, STOP, jails, agreed(shown))
    assert not Job.objects.exists()
    now = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails)).hash
    assert ask(owner, STOP, jails, agreed(now)).jobs.count() == 3


def test_one_that_can_take_part_only_since_it_was_shown_does_not(jails, owner):
    shown = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails)).hash
    Jail.objects.filter(pk=jails[2].pk).update(jid=9)
    with pytest.raises(Conflict):
        ask(owner, STOP, jails, agreed(shown))


def test_what_was_shown_for_one_change_is_not_agreed_for_another(jails, owner):
    shown = bulk_of(actor=owner.actor, change=STOP, jail_ids=ids(jails)).hash
    with pytest.raises(Conflict):
        ask(owner, RESTART, jails, agreed(shown))


def test_nothing_to_do_is_refused(jails, owner):
    with pytest.raises(InvalidInput, match="None of these jails"):
        ask(owner, START, [jails[0]])


def test_the_same_wish_twice_is_one_batch(jails, owner):
    assert ask(owner, STOP, jails) == ask(owner, STOP, jails)
    assert Job.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_batch(jails, owner, sent):
    batches = at_once(*[partial(ask, owner, STOP, jails)] * 3)
    assert len({batch.pk for batch in batches}) == 1
    assert Job.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_at_once_make_one_job_a_jail(jails, owner, outsider, sent):
    Grant.objects.create(user=outsider.user, role=Role.ADMIN, host=None)
    wish = agreed(without=False)
    answers = at_once(
        partial(ask, owner, STOP, [jails[0], jails[3]], wish),
        partial(ask, outsider, STOP, [jails[3], jails[0]], wish),
    )
    assert {type(answer) for answer in answers} == {Batch, InvalidInput}
    assert sorted(Job.objects.values_list("subject", flat=True)) == ["mail", "web"]


# -- hosts, and what failed --------------------------------------------------------------------------------


def test_of_hosts_those_that_boot_would_start_are_started_and_all_that_run_are_stopped(jails, owner, host):
    make_jail(host, "norun", addresses="lo0|10.0.0.9/24", runs_at_boot=False)
    names = partial(_names_of_hosts, owner, [host.pk])
    assert names(START) == ["off"]
    assert names(STOP) == names(RESTART) == ["db", "web"]


def _names_of_hosts(person, host_ids, change) -> list[str]:
    found = jails_of_hosts(actor=person.actor, change=change, host_ids=host_ids)
    return sorted(Jail.objects.filter(pk__in=found).values_list("name", flat=True))


def test_hosts_that_one_may_not_see_have_no_jails(jails, viewer, host, other_host):
    found = jails_of_hosts(actor=viewer.actor, change=STOP, host_ids=[host.pk, other_host.pk])
    assert sorted(found) == sorted(ids(jails[:2]))


def test_what_failed_was_lost_or_cancelled_is_tried_again_with_fresh_plans(jails, owner):
    batch = ask(owner, STOP, jails, agreed(stop_after=0))
    for position, state in enumerate((JobState.FAILED, JobState.SUCCEEDED, JobState.CANCELLED)):
        batch.jobs.filter(batch_position=position).update(state=state)
    advance(batch.pk)
    assert sorted(jails_of_failed(actor=owner.actor, batch=batch)) == sorted([jails[1].pk, jails[3].pk])
    Jail.objects.filter(pk=jails[1].pk).update(runs_at_boot=True)
    again = ask(owner, STOP, [jails[1], jails[3]], agreed(key="again"))
    assert again.jobs.get(subject="db").plan_hash != batch.jobs.get(subject="db").plan_hash


def test_each_change_can_be_found_by_its_verb_and_makes_jobs_of_its_kind(host):
    jail = make_jail(host)
    assert {"start", "stop", "restart", "archive", "snapshot"} <= set(CHANGES)
    for verb, change in CHANGES.items():
        assert (change.verb, change.kind) == (verb, f"jails.{verb}")
        assert change.needs_facts or change.plan(jail).kind == change.kind


# -- many --------------------------------------------------------------------------------------------------


@pytest.fixture
def thousand(db) -> list[int]:
    for number in range(20):
        host = make_host(f"host{number:02}", address=f"198.51.100.{number + 1}")
        fill(host, 50)
    return list(Jail.objects.values_list("pk", flat=True))


def test_planning_a_thousand_takes_two_queries(owner, thousand, django_assert_num_queries):
    actor = owner.actor
    with django_assert_num_queries(2):
        bulk = bulk_of(actor=actor, change=RESTART, jail_ids=thousand)
        assert (len(bulk.parts), len(bulk.left_out)) == (980, 20)


def test_asking_for_a_thousand_takes_no_query_a_jail(owner, thousand):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        batch = bulk_request(actor=owner.actor, change=RESTART, jail_ids=thousand, agreed=agreed())
    assert batch.jobs.count() == 980
    assert len(queries) < 250
