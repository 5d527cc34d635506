"""The rooms' pages as their markup promises: what is live, what is said aloud, how old each value is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import HostState
from apps.jails.models import Jail
from apps.jails.services import Agreed, NewJail, jail_create_request, jail_stop_request
from apps.jobs.models import Job, JobState
from tests.answers import commands, plain, text, words
from tests.places import HOST_KEY, make_basejail, make_host, make_jail

LIVE = re.compile(r"<div class=\"live[^>]*>.*", re.DOTALL)


@pytest.fixture
def page(owner, sent):
    """Give a page as the owner sees it."""

    def get(url: str, target: str = "") -> object:
        headers = {"HX-Request": "true", "HX-Target": target} if target else {}
        return owner.client.get(url, headers=headers)

    return get


@pytest.fixture
def full(host, owner, sent):
    """A host with jails of every kind, and jobs in several states."""
    make_basejail(host)
    make_jail(host, jid=4)
    make_jail(host, "no-root", addresses="lo0|10.0.0.3/24", root_exists=False, runs_at_boot=False)
    make_jail(host, "bad.file", addresses="lo0|10.0.0.4/24", problem="No line export jail_bad_file_ip.")
    many = ",".join(f"re0|2001:db8::{number:x}/64" for number in range(1, 8))
    make_jail(host, "many", addresses=many, kind="Z", jid=9)
    jail_stop_request(actor=owner.actor, jail=Jail.objects.get(name="test"), agreed=Agreed())
    make_host("new", address="203.0.113.1", state=HostState.NEW, seen_at=None, facts={})
    make_host("other-key", address="203.0.113.2", state=HostState.KEY_CHANGED, offered_key=HOST_KEY)
    return host


def pages(host) -> list[str]:
    return [
        "/", "/hosts/", "/hosts/add/", "/jails/", "/jobs/", "/record/",
        host.get_absolute_url(),
        *(other.get_absolute_url() for other in type(host).objects.exclude(pk=host.pk)),
        *(jail.get_absolute_url() for jail in Jail.objects.all()),
        Job.objects.get().get_absolute_url(),
        reverse("jails:jail-create", args=[host.pk]),
        reverse("jails:basejail-install", args=[host.pk]),
        reverse("jails:jail-delete", args=[host.pk, "many"]),
    ]  # fmt: skip


def test_no_page_has_an_id_twice(full, page):
    for url in pages(full):
        ids = re.findall(
            r'\sid="([^"]+)"', re.sub(r"<template.*?</template>", "", text(page(url)), flags=re.DOTALL)
        )
        assert sorted(ids) == sorted(set(ids)), url


def test_links_and_buttons_that_are_refreshed_have_an_id_to_keep_the_focus_by(full, page):
    for url in pages(full):
        live = LIVE.search(text(page(url)).partition("<dialog")[0])
        for tag in re.findall(r"<(?:a|summary|button type=\"submit\")\s[^>]*>", live[0] if live else ""):
            assert "id=" in tag or "breadcrumb" in tag, (url, tag)


def test_what_can_be_opened_in_a_live_region_has_an_id(full, page):
    for url in pages(full):
        assert not re.findall(r"<details(?![^>]*id=)[^>]*>", text(page(url))), url


def test_nothing_that_changes_as_a_whole_is_read_aloud(full, page):
    for url in pages(full):
        for tag in re.findall(r"<[a-z]+[^>]*aria-live=\"polite\"[^>]*>", text(page(url))):
            assert "field-error" in tag or 'id="toasts"' in tag, (url, tag)


def test_output_is_a_log_that_is_not_read_aloud_and_the_state_is(full, page):
    answer = text(page(Job.objects.get().get_absolute_url()))
    assert re.search(r'role="log"\s+aria-live="off"', answer)
    assert 'data-say="Stop the jail test: queued."' in answer


def test_cells_say_their_heading_without_javascript(full, page):
    for url in ("/hosts/", "/jails/", "/jobs/", "/record/", full.get_absolute_url()):
        table = re.search(r"<table class=\"table[^>]*data-stacks>.*?</table>", text(page(url)), re.DOTALL)[0]
        headings = [plain(cell) for cell in re.findall(r"<th scope.*?</th>", table, re.DOTALL)]
        row = re.search(r"<tbody>.*?</tr>", table, re.DOTALL)[0]
        cells = re.findall(r"<td[^>]*>", row)
        for heading, cell in list(zip(headings, cells, strict=True))[1:]:
            assert f'data-label="{heading}"' in cell or "row-actions" in cell, (url, cell)


def test_jails_of_a_host_that_is_away_are_never_stopped_and_say_when_they_were_read(full, page):
    hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.all().delete()
    type(full).objects.filter(pk=full.pk).update(state=HostState.UNREACHABLE, seen_at=hour_ago)
    Jail.objects.update(observed_at=hour_ago)
    for url in (
        "/jails/",
        full.get_absolute_url(),
        *(jail.get_absolute_url() for jail in Jail.objects.all()),
    ):
        shown = words(page(url))
        assert not re.search(r"\b(Stopped|Running)\b", re.sub("Any state Running Stopped", "", shown)), url
        assert "Was running" in shown or "Was stopped" in shown, url
        assert "1 hour ago" in shown, url


def test_dashboard_shows_what_is_wrong_first_and_what_is_well_last(host, page, owner):
    make_basejail(host)
    make_jail(host)
    make_host("fresh", address="203.0.113.1")
    make_host("gone", address="203.0.113.2", state=HostState.UNREACHABLE)
    assert re.findall(r'data-host="([^"]+)"', text(page("/"))) == ["gone", "fresh", "alpha"]


@pytest.mark.parametrize(
    ("target", "beside"),
    [("host-body", ["host-subtitle", "host-actions"]), ("jail-body", ["jail-subtitle", "jail-page-actions"])],
)
def test_heading_and_buttons_are_refreshed_with_the_body(full, page, target, beside):
    where = full if target == "host-body" else Jail.objects.get(name="many")
    answer = text(page(where.get_absolute_url(), target))
    assert "<h1" not in answer
    assert re.findall(r'id="([^"]+)"\s*hx-swap-oob="true"', answer) == beside


def test_a_list_shows_three_addresses_of_a_jail_and_how_many_there_are(full, page):
    shown = words(page("/jails/?q=many"))
    assert "2001:db8::3" in shown
    assert "2001:db8::4" not in shown
    assert "7 in all" in shown


def test_a_plan_says_what_each_part_of_a_command_is_for(full, page):
    answer = page(reverse("jails:basejail-install", args=[full.pk]))
    assert "<code>-h</code>" in text(answer)
    assert "names a directory of the host, with what was proven" in words(answer)
    installs = "/usr/bin/script -q /dev/null /usr/local/bin/ezjail-admin install"
    assert any(command.startswith(installs) for command in commands(answer))


def test_the_record_says_on_which_host_a_jail_is(full, page):
    assert "jail test on alpha" in words(page("/record/?q=jail.stop_requested"))


# -- from a job that ended ------------------------------------------------------------------------------


@pytest.fixture
def failed_create(host, owner, sent):
    """A job that failed to make a jail."""
    make_basejail(host)
    wanted = NewJail(
        JailName.parse("web"), JailAddresses.parse("re0|192.0.2.10/24,lo0|10.0.0.2/24"), None, "Only one."
    )
    job = jail_create_request(actor=owner.actor, host=host, wanted=wanted, agreed=Agreed())
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, outcome="No space left.")
    Jail.objects.all().delete()
    return Job.objects.get()


def link(answer, label: str) -> str:
    """Where the button of this label leads."""
    tags = re.findall(r"<a\s([^>]*)>((?:(?!</a>).)*)</a>", text(answer), re.DOTALL)
    return next(re.search(r'href="([^"]*)"', tag)[1] for tag, inside in tags if plain(inside) == label)


def test_from_a_failed_wish_one_goes_back_to_the_form_as_it_was(failed_create, page):
    form = page(link(page(failed_create.get_absolute_url()), "Back to the form"))
    assert form.status_code == 200
    for name, values in {
        "name": ["web"],
        "address": ["192.0.2.10", "10.0.0.2"],
        "prefix": ["24", "24"],
    }.items():
        found = re.findall(
            rf'<input[^>]*name="{name}"[^>]*?value="([^"]*)"', text(form).partition("<template")[0]
        )
        assert found == values
    assert 'value="Only one."' in text(form)
    assert commands(form) == ["/usr/local/bin/ezjail-admin create web 're0|192.0.2.10/24,lo0|10.0.0.2/24'"]


@pytest.mark.parametrize("again", ["nonsense", "00000000-0000-0000-0000-000000000000", ""])
def test_a_job_that_is_none_gives_an_empty_form(host, page, again):
    make_basejail(host)
    url = reverse("jails:jail-create", args=[host.pk])
    form = page(f"{url}?again={again}")
    assert form.status_code == 200
    assert commands(form) == []


def test_a_job_of_another_host_gives_an_empty_form(failed_create, other_host, page):
    make_basejail(other_host)
    url = reverse("jails:jail-create", args=[other_host.pk])
    assert commands(page(f"{url}?again={failed_create.pk}")) == []


def test_one_who_may_not_create_is_not_led_to_the_form(failed_create, viewer):
    assert "Back to the form" not in words(viewer.client.get(failed_create.get_absolute_url()))


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        (JobState.SUCCEEDED, ["Open test"]),
        (JobState.FAILED, ["Open test", "Try again"]),
        (JobState.QUEUED, []),
    ],
)
def test_a_job_of_a_jail_leads_to_it_and_to_another_try(full, page, state, labels):
    Job.objects.update(state=state)
    found = re.findall(
        r'<a[^>]*id="next-\d"[^>]*>(.*?)</a>', text(page(Job.objects.get().get_absolute_url())), re.DOTALL
    )
    assert [plain(label) for label in found] == labels


def test_a_job_of_a_kind_that_is_gone_leads_nowhere(full, page):
    Job.objects.update(state=JobState.FAILED, kind="gone.kind")
    assert page(Job.objects.get().get_absolute_url()).status_code == 200


# -- without JavaScript -----------------------------------------------------------------------------------


def test_another_row_comes_without_complaints_and_what_was_typed_stays(host, owner):
    make_basejail(host)
    url = reverse("jails:jail-create", args=[host.pk])
    wish = {"interface": "re0", "address": "192.0.2.10", "prefix": "24", "public_first": "on", "add_row": "1"}
    answer = owner.client.post(url, wish)
    rows = text(answer).partition('id="address-rows"')[2].partition("<template")[0]
    assert answer.status_code == 200
    assert re.findall(r'name="address"[^>]*value="([^"]*)"', rows) == ["192.0.2.10", ""]
    assert not re.findall(r'class="field-error"[^>]*><div>', text(answer))
    assert Job.objects.count() == 0


def test_output_before_its_end_is_led_to_and_back(full, page, monkeypatch):
    monkeypatch.setattr("apps.jobs.output_queries.PAGE_BYTES", 4)
    job = Job.objects.get()
    step = job.steps.get()
    for number, word in enumerate((b"one\n", b"two\n", b"end\n")):
        step.chunks.create(offset=4 * number, data=word)
    job.steps.update(output_bytes=12)

    def follow(answer, label: str):
        return page(job.get_absolute_url() + link(answer, label).replace("&amp;", "&"))

    last = page(job.get_absolute_url())
    earlier = follow(last, "Show earlier output")
    first = follow(earlier, "From the beginning")
    later = follow(first, "Show later output")
    shown = [
        re.findall(r'output-part"[^>]*>\s*(\w+)', text(answer)) for answer in (last, earlier, first, later)
    ]
    assert shown == [["end"], ["two"], ["one"], ["two"]]
    assert link(first, "To the end") == job.get_absolute_url()


def test_a_host_with_many_jails_shows_the_first_and_leads_to_all(host, page):
    make_basejail(host)
    for number in range(51):
        make_jail(host, f"many{number:02}", addresses=f"lo0|10.0.1.{number + 1}/24")
    answer = page(host.get_absolute_url())
    assert "many49" in text(answer)
    assert "many50" not in text(answer)
    assert link(answer, "All jails of alpha") == "/jails/?host=alpha"
    assert len(answer.content) < 200_000
