"""Pages of jails: what is shown is what is known, and nothing runs that was not shown and agreed to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostState
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState
from tests.answers import commands, error_of, hidden, text, words
from tests.conftest import make_person
from tests.jobs.conftest import make_job
from tests.places import make_host, make_jail

EZJAIL = "/usr/local/bin/ezjail-admin"
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def jail(host) -> Jail:
    return make_jail(host, "test", jid=4)


def url(jail: Jail, verb: str) -> str:
    return reverse(f"jails:jail-{verb}", args=[jail.host_id, jail.safe_name])


def listed(answer) -> list[str]:
    return re.findall(r'<tr[^>]*data-jail="([^"]*)"', text(answer))


# -- the list ---------------------------------------------------------------------------------------------


ALPHAS = ["asked", "ending", "mail", "web"]
ALL = ["asked", "ending", "mail", "was_off", "was_on", "web", "zfs"]


@pytest.fixture
def several(host, other_host):
    """Jails on three hosts, one of which is away."""
    away = make_host("gone", address="192.0.2.3", state=HostState.UNREACHABLE)
    make_jail(host, "web", jid=4)
    make_jail(host, "mail", addresses="lo0|10.0.0.3/24,re0|192.0.2.10/24", runs_at_boot=False)
    make_jail(host, "asked", addresses="lo0|10.0.0.4/24", observed_at=None)
    make_jail(other_host, "zfs", jid=5, kind="Z")
    make_jail(host, "ending", addresses="lo0|10.9.0.1/24", jid=9, is_dying=True)
    make_jail(away, "was-on", jid=6)
    make_jail(away, "was-off", addresses="lo0|10.0.0.3/24")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ALL),
        ("?sort=-name", ALL[::-1]),
        ("?sort=host", [*ALPHAS, "was_off", "was_on", "zfs"]),
        ("?state=running", ["web", "zfs"]),
        ("?state=stopped", ["ending", "mail"]),
        ("?state=unknown", ["asked", "was_off", "was_on"]),
        ("?host=omega", ["zfs"]),
        ("?kind=Z", ["zfs"]),
        ("?q=WEB", ["web"]),
        ("?q=alpha", ALPHAS),
        ("?q=192.0.2.10", ["mail"]),
        ("?q=10.0.0.3", ["mail", "was_off"]),
        ("?q=nothing", []),
        ("?state=nonsense&host=nowhere&sort=nothing", ALL),
    ],
)
def test_the_list_is_searched_filtered_and_sorted_by_its_address(owner, several, query, names):
    assert listed(owner.client.get(f"/jails/{query}")) == names


def test_a_search_that_finds_two_addresses_of_a_jail_lists_it_once(owner, several):
    assert listed(owner.client.get("/jails/?q=/")) == []
    assert listed(owner.client.get("/jails/?q=1")) == ALL


def test_the_list_is_narrowed_to_what_one_may_see(viewer, several):
    answer = viewer.client.get("/jails/")
    assert listed(answer) == ALPHAS
    assert "omega" not in text(answer)
    assert listed(viewer.client.get("/jails/?host=omega")) == ALPHAS


def row(answer, name: str) -> str:
    return re.search(rf'<tr[^>]*data-jail="{name}".*?</tr>', text(answer), re.DOTALL)[0]


def test_a_host_that_is_away_never_shows_a_jail_as_stopped_or_running(owner, several):
    answer = owner.client.get("/jails/")
    for name, said in (("was_on", "Was running"), ("was_off", "Was stopped"), ("asked", "Not seen yet")):
        assert said in row(answer, name)
        assert ">Stopped<" not in row(answer, name)
        assert ">Running<" not in row(answer, name)
    assert ">Running<" in row(answer, "web")
    assert ">Stopped<" in row(answer, "mail")


def test_every_row_says_when_it_was_last_read(owner, several):
    Jail.objects.filter(name="web").update(observed_at=timezone.now() - timedelta(minutes=3))
    answer = owner.client.get("/jails/")
    assert "3 minutes ago" in row(answer, "web")
    assert "not yet" in row(answer, "asked")


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        ([], "there is none here yet"),
        ([HostState.ONLINE], "Create a jail"),
        ([HostState.UNREACHABLE], "None was seen"),
    ],
)
def test_an_empty_list_says_what_to_do(owner, hosts, sentence):
    for state in hosts:
        make_host("alpha", state=state)
    assert sentence in words(owner.client.get("/jails/"))


def test_htmx_gets_the_list_alone(owner, several):
    answer = owner.client.get("/jails/", headers={"HX-Request": "true", "HX-Target": "jail-list"})
    assert text(answer).lstrip().startswith('<div class="card" id="jail-list">')


# -- one jail -----------------------------------------------------------------------------------------------


def test_a_jail_shows_what_is_known_of_it(owner, host):
    jail = make_jail(
        host,
        "two.example",
        addresses="lo0|10.0.0.3/24,re0|192.0.2.10/24",
        jid=7,
        parameters="allow.raw_sockets=1",
        config_text='export jail_two_example_hostname="two.example" # <b>',
    )
    said = words(owner.client.get(jail.get_absolute_url()))
    for part in ("two.example", "two_example", "10.0.0.3/24", "192.0.2.10/24", "/usr/jails/two.example", "7"):
        assert part in said
    assert "allow.raw_sockets=1" in said
    assert "<b>" in said


def test_a_jail_with_a_problem_says_so_above_all(owner, jail):
    Jail.objects.update(problem="The jail file test was cut short.", root_exists=False)
    said = words(owner.client.get(jail.get_absolute_url()))
    assert "The jail file test was cut short." in said
    assert "is missing" in said


def test_a_jail_of_a_host_that_is_away_says_that_its_state_is_not_known(owner, jail):
    Host.objects.update(state=HostState.UNREACHABLE)
    answer = owner.client.get(jail.get_absolute_url())
    assert "whether the jail runs now is not known" in words(answer)
    assert "Was running" in words(answer)


def test_a_jail_lists_its_own_jobs_alone(owner, jail):
    for subject, title in (("test", "Start the jail test"), ("other", "Start the jail other")):
        Job.objects.filter(pk=make_job(jail.host, subject=subject).pk).update(title=title)
    said = words(owner.client.get(jail.get_absolute_url()))
    assert "Start the jail test" in said
    assert "Start the jail other" not in said


# -- buttons ------------------------------------------------------------------------------------------------


def buttons(answer) -> dict[str, str]:
    """Each button's word, and why it is greyed; nothing when it may be pressed."""
    found = re.findall(r'aria-label="(Start|Stop|Restart|Delete) [^":]*(?:: ([^"]*))?"', text(answer))
    return dict(found)


@pytest.mark.parametrize(("jid", "verbs"), [(4, {"Stop", "Restart", "Delete"}), (None, {"Start", "Delete"})])
def test_the_buttons_are_those_that_fit_the_state(owner, jail, jid, verbs):
    Jail.objects.update(jid=jid)
    assert set(buttons(owner.client.get("/jails/"))) == verbs
    assert set(buttons(owner.client.get(jail.get_absolute_url()))) == verbs


@pytest.mark.parametrize(
    ("role", "greyed"),
    [(Role.VIEWER, {"Stop", "Restart", "Delete"}), (Role.OPERATOR, {"Delete"}), (Role.MANAGER, set())],
)
def test_what_one_may_not_is_greyed_and_says_what_is_lacking(jail, role, greyed):
    person = make_person("person", (role, jail.host))
    shown = buttons(person.client.get(jail.get_absolute_url()))
    assert {verb for verb, why in shown.items() if why} == greyed
    assert all("You may not" in why for why in shown.values() if why)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda: Host.objects.update(state=HostState.UNREACHABLE), "Its host is not online."),
        (lambda: Jail.objects.update(observed_at=None), "It has not been seen on the host yet."),
        (lambda: make_job(Host.objects.get(), subject="test"), "A job for this jail is open."),
        (lambda: Jail.objects.update(name="$(id)"), "characters that the panel passes to no command"),
    ],
    ids=["away", "not seen", "busy", "odd name"],
)
def test_what_cannot_be_done_now_is_greyed_and_says_why(owner, jail, prepare, why):
    prepare()
    shown = buttons(owner.client.get(jail.get_absolute_url()))
    assert shown
    assert all(why in reason for reason in shown.values())


# -- asking first -------------------------------------------------------------------------------------------

CONFIRMED = {
    "start": [f"{EZJAIL} onestart test"],
    "stop": [f"{EZJAIL} onestop test"],
    "restart": [f"{EZJAIL} onerestart test"],
    "delete": [f"{EZJAIL} onestop test", f"{EZJAIL} delete test"],
}
each = pytest.mark.parametrize("verb", CONFIRMED)


@each
@pytest.mark.parametrize("headers", [{}, DIALOG], ids=["page", "dialog"])
def test_the_exact_commands_are_shown_first(owner, jail, verb, headers):
    answer = owner.client.get(url(jail, verb), headers=headers)
    assert commands(answer) == CONFIRMED[verb]
    assert ("<html" in text(answer)) == (headers == {})


@each
def test_what_was_shown_is_what_runs_once(owner, jail, verb):
    shown = owner.client.get(url(jail, verb))
    form = {name: hidden(shown, name) for name in ("plan_hash", "idempotency_key", "next")} | {
        "typed_name": "test"
    }
    for _ in range(2):
        assert owner.client.post(url(jail, verb), form).status_code == 302
    job = Job.objects.get()
    assert [command.shell_text() for command in job.stored_plan.commands] == CONFIRMED[verb]
    assert job.plan_hash == form["plan_hash"]


@each
def test_what_changed_since_it_was_shown_is_not_run(owner, jail, verb):
    form = {"plan_hash": hidden(owner.client.get(url(jail, verb)), "plan_hash"), "typed_name": "test"}
    Jail.objects.update(runs_at_boot=False)
    answer = owner.client.post(url(jail, verb), form)
    assert answer.status_code == 409
    assert "The state changed since these commands were shown" in words(answer)
    assert not Job.objects.exists()


@each
def test_a_job_that_is_open_already_is_told(owner, jail, verb):
    make_job(jail.host, subject="test")
    answer = owner.client.post(url(jail, verb), {"typed_name": "test"})
    assert answer.status_code == 409
    assert "“Work on it” is queued already. Wait for its end." in words(answer)


@each
def test_htmx_is_told_in_the_corner(owner, jail, verb):
    make_job(jail.host, subject="test")
    answer = owner.client.post(url(jail, verb), {"typed_name": "test"}, headers=DIALOG)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#toasts")


@each
@pytest.mark.parametrize("name", ["$(id)", "a b", "-x"])
def test_a_name_that_no_command_may_hold_is_refused_on_every_page(owner, jail, verb, name):
    Jail.objects.update(name=name)
    for answer in (
        owner.client.get(url(jail, verb)),
        owner.client.post(url(jail, verb), {"typed_name": name}),
    ):
        assert answer.status_code == 422
    assert not Job.objects.exists()


# -- back to where one was ----------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("target", ["/jails/?q=te&page=2", "/hosts/"])
def test_one_goes_back_to_the_page_one_came_from(owner, jail, verb, target):
    shown = owner.client.get(url(jail, verb), {"next": target})
    assert hidden(shown, "next") == target
    answer = owner.client.post(url(jail, verb), {"next": target, "typed_name": "test"})
    assert answer.headers["Location"] == target


@each
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:evil.example",
        " //evil.example",
        "/\t/evil.example",
        "",
    ],
)
def test_one_is_never_sent_elsewhere(owner, jail, verb, target):
    shown = owner.client.get(url(jail, verb), {"next": target})
    assert hidden(shown, "next") == jail.get_absolute_url()
    assert "evil" not in text(shown)
    answer = owner.client.post(url(jail, verb), {"next": target, "typed_name": "test"})
    job = Job.objects.get()
    assert answer.headers["Location"] in {jail.get_absolute_url(), job.get_absolute_url()}


def test_htmx_is_sent_back_as_a_whole_page(owner, jail):
    answer = owner.client.post(url(jail, "stop"), {"next": "/jails/"}, headers=DIALOG)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/jails/")


def test_a_word_about_the_job_waits_on_the_next_page(owner, jail):
    owner.client.post(url(jail, "stop"), {"next": "/jails/"})
    page = text(owner.client.get("/jails/"))
    assert "Stop the jail test: queued." in page
    assert f'<a href="{Job.objects.get().get_absolute_url()}">Watch the job</a>' in page


def test_a_form_that_is_sent_again_after_its_job_ended_is_not_called_queued(owner, jail):
    form = {"next": "/jails/", "idempotency_key": "wish"}
    owner.client.post(url(jail, "stop"), form)
    owner.client.get("/jails/")
    Job.objects.update(state=JobState.SUCCEEDED)
    owner.client.post(url(jail, "stop"), form)
    assert "Stop the jail test: succeeded." in text(owner.client.get("/jails/"))
    assert Job.objects.count() == 1


# -- deleting ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wipe", ["yes", "no"])
@pytest.mark.parametrize("typed", ["", "tes", "TEST"])
@pytest.mark.parametrize("headers", [{}, DIALOG], ids=["page", "dialog"])
def test_a_wrong_name_deletes_nothing_and_is_told_at_the_field(owner, jail, wipe, typed, headers):
    answer = owner.client.post(url(jail, "delete"), {"wipe": wipe, "typed_name": typed}, headers=headers)
    assert answer.status_code == 422
    assert error_of(answer, "id_typed_name") == "Type the jail's name, test, to confirm."
    assert hidden(answer, "wipe") == wipe
    assert not Job.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="jail.").exists()


def test_what_was_typed_stays(owner, jail):
    answer = owner.client.post(url(jail, "delete"), {"typed_name": 'tes">'})
    assert 'value="tes&quot;&gt;"' in text(answer)


def test_files_are_kept_unless_it_is_asked_for(owner, jail):
    kept, destroyed = (owner.client.get(url(jail, "delete"), {"wipe": wipe}) for wipe in ("no", "yes"))
    assert commands(owner.client.get(url(jail, "delete"))) == commands(kept) == CONFIRMED["delete"]
    assert commands(destroyed)[-1] == f"{EZJAIL} delete -w -f test"
    assert "All files below /usr/jails/test are destroyed. Nothing brings them back." in words(destroyed)
    assert "destroyed. Nothing" not in words(kept)


@pytest.mark.parametrize("wipe", ["yes", "no", "", "maybe"])
def test_what_was_chosen_is_what_is_asked_for(owner, jail, wipe):
    owner.client.post(url(jail, "delete"), {"wipe": wipe, "typed_name": "test"})
    assert Job.objects.get().intent["wipe"] is (wipe == "yes")


def test_agreeing_to_keep_the_files_never_destroys_them(owner, jail):
    """The hash is that of the plan without -w; someone, or a script, changes the other field."""
    form = {"plan_hash": hidden(owner.client.get(url(jail, "delete")), "plan_hash"), "typed_name": "test"}
    assert owner.client.post(url(jail, "delete"), form | {"wipe": "yes"}).status_code == 409
    assert not Job.objects.exists()


def test_deleting_from_the_jails_own_page_leads_to_the_job_since_that_page_will_be_gone(owner, jail):
    form = {"next": jail.get_absolute_url(), "typed_name": "test"}
    answer = owner.client.post(url(jail, "delete"), form)
    assert answer.headers["Location"] == Job.objects.get().get_absolute_url()
