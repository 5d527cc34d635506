"""The pages of a host's firewall, and what may be asked for on them."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.firewall.codec import to_json
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.ports import job_kind, tell_ended
from apps.network.firewall.plans import BOOT, KIND, boot_text
from apps.network.models import AppliedFirewall, AppliedState, HostFirewall, Layout, RuleSet
from tests.network.firewall.places import applied, firewall, see

ALL = "65000 allow ip from any to any"
SHUT = "100 deny tcp from any to me 22 in"
LIVE = firewall(f"5 {ALL[6:]}", ALL)


@pytest.fixture
def rule_set(host):
    return RuleSet.objects.create(host=host, name="ours", layout=Layout.WRITTEN, written=ALL)


def url(host, page: str = "", *more) -> str:
    return reverse(f"network:host-firewall{page}", args=[host.pk, *more])


def shown(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_a_host_without_a_look_without_ipfw_and_without_a_rule_set_says_so(owner, host):
    assert "Not looked at yet" in shown(owner.client, url(host))
    see(host, None)
    text = shown(owner.client, url(host))
    assert "ipfw is not loaded" in text
    assert f"{reverse('network:rules-add')}?host={host.pk}" in text


def test_rules_stand_with_their_counters_and_what_is_special_about_them(owner, host, rule_set):
    rules = firewall("10 set 31 count ip from any to any", "20 set 5 deny ip from any to any", SHUT, ALL)
    see(host, replace(rules, disabled_sets=frozenset({5})))
    HostFirewall.objects.update(kept={"firewall": to_json(firewall(ALL))}, differs_since=timezone.now())
    text = shown(owner.client, url(host))
    for words in ("stays whatever is applied", "its set is off", "typed by hand", "the host's own last rule"):
        assert words in text
    assert "Changed by hand" in text
    assert f"1 rule is in force that nobody wants: “00{SHUT}”." in text
    assert text.count('class="is-unused"') == 1


def test_what_is_wanted_and_kept_is_said_to_be(owner, host, rule_set):
    wanted = firewall("65000 set 17 allow ip from any to any", one_pass=False)
    see(host, wanted, boot=boot_text(wanted, 17))
    HostFirewall.objects.update(kept={"firewall": to_json(wanted)})
    type(host).objects.update(facts=host.facts | {"setup": {"rc": {"values": dict(BOOT)}}})
    text = shown(owner.client, url(host))
    assert "As wanted" in text
    assert "others: they are not kept" not in text


def test_thousands_of_rules_come_in_pages(owner, host, rule_set):
    see(host, firewall(*(f"{number} count ip from any to any" for number in range(1, 451))))
    assert "Rules 401 to 451 of 451" in shown(owner.client, f"{url(host)}?page=3")


def test_the_page_before_says_what_is_wrong_next_to_its_field(owner, host, rule_set):
    see(host, LIVE)
    for seconds, status in (("0", 422), ("banana", 422), ("٣", 422), ("601", 422), ("120", 302)):
        answer = owner.client.post(url(host, "-apply"), {"seconds": seconds})
        assert answer.status_code == status, seconds
    assert Job.objects.get().stored_plan.commands[6].argv[-1] == "120"


def test_rules_that_cut_the_panel_off_ask_for_the_hosts_name(owner, host, rule_set):
    see(host, LIVE)
    RuleSet.objects.update(written=f"{SHUT}\n{ALL}")
    assert "The panel's connection from 192.0.2.250" in shown(owner.client, url(host, "-apply"))
    refused = owner.client.post(url(host, "-apply"), {"seconds": "60"})
    assert refused.status_code == 422
    assert "Type the host&#x27;s name, alpha" in refused.content.decode()
    assert owner.client.post(url(host, "-apply"), {"typed_name": "alpha"}).status_code == 302
    assert AppliedFirewall.objects.get().state == AppliedState.SENT


def test_a_plan_that_was_not_shown_is_not_run(owner, host, rule_set):
    see(host, LIVE)
    answer = owner.client.post(url(host, "-apply"), {"plan_hash": "0" * 64})
    assert answer.status_code == 422
    assert "changed since these commands were shown" in answer.content.decode()


def test_a_rule_set_that_is_not_whole_is_not_applied(owner, host, rule_set):
    see(host, LIVE)
    RuleSet.objects.update(written="100 allow ip from $nothing to any")
    assert "The rule set is not whole." in shown(owner.client, url(host, "-apply"))


def test_taking_over_has_the_rule_set_say_what_is_there(owner, host, rule_set):
    see(host, firewall("10 set 31 count ip from any to any", SHUT, ALL))
    answer = owner.client.post(url(host, "-adopt"))
    assert answer.url == reverse("network:rules-detail", args=[rule_set.pk])
    rule_set.refresh_from_db()
    assert (rule_set.layout, rule_set.written) == (Layout.WRITTEN, f"00{SHUT}\n{ALL}\n")
    RuleSet.objects.all().delete()
    assert owner.client.post(url(host, "-adopt")).status_code == 409


def test_an_earlier_firewall_is_applied_again(owner, host):
    see(host, LIVE)
    was = applied(host, firewall("100 set 18 allow tcp from any to me 22 in", ALL))
    text = shown(owner.client, url(host, "-applied", was.pk))
    assert "00100 allow tcp from any to me 22 in" in text
    answer = owner.client.post(url(host, "-apply"), {"again": str(was.pk)})
    assert answer.status_code == 302
    job = Job.objects.get()
    assert "add 00100 set 17 allow tcp from any to me 22 in\n" in job.stored_plan.commands[0].after
    assert owner.client.get(url(host, "-applied", 2**40)).status_code == 404


def queued(owner, host) -> Job:
    owner.client.post(url(host, "-apply"))
    return Job.objects.prefetch_related("steps").get()


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"state": StepState.SUCCEEDED, "exit_status": 0}, AppliedState.KEPT),
        ({"state": StepState.FAILED, "exit_status": 75}, AppliedState.TAKEN_BACK),
        ({"state": StepState.FAILED, "exit_status": 65}, AppliedState.FAILED),
        ({"state": StepState.CANCELLED, "started_at": timezone.now()}, AppliedState.TAKEN_BACK),
        ({"state": StepState.SKIPPED}, AppliedState.FAILED),
    ],
    ids=["kept", "taken back", "not switched", "cancelled", "never begun"],
)
def test_the_end_of_a_job_says_what_became_of_its_firewall(owner, host, rule_set, values, state):
    see(host, LIVE)
    job = queued(owner, host)
    Step.objects.filter(job=job, argv__1="switch-firewall").update(**values)
    tell_ended(Job.objects.prefetch_related("steps").get(pk=job.pk))
    sent = AppliedFirewall.objects.get()
    assert sent.state == state
    kept = HostFirewall.objects.get().kept
    assert kept == (sent.content if state == AppliedState.KEPT else None)


def test_the_proof_looks_at_rules_boot_and_whether_packets_are_looked_at(owner, host, rule_set):
    see(host, LIVE)
    job = queued(owner, host)
    verify = job_kind(KIND).verify
    assert len(verify(job)) == 1 + 1 + 1 + 3  # a rule too many, one_pass, the file, three lines of rc.conf
    done = firewall("65000 set 17 allow ip from any to any", one_pass=False)
    type(host).objects.update(facts=host.facts | {"setup": {"rc": {"values": dict(BOOT)}}})
    see(host, done, boot=boot_text(done, 17))
    assert verify(job) == []
    see(host, done, boot=boot_text(done, 17), is_enabled=False)
    assert "switched off" in verify(job)[0]
    see(host, None)
    assert verify(job) == ["ipfw is not loaded on the host."]


def test_the_command_line_shows_the_plan_and_asks(host, rule_set, monkeypatch):
    see(host, LIVE)
    out, err = StringIO(), StringIO()
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(SystemExit):
        call_command("firewall", "apply", "alpha", stdout=out, stderr=err, no_color=True)
    assert "switch-firewall 17 0 60" in out.getvalue()
    call_command("firewall", "apply", "alpha", "--yes", "--seconds", "30", stdout=out, stderr=err)
    assert Job.objects.get().stored_plan.commands[6].argv[-1] == "30"
    RuleSet.objects.update(written=f"{SHUT}\n{ALL}")
    Job.objects.all().delete()
    with pytest.raises(SystemExit):
        call_command("firewall", "apply", "alpha", "--yes", stdout=out, stderr=err)
    assert not Job.objects.exists()


def test_firewalls_that_somebody_changed_stand_in_the_list_of_drift(owner, outsider, host):
    see(host, LIVE)
    assert "Hosts with other rules" not in shown(owner.client, reverse("jails:drift-list"))
    HostFirewall.objects.update(differs_since=timezone.now())
    text = shown(owner.client, reverse("jails:drift-list"))
    assert "Hosts with other rules in force than the panel put there." in text
    assert url(host) in text
    assert url(host) not in shown(outsider.client, reverse("jails:drift-list"))


def test_one_that_came_to_nothing_is_asked_for_once_more(owner, host, rule_set):
    see(host, LIVE)
    job = queued(owner, host)
    Job.objects.update(state=JobState.FAILED)
    again = job_kind(KIND).again
    assert again is not None
    plan = again.replan(job)
    second = again.ask(job, PANEL, plan.hash, "key")
    assert (second.origin, second.plan_hash) == (job, plan.hash)
    assert AppliedFirewall.objects.count() == 2
