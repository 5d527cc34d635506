"""Asking for changes: permission, rules, plan, record and job stand or fall together."""

from __future__ import annotations

from functools import partial

import pytest

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Release
from apps.hosts.models import Host, HostState
from apps.jails import plans
from apps.jails.basejail.plans import InstallWish
from apps.jails.basejail.services import basejail_install_request
from apps.jails.models import Jail
from apps.jails.services import (
    Agreed,
    NewJail,
    jail_create_request,
    jail_delete_request,
    jail_restart_request,
    jail_start_request,
    jail_stop_request,
)
from apps.jobs.models import Job, JobState
from tests.conftest import make_person
from tests.places import FACTS, make_basejail, make_host, make_jail
from tests.threads import at_once

STRANGER = Actor("eve", 9)


def new(name: str = "web", addresses: str = "lo0|10.0.0.7/24", flavour: str = "", why: str = "") -> NewJail:
    made = FlavourName.parse(flavour) if flavour else None
    return NewJail(JailName.parse(name), JailAddresses.parse(addresses), made, why)


def create(host: Host, wanted: NewJail | None = None, *, actor: Actor = PANEL, **agreed: str) -> Job:
    return jail_create_request(actor=actor, host=host, wanted=wanted or new(), agreed=Agreed(**agreed))


def install(host: Host, release: str = "13.2-RELEASE", *, actor: Actor = PANEL, **agreed: str) -> Job:
    return basejail_install_request(
        actor=actor,
        host=host,
        wish=InstallWish(Release.parse(release)),
        agreed=Agreed(**agreed),
    )


def delete(
    jail: Jail, *, actor: Actor = PANEL, wipe: bool = False, typed: str | None = None, **agreed: str
) -> Job:
    return jail_delete_request(
        actor=actor,
        jail=jail,
        wipe=wipe,
        typed_name=jail.name if typed is None else typed,
        agreed=Agreed(**agreed),
    )


def start(jail: Jail, *, actor: Actor = PANEL, **agreed: str) -> Job:
    return jail_start_request(actor=actor, jail=jail, agreed=Agreed(**agreed))


def stop(jail: Jail, *, actor: Actor = PANEL, **agreed: str) -> Job:
    return jail_stop_request(actor=actor, jail=jail, agreed=Agreed(**agreed))


def restart(jail: Jail, *, actor: Actor = PANEL, **agreed: str) -> Job:
    return jail_restart_request(actor=actor, jail=jail, agreed=Agreed(**agreed))


@pytest.fixture
def based(host) -> Host:
    """A host that jails can be made on."""
    make_basejail(host)
    return host


@pytest.fixture
def jail(based) -> Jail:
    return make_jail(based, "test", jid=4)


def nothing_was_written(*, jails: int = 0) -> bool:
    counts = Job.objects.count(), AuditEvent.objects.exclude(action__startswith="session.").count()
    return (*counts, Jail.objects.count()) == (0, 0, jails)


# -- what is the same for all ---------------------------------------------------------------------------

CHANGES = {
    "start": (start, plans.start_plan, "jail.start_requested", Role.VIEWER),
    "stop": (stop, plans.stop_plan, "jail.stop_requested", Role.VIEWER),
    "restart": (restart, plans.restart_plan, "jail.restart_requested", Role.VIEWER),
    "delete": (delete, partial(plans.delete_plan, wipe=False), "jail.delete_requested", Role.OPERATOR),
}
change = pytest.mark.parametrize("verb", CHANGES)


@change
def test_a_change_becomes_a_job_with_exactly_these_commands(jail, owner, verb):
    ask, plan, _, _ = CHANGES[verb]
    job = ask(jail, actor=owner.actor)
    assert (job.stored_plan, job.plan_hash) == (plan(jail), plan(jail).hash)
    assert (job.state, job.host, job.subject) == (JobState.QUEUED, jail.host, "test")
    assert (job.requester, job.requester_address) == (owner.user, "192.0.2.99")


@change
def test_a_change_is_recorded_with_its_job_and_plan(jail, owner, verb):
    ask, plan, action, _ = CHANGES[verb]
    job = ask(jail, actor=owner.actor)
    event = AuditEvent.objects.order_by("-sequence").first()
    assert (event.action, event.actor_name, event.address) == (action, "owner", "192.0.2.99")
    assert (event.object_type, event.object_id, event.object_name) == ("jail", "test", "test")
    assert (event.host_id, event.job_id) == (jail.host_id, job.pk)
    assert event.detail["plan_hash"] == plan(jail).hash


@change
def test_the_lane_is_woken_once_it_is_committed(jail, sent, verb, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        CHANGES[verb][0](jail)
    assert sent.tasks == [("apps.jobs.tasks.advance_lane", str(jail.host_id))]


@change
def test_who_may_not_asks_for_nothing(jail, outsider, verb, sent, django_capture_on_commit_callbacks):
    ask, _, _, role = CHANGES[verb]
    lesser = make_person("lesser", (role, jail.host))
    with django_capture_on_commit_callbacks(execute=True):
        for actor in (lesser.actor, outsider.actor, STRANGER):
            with pytest.raises(NotAllowed):
                ask(jail, actor=actor)
    assert nothing_was_written(jails=1)
    assert sent.tasks == []


@change
def test_the_same_wish_posted_twice_is_one_job(jail, verb):
    ask, plan, _, _ = CHANGES[verb]
    agreed = {"idempotency_key": "wish", "plan_hash": plan(jail).hash}
    assert ask(jail, **agreed) == ask(jail, **agreed)
    assert Job.objects.count() == AuditEvent.objects.count() == 1


@change
def test_commands_that_are_not_those_that_were_shown_are_not_queued(jail, verb):
    """Someone marked the jail norun while the page was open."""
    ask, plan, _, _ = CHANGES[verb]
    shown = plan(jail).hash
    Jail.objects.update(runs_at_boot=False, jid=4)
    if plan(Jail.objects.get()).hash == shown:
        pytest.fail("the case changes nothing")
    with pytest.raises(Conflict, match="The state changed since these commands were shown"):
        ask(jail, plan_hash=shown)
    assert nothing_was_written(jails=1)


@change
@pytest.mark.parametrize("state", set(HostState) - {HostState.ONLINE})
def test_nothing_is_asked_of_a_host_that_is_away(jail, verb, state):
    Host.objects.update(state=state, state_reason="That is why.")
    with pytest.raises(Conflict, match=r"alpha is .*: That is why\."):
        CHANGES[verb][0](jail)
    assert nothing_was_written(jails=1)


@change
@pytest.mark.parametrize("other", CHANGES)
def test_a_second_job_for_the_same_jail_waits_for_nobody_but_is_refused(jail, verb, other):
    CHANGES[other][0](jail)
    with pytest.raises(Conflict, match=r"the jail test” is queued already\. Wait for its end\."):
        CHANGES[verb][0](jail)
    assert Job.objects.count() == 1


@change
def test_a_job_for_another_jail_is_in_nobodys_way(jail, verb):
    start(make_jail(jail.host, "other", addresses="lo0|10.0.0.9/24"))
    assert CHANGES[verb][0](jail)


@change
def test_a_job_that_has_ended_is_in_nobodys_way(jail, verb):
    CHANGES[verb][0](jail)
    Job.objects.update(state=JobState.FAILED)
    CHANGES[verb][0](jail)
    assert Job.objects.count() == 2


@change
def test_a_jail_that_is_gone_by_now_is_told(jail, verb):
    Jail.objects.all().delete()
    with pytest.raises(Conflict, match="is not there any more"):
        CHANGES[verb][0](jail)


@pytest.mark.django_db(transaction=True)
@change
def test_of_two_who_ask_at_once_one_is_told(sent, verb):
    host = make_host("alpha")
    jail = make_jail(host, jid=4)
    results = at_once(*[partial(CHANGES[verb][0], jail)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["Job"]
    assert Job.objects.count() == AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@change
def test_the_same_wish_at_once_is_one_job_and_nobody_is_told_off(sent, verb):
    jail = make_jail(make_host("alpha"), jid=4)
    results = at_once(*[partial(CHANGES[verb][0], jail, idempotency_key="wish")] * 4)
    assert {result.pk for result in results} == {Job.objects.get().pk}
    assert AuditEvent.objects.count() == 1


# -- deleting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "tes", "TEST", "test ", "other"])
@pytest.mark.parametrize("wipe", [True, False])
def test_a_wrong_name_deletes_nothing(jail, typed, wipe):
    with pytest.raises(InvalidInput, match="Type the jail's name, test, to confirm") as refused:
        delete(jail, wipe=wipe, typed=typed)
    assert refused.value.field == "typed_name"
    assert nothing_was_written(jails=1)


def test_who_may_not_delete_is_not_even_asked_for_the_name(jail, operator):
    with pytest.raises(NotAllowed):
        delete(jail, actor=operator.actor, typed="")


@pytest.mark.parametrize("wipe", [True, False])
def test_the_record_says_whether_files_are_destroyed_and_where(jail, wipe):
    job = delete(jail, wipe=wipe)
    had = {"jid": 4, "root": "/usr/jails/test", "addresses": "lo0|10.0.0.2/24"}
    assert job.intent == had | {"wipe": wipe}
    assert job.intent.items() <= AuditEvent.objects.get().detail.items()


# -- creating -------------------------------------------------------------------------------------------


def test_a_new_jail_has_a_row_at_once_and_a_job_that_makes_it(based, owner):
    wanted = new("two.example", "lo0|10.0.0.7/24,re0|192.0.2.10/24", "example")
    job = create(based, wanted, actor=owner.actor)
    jail = Jail.objects.get()
    assert (jail.name, jail.safe_name, jail.flavour) == ("two.example", "two_example", "example")
    assert (jail.observed_at, jail.jid) == (None, None)
    assert [str(address) for address in jail.addresses.all()] == ["lo0|10.0.0.7/24", "re0|192.0.2.10/24"]
    assert (job.subject, job.stored_plan) == ("two_example", wanted.plan(based))
    event = AuditEvent.objects.order_by("-sequence").first()
    assert (event.action, event.object_id, event.job_id) == ("jail.create_requested", "two_example", job.pk)
    assert event.detail["addresses"] == "lo0|10.0.0.7/24,re0|192.0.2.10/24"


RULES = {
    "name": (new("test"), "name"),
    "folded name": (new("two-example"), "name"),
    "address of a jail": (new(addresses="lo0|10.0.0.2/24"), "address-0"),
    "address of the host": (new(addresses="lo0|10.0.0.7/24,re0|192.0.2.1/24"), "address-1"),
    "interface": (new(addresses="em0|10.0.0.7/24"), "interface-0"),
    "public first": (new(addresses="re0|192.0.2.10/24"), "public_first"),
    "flavour": (new(flavour="another"), "flavour"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_broken_is_refused_here_too_whatever_the_form_let_through(based, rule):
    make_jail(based, "test")
    make_jail(based, "two.example", addresses="lo0|10.0.0.3/24")
    wanted, field = RULES[rule]
    with pytest.raises(InvalidInput) as refused:
        create(based, wanted)
    assert refused.value.field == field
    assert nothing_was_written(jails=2)


def test_the_same_name_and_address_on_another_host_are_no_matter(based, other_host):
    make_jail(other_host, "web", addresses="lo0|10.0.0.7/24")
    assert create(based)


def test_a_public_first_address_is_recorded_with_the_reason(based):
    create(based, new(addresses="re0|192.0.2.10/24", why="It has no services on localhost."))
    assert AuditEvent.objects.get().detail["public_first_reason"] == "It has no services on localhost."


@pytest.mark.parametrize("basejail", ["none", "not complete"])
def test_without_a_whole_basejail_no_jail_is_made(host, basejail):
    if basejail == "not complete":
        make_basejail(host, complete=False)
    with pytest.raises(Conflict, match="The host has no complete basejail"):
        create(host)
    assert nothing_was_written()


def test_a_host_that_is_away_gets_no_jail(based):
    Host.objects.update(state=HostState.UNREACHABLE)
    with pytest.raises(Conflict, match="alpha is unreachable"):
        create(Host.objects.get())
    assert nothing_was_written()


def test_another_plan_than_was_shown_makes_no_jail(based):
    with pytest.raises(Conflict, match="The state changed"):
        create(based, plan_hash=new("other").plan(based).hash)
    assert nothing_was_written()


def test_who_may_not_create_makes_no_jail(based, operator, outsider):
    for actor in (operator.actor, outsider.actor, STRANGER):
        with pytest.raises(NotAllowed):
            create(based, actor=actor)
    assert nothing_was_written()


def test_the_same_new_jail_posted_twice_is_one(based):
    first = create(based, idempotency_key="wish")
    assert create(based, idempotency_key="wish") == first
    assert Jail.objects.count() == AuditEvent.objects.count() == 1


def test_a_jail_whose_job_failed_can_be_asked_for_again_once_the_host_was_looked_at(based, seen):
    wanted = new(addresses="lo0|10.0.0.70/24")
    create(based, wanted)
    Job.objects.update(state=JobState.FAILED)
    with pytest.raises(InvalidInput, match="There is a jail called web"):
        create(based, wanted)
    seen()
    assert create(based, wanted)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "other",
    [new("web", "lo0|10.0.0.8/24"), new("w-eb.x", "lo0|10.0.0.7/24")],
    ids=["one name", "one address"],
)
def test_of_two_who_want_one_name_or_one_address_at_once_one_gets_it(sent, other):
    host = make_host("alpha")
    make_basejail(host)
    results = at_once(partial(create, host), partial(create, host, other))
    assert {type(result) for result in results} == {Job, InvalidInput}
    assert Jail.objects.count() == Job.objects.count() == AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_new_jail_at_once_is_one_job_and_nobody_is_told_off(sent):
    host = make_host("alpha")
    make_basejail(host)
    results = at_once(*[partial(create, host, idempotency_key="wish")] * 4)
    assert {result.pk for result in results} == {Job.objects.get().pk}
    assert Jail.objects.count() == AuditEvent.objects.count() == 1


# -- the basejail ---------------------------------------------------------------------------------------


def test_the_basejail_is_asked_for_and_recorded(host, owner):
    job = install(host, "13.1-RELEASE", actor=owner.actor)
    assert (job.kind, job.subject) == ("jails.basejail_install", "")
    assert job.intent == {"release": "13.1-RELEASE", "sources": False, "ports": False}
    event = AuditEvent.objects.order_by("-sequence").first()
    assert (event.action, event.object_name) == ("basejail.install_requested", "basejail of alpha")
    assert (event.host_id, event.job_id) == (host.pk, job.pk)


@pytest.mark.parametrize("release", ["13.3-RELEASE", "14.0-RELEASE", "13.2-STABLE"])
def test_a_release_that_cannot_be_installed_is_refused_next_to_its_field(host, release):
    with pytest.raises(InvalidInput) as refused:
        install(host, release)
    assert refused.value.field == "release"
    assert nothing_was_written()


def test_a_host_without_ezjail_is_told_how_to_get_it(host):
    Host.objects.update(facts=FACTS | {"ezjail": {"installed": False}})
    with pytest.raises(Conflict, match="tab ezjail of its page"):
        install(Host.objects.get())


def test_a_host_that_has_told_nothing_yet_is_to_be_looked_at_first(host):
    Host.objects.update(release="")
    with pytest.raises(Conflict, match="Probe it first"):
        install(Host.objects.get())


def test_who_may_not_install_asks_for_nothing(host, operator):
    for actor in (operator.actor, STRANGER):
        with pytest.raises(NotAllowed):
            install(host, actor=actor)
    assert nothing_was_written()


def test_one_install_at_a_time(host):
    install(host)
    with pytest.raises(Conflict, match=r"“Install the basejail 13\.2-RELEASE” is queued already"):
        install(host, "13.1-RELEASE")


def test_a_jails_job_is_not_in_its_way(jail):
    start(jail)
    assert install(jail.host)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_install_at_once_one_is_told(sent):
    host = make_host("alpha")
    results = at_once(*[partial(install, host)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["Job"]
    assert Job.objects.count() == AuditEvent.objects.count() == 1
