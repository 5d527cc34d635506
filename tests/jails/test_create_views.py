"""Making a jail or a basejail in the browser: the plan while one types, every complaint in its place."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostState
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState
from tests.answers import commands, error_of, hidden, text, words
from tests.places import FACTS, make_basejail, make_jail

WISH = {"name": "web", "flavour": "", "interface": ["lo0"], "address": ["10.0.0.7"], "prefix": ["24"]}
EZJAIL = "/usr/local/bin/ezjail-admin"
SETS = "file:///var/db/jailpanel/files/sets"
INSTALL = f"/usr/bin/script -q /dev/null {EZJAIL} install -h {SETS}"
OLDER = f"/usr/bin/env UNAME_r=13.1-RELEASE {INSTALL}"
HTMX = {"HX-Request": "true", "HX-Target": "plan-card"}


@pytest.fixture
def browser(owner, host):
    """The owner's browser, with ways to the forms of the host alpha, which has a basejail."""
    make_basejail(host)

    class Browser:
        client = owner.client
        url = reverse("jails:jail-create", args=[host.pk])
        check_url = reverse("jails:jail-check", args=[host.pk])
        install_url = reverse("jails:basejail-install", args=[host.pk])
        install_check_url = reverse("jails:basejail-check", args=[host.pk])

        def get(self, **query):
            return self.client.get(self.url, query)

        def post(self, **changed):
            return self.client.post(self.url, WISH | changed)

        def check(self, **changed):
            return self.client.post(self.check_url, WISH | changed, headers=HTMX)

        def install(self, **changed):
            return self.client.post(self.install_url, {"release": "13.2-RELEASE"} | changed)

        def install_check(self, **changed):
            data = {"release": "13.2-RELEASE"} | changed
            return self.client.post(self.install_check_url, data, headers=HTMX)

    return Browser()


def inputs(answer, name: str) -> list[str]:
    """The values of the address rows; not of the template for the next one."""
    rows = text(answer).partition('id="address-rows"')[2].partition("<template")[0]
    return re.findall(rf'<input[^>]*\bname="{name}"[^>]*\bvalue="([^"]*)"', rows)


def nothing_was_written() -> bool:
    requested = AuditEvent.objects.filter(action__contains="requested")
    return not (Job.objects.exists() or Jail.objects.exists() or requested.exists())


# -- a jail, with or without JavaScript -------------------------------------------------------------------


def test_the_form_shows_no_commands_before_it_holds_all_they_need(browser):
    answer = browser.get()
    assert answer.status_code == 200
    assert "The exact commands appear here" in text(answer)
    assert inputs(answer, "prefix") == ["24"]


def test_a_whole_form_becomes_a_job_and_leads_to_it(browser):
    answer = browser.post()
    job = Job.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, job.get_absolute_url())
    assert (job.kind, job.subject) == ("jails.create", "web")


def test_the_form_posted_twice_is_one_job(browser):
    key = hidden(browser.get(), "idempotency_key")
    first, second = (browser.post(idempotency_key=key) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Job.objects.count() == Jail.objects.count() == 1


def test_going_back_and_asking_for_another_jail_makes_another(browser):
    key = hidden(browser.get(), "idempotency_key")
    browser.post(idempotency_key=key)
    browser.post(idempotency_key=key, name="mail", address=["10.0.0.8"])
    assert set(Job.objects.values_list("subject", flat=True)) == {"web", "mail"}


def test_each_visit_to_the_form_is_a_wish_of_its_own(browser):
    assert hidden(browser.get(), "idempotency_key") != hidden(browser.get(), "idempotency_key")


def test_complaints_stand_at_their_fields_and_nothing_is_written(browser):
    answer = browser.post(
        name="a b", interface=["lo0", "em0"], address=["10.0.0.1", "10.0.0.8"], prefix=["24", "24"]
    )
    assert answer.status_code == 422
    assert "letters, digits, dots" in error_of(answer, "id_name")
    assert "own address on lo0" in error_of(answer, "address-0")
    assert "no interface em0" in error_of(answer, "interface-1")
    assert nothing_was_written()


def test_everything_that_was_typed_is_still_there_beside_the_complaints(browser):
    answer = browser.post(
        name="a b",
        flavour="example",
        interface=["re0", "em9"],
        address=["nonsense", "10.0.0.8"],
        prefix=["x", "24"],
    )
    page = text(answer)
    assert 'value="a b"' in page
    assert re.search(r'<option value="example"\s+selected', page)
    assert inputs(answer, "address") == ["nonsense", "10.0.0.8"]
    assert inputs(answer, "prefix") == ["x", "24"]
    assert re.search(r'<option value="re0"\s+selected', page)
    assert re.search(r'<option value="em9"\s+selected', page)


def test_the_same_wish_goes_on_after_a_complaint(browser):
    key = hidden(browser.get(), "idempotency_key")
    assert hidden(browser.post(name="a b", idempotency_key=key), "idempotency_key") == key


def test_markup_that_was_typed_is_text(browser):
    answer = browser.post(name="<b>", address=["<i>"], prefix=["<u>"], interface=["<s>"])
    for tag in ("<b>", "<i>", "<u>", "<s>"):
        assert tag not in text(answer)


def test_another_row_is_added_without_javascript_and_keeps_all(browser):
    answer = browser.post(name="a b", address=["nonsense"], prefix=["x"], add_row="1")
    assert answer.status_code == 200
    assert 'value="a b"' in text(answer)
    assert inputs(answer, "address") == ["nonsense", ""]
    assert inputs(answer, "prefix") == ["x", ""]
    assert error_of(answer, "id_name") == ""
    assert error_of(answer, "address-0") == ""
    assert nothing_was_written()


def test_a_public_first_address_asks_why_and_takes_the_answer(browser):
    public = {"interface": ["re0"], "address": ["192.0.2.10"]}
    refused = browser.post(**public)
    assert refused.status_code == 422
    assert "Inside a jail 127.0.0.1 means its first address" in error_of(refused, "id_public_first")
    assert 'name="public_first_reason"' in text(refused)
    assert (
        browser.post(**public, public_first="on", public_first_reason="Nothing is on it.").status_code == 302
    )
    detail = AuditEvent.objects.get(action="jail.create_requested").detail
    assert detail["public_first_reason"] == "Nothing is on it."


def test_the_override_is_not_on_the_page_where_it_does_not_matter(browser):
    assert 'name="public_first"' not in text(browser.get())
    assert 'name="public_first"' not in text(browser.post(name="a b"))


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda host: host.basejail.delete(), "The host has no complete basejail."),
        (
            lambda _host: Host.objects.update(state=HostState.UNREACHABLE, state_reason="No route."),
            "alpha is unreachable: No route.",
        ),
    ],
    ids=["no basejail", "away"],
)
def test_what_keeps_a_host_from_having_jails_stands_above_the_form(browser, prepare, sentence):
    prepare(Host.objects.get())
    answer = browser.post()
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert 'value="web"' in text(answer)
    assert nothing_was_written()


def test_another_plan_than_was_shown_is_not_queued(browser):
    answer = browser.post(plan_hash="0" * 64)
    assert answer.status_code == 422
    assert "The state changed since these commands were shown" in text(answer)
    assert nothing_was_written()


# -- while one types --------------------------------------------------------------------------------------


def test_the_plan_appears_as_soon_as_the_form_holds_all(browser):
    answer = browser.check()
    assert answer.status_code == 200
    assert commands(answer) == [f"{EZJAIL} create web 'lo0|10.0.0.7/24'"]
    assert text(answer).lstrip().startswith('<section class="card plan-card" id="plan-card"')


def test_what_was_shown_is_what_runs(browser):
    shown = hidden(browser.check(), "plan_hash")
    assert browser.post(plan_hash=shown).status_code == 302
    assert Job.objects.get().plan_hash == shown


def test_checking_writes_nothing(browser):
    browser.check()
    assert nothing_was_written()


def test_only_fields_that_were_touched_are_complained_of(browser):
    """Who has begun with the addresses is not told yet that a name is missing."""
    answer = browser.check(name="", touched=["address"])
    assert 'id="id_name_error"' not in text(answer)
    answer = browser.check(name="", touched=["name", "address"])
    assert "This field is required." in error_of(answer, "id_name")


def test_each_complaint_comes_as_a_part_of_its_own_that_replaces_the_last(browser):
    answer = browser.check(
        interface=["em0", "lo0"], address=["10.0.0.8", "10.0.0.9"], prefix=["24", "99"], touched=["name"]
    )
    places = re.findall(
        r'id="([a-z_]+(?:-\d)?)_error"[^>]*hx-swap-oob="true"', re.sub(r"\s+", " ", text(answer))
    )
    assert set(places) == {
        "id_name", "interface-0", "address-0", "prefix-0", "interface-1", "address-1", "prefix-1",
    }  # fmt: skip
    assert "no interface em0" in error_of(answer, "interface-0")
    assert error_of(answer, "address-0") == ""
    assert "from 1 to 32" in error_of(answer, "prefix-1")
    assert "The exact commands appear here" in text(answer)


def test_a_row_in_which_nothing_is_typed_yet_is_not_complained_of(browser):
    answer = browser.check(address=[""])
    assert error_of(answer, "address-0") == ""


def test_a_missing_subnet_is_warned_of_above_the_plan(browser):
    answer = browser.check(address=["10.9.0.7"])
    assert "ifconfig lo0 inet 10.9.0.1/24 alias" in text(answer)
    assert "10.9.0.7/24" in text(answer)


def test_the_override_comes_and_goes_with_a_public_first_address(browser):
    public = {"interface": ["re0"], "address": ["192.0.2.10"]}
    assert 'id="public-first" hx-swap-oob="true"' in re.sub(r"\s+", " ", text(browser.check(**public)))
    assert 'id="public-first"' not in text(browser.check(**public, public_first_reason=""))
    gone = browser.check(public_first_reason="")
    assert 'id="public-first"' in text(gone)
    assert 'name="public_first_reason"' not in text(gone)


# -- asking again for what failed -------------------------------------------------------------------------


def test_a_failed_wish_fills_the_form_and_can_be_changed(browser):
    browser.post(
        name="two.example",
        flavour="example",
        interface=["lo0", "re0"],
        address=["10.0.0.7", "192.0.2.10"],
        prefix=["24", "24"],
    )
    job = Job.objects.get()
    Job.objects.update(state=JobState.FAILED)
    Jail.objects.all().delete()
    answer = browser.get(again=str(job.pk))
    assert answer.status_code == 200
    assert 'value="two.example"' in text(answer)
    assert inputs(answer, "address") == ["10.0.0.7", "192.0.2.10"]
    assert commands(answer) == [f"{EZJAIL} create -f example two.example 'lo0|10.0.0.7/24,re0|192.0.2.10/24'"]


@pytest.mark.parametrize("again", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_a_wish_that_nobody_had_gives_an_empty_form(browser, again):
    assert inputs(browser.get(again=again), "address") == [""]


# -- the basejail -----------------------------------------------------------------------------------------


def installs(answer) -> list[str]:
    return installs_in(commands(answer))


def installs_in(ran: list[str]) -> list[str]:
    return [command for command in ran if f"{EZJAIL} install" in command]


def test_the_page_shows_at_once_what_the_hosts_own_release_would_run(browser):
    answer = browser.client.get(browser.install_url)
    assert installs(answer) == [f"{INSTALL}/13.2-RELEASE -r 13.2-RELEASE"]
    assert "names the release" in words(answer)


def test_installing_leads_to_the_job(browser):
    answer = browser.install(sources="on")
    job = Job.objects.get()
    assert answer.headers["Location"] == job.get_absolute_url()
    (install,) = (step for step in job.stored_plan.commands if "install" in step.argv)
    assert install.argv[-3:] == ("-r", "13.2-RELEASE", "-s")


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"release": "nonsense"}, "id_release", "A FreeBSD release has the form"),
        ({"release": "14.0-RELEASE"}, "id_release", "must not be newer than the host"),
        ({"release": ""}, "id_release", "This field is required."),
    ],
)
def test_what_cannot_be_installed_is_told_at_its_field(browser, fields, field, sentence):
    answer = browser.install(**fields)
    assert answer.status_code == 422
    assert sentence in error_of(answer, field)
    assert not Job.objects.exists()
    checked = browser.install_check(**fields, touched=["release"])
    assert checked.status_code == 200
    assert sentence in error_of(checked, field)


def test_ports_come_from_the_releases_own_set_where_there_is_no_portsnap(browser):
    Host.objects.update(release="14.1-RELEASE")
    ran = commands(browser.install_check(release="14.1-RELEASE", ports="on"))
    folder = "/var/db/jailpanel/files/sets/14.1-RELEASE"
    assert f"/usr/bin/tar -xf {folder}/ports.txz -C /usr/jails/basejail" in ran
    assert installs_in(ran) == [f"{INSTALL}/14.1-RELEASE -r 14.1-RELEASE"]


def test_the_plan_follows_what_is_typed(browser):
    checked = browser.install_check(release="13.1-RELEASE", ports="on")
    assert installs(checked) == [f"{OLDER}/13.1-RELEASE -r 13.1-RELEASE -p"]


def test_laying_it_over_another_is_warned_of(browser):
    assert "A basejail is there already" in text(browser.client.get(browser.install_url))


def test_a_host_without_ezjail_says_so_and_queues_nothing(browser):
    Host.objects.update(facts=FACTS | {"ezjail": {"installed": False}})
    page = browser.client.get(browser.install_url)
    assert page.status_code == 200
    assert "The tab ezjail of its page sets it up." in text(page)
    assert browser.install().status_code == 422
    assert not Job.objects.exists()


def test_a_host_that_was_never_seen_is_to_be_looked_at_first(browser):
    Host.objects.update(release="")
    answer = browser.client.get(browser.install_url)
    assert answer.status_code == 409
    assert "Probe it first" in text(answer)


def test_a_failed_install_fills_the_form_again(browser):
    browser.install(release="13.1-RELEASE", sources="on")
    job = Job.objects.get()
    Job.objects.update(state=JobState.FAILED)
    answer = browser.client.get(browser.install_url, {"again": str(job.pk)})
    assert 'value="13.1-RELEASE"' in text(answer)
    assert installs(answer) == [f"{OLDER}/13.1-RELEASE -r 13.1-RELEASE -s"]


def test_a_second_install_is_told_of_the_first(browser, host):
    make_jail(host, "other")
    browser.install()
    answer = browser.install()
    assert answer.status_code == 422
    assert "is queued already. Wait for its end." in text(answer)
