"""Pages of the second person: before a change is asked for, while it waits, and the policies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.freebsd.commands import Command
from apps.hosts.models import Host, HostGroup
from apps.jobs.models import ApprovalPolicy, Job, JobState
from apps.jobs.plan import Plan
from apps.jobs.services import job_create
from tests.answers import commands, error_of, hidden, text, words
from tests.conftest import make_person
from tests.jobs.conftest import KIND, make_job
from tests.places import make_basejail, make_jail


@pytest.fixture
def policy(db) -> ApprovalPolicy:
    return ApprovalPolicy.objects.create(valid_h=4)


@pytest.fixture
def bob(host):
    return make_person("bob", (Role.MANAGER, host))


@pytest.fixture
def job(host, policy, operator) -> Job:
    return make_job(host, ("/bin/echo", "it's & <here>"), actor=operator.actor)


def page(person, job: Job) -> str:
    return words(person.client.get(job.get_absolute_url()))


def approve(person, job: Job, plan_hash: str = "", **headers: str):
    url = reverse("jobs:job-approve", args=[job.pk])
    return person.client.post(url, {"plan_hash": plan_hash or job.plan_hash}, headers=headers)


# -- before it is asked for -------------------------------------------------------------------------------


@pytest.fixture
def previews(host) -> list[str]:
    """Every page on which a change is agreed to, for a running jail."""
    make_basejail(host)
    make_jail(host, jid=4)
    about_jail = [
        reverse(f"jails:jail-{verb}", args=[host.pk, "test"])
        for verb in ("start", "stop", "restart", "delete")
    ]
    return [*about_jail, reverse("jails:basejail-install", args=[host.pk])]


def test_every_preview_says_that_a_second_person_has_to_agree(previews, policy, owner, bob):
    for url in previews:
        shown = words(owner.client.get(url))
        assert "A second person has to agree. bob can approve it. It waits for 4 hours" in shown, url


def test_the_preview_of_a_new_jail_says_so_while_it_is_typed(previews, host, policy, owner, bob):
    typed = {"name": "web", "interface": "lo0", "address": "10.0.0.9", "prefix": "24"}
    shown = owner.client.post(reverse("jails:jail-check", args=[host.pk]), typed)
    assert "bob can approve it." in words(shown)


def test_no_preview_speaks_of_a_second_person_where_none_is_needed(previews, owner, bob):
    for url in previews:
        assert "second person" not in words(owner.client.get(url))


def test_a_preview_says_when_nobody_else_could_approve(previews, policy, owner):
    for url in previews:
        assert "Nobody but you may approve here" in words(owner.client.get(url))


def test_every_step_of_a_preview_says_how_it_is_taken_back(previews, owner):
    stop, delete, install = previews[1], f"{previews[3]}?wipe=yes", previews[4]
    assert "Taken back with /usr/local/bin/ezjail-admin onestart test" in words(owner.client.get(stop))
    shown = words(owner.client.get(delete))
    assert shown.count("Taken back with") + shown.count("No command takes this back.") == 2
    assert "No command takes this back." in words(owner.client.get(install))


def test_who_asks_for_what_needs_an_approval_is_shown_the_job(previews, policy, operator, bob):
    url = previews[1]
    form = {name: hidden(operator.client.get(url), name) for name in ("plan_hash", "idempotency_key")}
    answer = operator.client.post(url, form | {"next": "/jails/"})
    assert answer.headers["Location"] == Job.objects.get().get_absolute_url()


def test_who_asks_for_anything_else_goes_back_to_where_they_were(previews, operator):
    assert operator.client.post(previews[1], {"next": "/jails/"}).headers["Location"] == "/jails/"


# -- while it waits ---------------------------------------------------------------------------------------


def test_the_second_person_sees_the_commands_as_one_could_paste_them(job, bob):
    answer = bob.client.get(job.get_absolute_url())
    assert commands(answer) == ["""/bin/echo 'it'"'"'s & <here>'"""]
    assert "Run /bin/echo" in words(answer)
    assert hidden(answer, "plan_hash") == job.plan_hash
    assert "What runs is byte for byte what stands here" in words(answer)
    assert 'id="job-approve"' in text(answer)


def test_everybody_else_sees_who_may_and_why_they_may_not(job, bob, operator, viewer):
    for person, why in ((operator, "You asked for it"), (viewer, "You may not approve jobs here.")):
        shown = page(person, job)
        assert "bob can approve this, until" in shown
        assert why in shown
        assert 'id="job-approve"' not in text(person.client.get(job.get_absolute_url()))


def test_a_job_that_nobody_can_approve_says_so(host, policy, bob):
    assert "Nobody can approve this" in page(bob, make_job(host, actor=bob.actor))


def test_approving_leads_back_to_the_job_which_says_who_did(job, bob):
    answer = approve(bob, job)
    assert answer.headers["Location"] == job.get_absolute_url()
    shown = page(bob, job)
    assert "Approved by bob" in shown
    assert f"SHA-256 {job.plan_hash[:12]}…" in shown
    assert "You approved “Work on it”." in shown


def test_approving_other_commands_than_these_is_refused_in_words(job, bob):
    assert approve(bob, job, "0" * 64).status_code == 409
    answer = approve(bob, job, "0" * 64, **{"HX-Request": "true"})
    assert "not the commands that wait" in words(answer)
    assert Job.objects.get().state == JobState.AWAITING


def test_who_asked_gets_a_refusal_when_they_post_all_the_same(host, policy, bob):
    job = make_job(host, actor=bob.actor)
    assert approve(bob, job).status_code == 403
    assert bob.client.post(reverse("jobs:job-reject", args=[job.pk]), {"reason": "x"}).status_code == 403


def test_a_rejection_needs_a_reason_and_keeps_what_was_typed(job, bob):
    url = reverse("jobs:job-reject", args=[job.pk])
    answer = bob.client.post(url, {"reason": " "})
    assert answer.status_code == 422
    assert error_of(answer, "id_reason")
    answer = bob.client.post(url, {"reason": "x" * 501})
    assert "x" * 501 in text(answer)
    assert Job.objects.get().state == JobState.AWAITING


def test_the_reason_of_a_rejection_is_on_the_page_for_who_asked(job, bob, operator):
    bob.client.post(reverse("jobs:job-reject", args=[job.pk]), {"reason": "<b>no</b>"})
    assert "bob rejected it: <b>no</b>" in page(operator, job)
    assert "<b>no</b>" not in text(operator.client.get(job.get_absolute_url()))


# -- what waits, and the policies ---------------------------------------------------------------------------


def test_what_waits_is_listed_for_who_decides_and_for_who_does_not(job, bob, operator, outsider):
    assert f'id="decide-{job.pk}"' in text(bob.client.get("/approval/"))
    shown = operator.client.get("/approval/")
    assert "for somebody else" in words(shown)
    assert f'id="decide-{job.pk}"' not in text(shown)
    assert "Nothing waits for an approval." in words(outsider.client.get("/approval/"))


def test_what_runs_out_first_comes_first(host, job, bob, operator):
    plan = Plan(KIND, "Work on that", (Command(("/bin/x",), "Run it."),))
    other = job_create(actor=operator.actor, host_id=host.pk, plan=plan, subject="", intent={})
    Job.objects.filter(pk=other.pk).update(approval_until=timezone.now() + timedelta(minutes=5))
    shown = words(bob.client.get("/approval/"))
    assert shown.index("Work on that") < shown.index("Work on it")


def test_without_policies_the_page_explains_what_one_is(owner, operator):
    assert "A policy asks for a second person" in words(owner.client.get("/approval/"))
    assert "An administrator can ask for one." in words(operator.client.get("/approval/"))


def test_a_policy_says_what_it_is_about_and_warns_where_nobody_could_approve(owner, host):
    group = HostGroup.objects.create(name="production")
    Host.objects.filter(pk=host.pk).update(group=group)
    ApprovalPolicy.objects.create(group=group, kind="jails.stop", valid_h=1)
    shown = words(owner.client.get("/approval/"))
    assert "production" in shown
    assert "Stop a jail 1 hour" in shown
    assert "Only owner may approve on alpha" in shown


def test_who_may_not_change_policies_sees_no_names_of_other_hosts(operator, other_host, policy):
    shown = operator.client.get("/approval/")
    assert "omega" not in words(shown)
    assert "You may not change which jobs need a second person." in text(shown)


def test_a_policy_is_added_changed_and_removed(owner, host):
    group = HostGroup.objects.create(name="production")
    owner.client.post("/approval/add/", {"group": group.pk, "kind": "jails.stop", "valid_h": "8"})
    policy = ApprovalPolicy.objects.get()
    url = reverse("jobs:policy-change", args=[policy.pk])
    assert f'<option value="{group.pk}" selected>' in text(owner.client.get(url))
    owner.client.post(url, {"group": "", "kind": "jails.stop", "valid_h": "9"})
    policy.refresh_from_db()
    assert (policy.group, policy.kind, policy.valid_h) == (None, "jails.stop", 9)
    url = reverse("jobs:policy-remove", args=[policy.pk])
    assert "Stop a jail on every host" in words(owner.client.get(url))
    assert owner.client.post(url).headers["Location"] == "/approval/"
    assert not ApprovalPolicy.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"valid_h": ""}, "valid_h"),
        ({"valid_h": "0"}, "valid_h"),
        ({"valid_h": "721"}, "valid_h"),
        ({"kind": "jails.explode"}, "kind"),
        ({"group": "4711"}, "group"),
        ({"kind": ""}, "kind"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_beside_its_field(owner, policy, typed, field):
    """The last one is there already."""
    answer = owner.client.post("/approval/add/", {"group": "", "kind": "jails.stop", "valid_h": "24"} | typed)
    assert answer.status_code == 422
    assert error_of(answer, f"id_{field}")
    assert ApprovalPolicy.objects.count() == 1


@pytest.mark.parametrize("group", ["", "x", "4711", "²", "9" * 40])
def test_the_form_warns_of_the_chosen_group_as_it_is_chosen(owner, host, group):
    headers = {"HX-Request": "true", "HX-Target": "policy-warning"}
    answer = owner.client.get("/approval/add/", {"group": group}, headers=headers)
    assert answer.status_code == 200
    assert text(answer).lstrip().startswith('<div id="policy-warning"')
    assert ("Only owner may approve on alpha" in words(answer)) == (group in ("", "x", "²"))
