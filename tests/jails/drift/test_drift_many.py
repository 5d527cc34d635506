"""Many jails that drift: one batch that puts them right, one agreement to all that a list shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostState
from apps.jails.bulk import BulkAgreed, bulk_of, bulk_request
from apps.jails.changes import CHANGES, START
from apps.jails.drift.bulk import PUT_RIGHT
from apps.jails.models import Drift, Jail
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.models import Job
from tests.answers import words
from tests.freebsd.probes import out, whole_probe
from tests.jails.conftest import NONE_RUNNING
from tests.jails.drift.conftest import SIX, drifts
from tests.jails.drift.test_drift_seen import FILE_GONE, NORUN


@pytest.fixture
def drifting(host, look) -> None:
    """six is norun and stopped, test is stopped, two.example is as it is wanted but stopped as well."""
    Host.objects.filter(pk=host.pk).update(state=HostState.ONLINE)
    look()
    look(**NORUN, jails=NONE_RUNNING)


def ids(*names: str) -> list[int]:
    return list(Jail.objects.filter(safe_name__in=names).values_list("pk", flat=True))


def test_all_are_put_right_by_one_batch(drifting):
    bulk = bulk_of(actor=PANEL, change=CHANGES["apply_wanted"], jail_ids=ids("six", "test"))
    assert [[" ".join(step.argv[1:]) for step in part.plan.commands] for part in bulk.parts] == [
        ["config -r run six", "onestart six"],
        ["onestart test"],
    ]
    assert bulk.title == "Put right 2 jails"
    agreed = BulkAgreed(Agreed(bulk.hash, "key"), Pace(), without=True)
    bulk_request(actor=PANEL, change=PUT_RIGHT, jail_ids=ids("six", "test"), agreed=agreed)
    fields = dict(Job.objects.values_list("subject", "intent"))
    assert fields["six"]["fields"] == ["running", "runs_at_boot"]
    assert set(Job.objects.values_list("kind", flat=True)) == {"jails.apply_wanted"}


def test_those_that_need_nothing_or_cannot_are_left_out(drifting, look):
    Jail.objects.filter(safe_name="test").update(wanted=None)
    Jail.objects.filter(safe_name="two_example").update(root_exists=False)
    Jail.objects.filter(safe_name="two_example").update(jid=1)
    bulk = bulk_of(actor=PANEL, change=PUT_RIGHT, jail_ids=ids("test", "two_example"))
    said = {part.jail.safe_name: part.reason for part in bulk.left_out}
    assert said["test"] == "It is as it is wanted."
    assert "restore the jail" in said["two_example"]


def test_a_missing_jail_is_written_again_among_others_and_not_started(look, host):
    Host.objects.filter(pk=host.pk).update(state=HostState.ONLINE)
    look()
    look(**FILE_GONE, jails=NONE_RUNNING)
    (part,) = bulk_of(actor=PANEL, change=PUT_RIGHT, jail_ids=ids("six")).parts
    assert part.plan.commands[0].path == "/usr/local/etc/ezjail/six"
    (left,) = bulk_of(actor=PANEL, change=START, jail_ids=ids("six")).left_out
    assert "Drift" in left.reason


# -- the page -----------------------------------------------------------------------------------------

URL = "/drift/adopt/"


def test_what_a_list_shows_is_adopted_and_nothing_else(drifting, owner):
    page = owner.client.get(URL, {"query": "field=runs_at_boot"})
    assert "Adopt 1 difference of 1 jail" in page.content.decode()
    answer = owner.client.post(URL, page.context["hidden"], follow=True)
    assert "1 jail is wanted as seen." in answer.content.decode()
    assert drifts("six") == {"running": ("yes", "no")}
    assert set(Drift.objects.values_list("jail__safe_name", flat=True)) == {"six", "test", "two_example"}


def test_a_list_that_changed_is_looked_at_again(drifting, owner, look):
    page = owner.client.get(URL)
    look(_file_test=out(whole_probe()["file:test"].text.replace('fib=""', 'fib="1"')))
    assert owner.client.post(URL, page.context["hidden"]).status_code == 409
    assert not AuditEvent.objects.filter(action="jail.drift_adopted").exists()


def test_missing_jails_are_forgotten_one_by_one(owner, look):
    look()
    look(**FILE_GONE, _fstab_test=out("x\n"))
    page = owner.client.get(URL)
    assert "Left as they are: 1 more" in page.content.decode()
    owner.client.post(URL, page.context["hidden"])
    assert Jail.objects.filter(safe_name="six").exists()
    assert drifts("test") == {}


def test_one_agrees_to_nothing_on_the_hosts_of_others(drifting, outsider):
    page = outsider.client.get(URL)
    assert outsider.client.post(URL, page.context["hidden"]).status_code == 422
    assert Drift.objects.count() == 4


def test_the_list_leads_to_both(drifting, owner, viewer):
    page = owner.client.get(reverse("jails:drift-list")).content.decode()
    shown = ",".join(map(str, sorted(ids("six", "test", "two_example"))))
    assert f"/jails/bulk/apply_wanted/?jails={shown}" in page
    assert "/drift/adopt/?query=" in page
    assert "/drift/adopt/" not in viewer.client.get(reverse("jails:drift-list")).content.decode()


def test_the_list_is_narrowed_and_searched(drifting, owner, look):
    look(_file_six=out(SIX.replace('fib=""', 'fib="7"')), jails=NONE_RUNNING)

    def names(**query: str) -> int:
        return owner.client.get(reverse("jails:drift-list"), query).context["listing"].total

    assert names() == 4
    assert names(field="running") == 3
    assert names(field="variable") == 1
    assert names(q="fib") == 1
    assert names(q="two.example") == 1
    assert names(host="no such host") == 4


def test_what_was_taken_over_lately_is_listed_with_when(owner, outsider, look):
    look(**FILE_GONE)
    look()
    page = words(owner.client.get(reverse("jails:drift-list")))
    assert "six on alpha" in page
    assert "2 jails on alpha" in page
    assert "six on alpha" not in words(outsider.client.get(reverse("jails:drift-list")))
