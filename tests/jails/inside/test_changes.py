"""What is asked for inside a jail: exact commands, who may, what proves it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values.inside import CommandWords
from apps.jails.models import Jail
from apps.jobs.models import Job
from apps.jobs.ports import again, job_kind
from tests.answers import commands, error_of, hidden, text, words
from tests.freebsd.probes import out
from tests.jobs.conftest import make_job

INSIDE = "/usr/sbin/jexec -l test"


def url(jail: Jail, what: str) -> str:
    return reverse(f"jails:jail-{what}", args=[jail.host_id, jail.safe_name])


# -- services ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["onestart", "onestop", "onerestart", "enable", "disable"])
def test_a_service_is_changed_in_one_exact_form(owner, jail, do):
    shown = owner.client.get(url(jail, "service"), {"do": do, "name": "sshd"})
    assert commands(shown) == [f"{INSIDE} /usr/sbin/service sshd {do}"]
    form = {name: hidden(shown, name) for name in ("do", "name", "plan_hash", "idempotency_key")}
    for _ in range(2):
        assert owner.client.post(url(jail, "service"), form).status_code == 302
    job = Job.objects.get()
    assert (job.kind, job.intent) == ("jails.inside_service", {"do": do, "words": ["sshd"]})


NO_WORDS = [("fry", "sshd"), ("", "sshd"), ("install", "sshd"), ("command", "id"), ("onestart", "a b")]
NO_WORDS += [("onestart", name) for name in ("", "-l", "$(id)", "a/b", "x\n", "x\0", "é", "x" * 200)]


def test_no_other_word_reaches_service(owner, jail):
    for do, name in NO_WORDS:
        for ask in (owner.client.get, owner.client.post):
            assert ask(url(jail, "service"), {"do": do, "name": name}).status_code == 422, (do, name)
    assert not Job.objects.exists()


# -- packages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("do", "names", "command"),
    [
        ("install", "nginx  ca_root_nss", "/usr/sbin/pkg install -y nginx ca_root_nss"),
        ("upgrade", "", "/usr/sbin/pkg upgrade -y"),
        ("upgrade", "libsigc++20", "/usr/sbin/pkg upgrade -y libsigc++20"),
        ("delete", "nginx-1.26.2,3", "/usr/sbin/pkg delete -y nginx-1.26.2,3"),
        ("bootstrap", "", "/usr/bin/env ASSUME_ALWAYS_YES=yes /usr/sbin/pkg bootstrap"),
        ("fetch_list", "", "/usr/sbin/pkg audit -F -q jailpanel-0"),
    ],
)
def test_packages_are_changed_in_exact_forms(owner, jail, do, names, command):
    shown = owner.client.post(url(jail, "packages"), {"do": do, "names": names})
    assert commands(shown) == [f"{INSIDE} {command}"]
    form = {
        name: hidden(shown, name) for name in ("do", "names", "confirmed", "plan_hash", "idempotency_key")
    }
    owner.client.post(url(jail, "packages"), form)
    job = Job.objects.get()
    assert [step.shell_text() for step in job.stored_plan.commands] == [f"{INSIDE} {command}"]


def test_what_is_no_package_is_told_at_the_field(owner, jail):
    for names in ("", "-f", "a/b", "nginx $(id)", "x\0", "*", "nginx;id", "é"):
        form = {"do": "install", "names": names, "confirmed": "yes"}
        answer = owner.client.post(url(jail, "packages"), form)
        assert answer.status_code == 422, names
        assert error_of(answer, "id_names")
    assert not Job.objects.exists()


def test_a_packages_buttons_lead_to_that_package(owner, jail, there):
    there.inside["packages"] = out("libsigc++20\t1\t0\t0\t1\tx\n")
    headers = {"HX-Request": "true", "HX-Target": "inside-packages"}
    page = text(owner.client.get(url(jail, "inside"), {"show": "packages"}, headers=headers))
    assert "?do=delete&amp;names=libsigc%2B%2B20" in page
    shown = owner.client.get(url(jail, "packages"), {"do": "delete", "names": "libsigc++20"})
    assert commands(shown) == [f"{INSIDE} /usr/sbin/pkg delete -y libsigc++20"]


# -- commands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "argv", "said"),
    [
        ("/usr/bin/du -sh '/var/my logs'", ("/usr/bin/du", "-sh", "/var/my logs"), "No shell reads this"),
        (
            "echo $HOME; id | cat > /x *",
            ("echo", "$HOME;", "id", "|", "cat", ">", "/x", "*"),
            "No shell reads",
        ),
        (
            "/bin/sh -c 'id; echo $HOME'",
            ("/bin/sh", "-c", "id; echo $HOME"),
            "A shell runs what stands behind",
        ),
    ],
)
def test_a_command_is_shown_word_by_word_and_always_recorded(owner, jail, line, argv, said):
    shown = owner.client.post(url(jail, "command"), {"line": line})
    assert said in words(shown)
    form = {name: hidden(shown, name) for name in ("line", "confirmed", "plan_hash", "idempotency_key")}
    owner.client.post(url(jail, "command"), form)
    job = Job.objects.get()
    assert job.stored_plan.commands[0].argv == ("/usr/sbin/jexec", "-l", "test", *argv)
    event = AuditEvent.objects.get(action="jail.command_requested")
    assert (event.actor_name, event.job_id, event.detail["words"]) == ("owner", job.pk, list(argv))


LINES = [
    "",
    "'open",
    "x\\",
    "-c id",
    "a\x1bb",
    "x 'a\nb'",
    "x\0",
    "$(id)",
    "é",
    "x " + "y " * 300,
    "''",
    "~/x",
]


def test_what_is_no_command_is_told_at_the_field(owner, jail):
    for line in LINES:
        answer = owner.client.post(url(jail, "command"), {"line": line, "confirmed": "yes"})
        assert answer.status_code == 422, line
        assert error_of(answer, "id_line")
    assert not Job.objects.exists()


def test_a_command_needs_a_permission_of_its_own(operator, jail):
    assert operator.client.get(url(jail, "command")).status_code == 403
    page = operator.client.get(url(jail, "inside"))
    assert "You may not run commands inside jails here." in text(page)


def test_words_that_cannot_be_sent_are_refused():
    for line in ("x \ud800", "x" * 2000):
        with pytest.raises(InvalidInput):
            CommandWords.parse(line)


@pytest.mark.parametrize("what", ["service", "packages", "command"])
def test_nothing_is_asked_of_a_jail_that_does_not_run(owner, jail, what):
    Jail.objects.update(jid=None)
    form = {
        "do": "onestart" if what == "service" else "install",
        "name": "sshd",
        "names": "nginx",
        "line": "id",
    }
    answer = owner.client.post(url(jail, what), form | {"confirmed": "yes"})
    assert answer.status_code == 409
    assert "does not run: start it first" in words(answer)
    assert not Job.objects.exists()


def test_a_jail_whose_name_is_a_number_to_jexec_is_refused(owner, jail):
    Jail.objects.update(safe_name="123")
    answer = owner.client.post(reverse("jails:jail-command", args=[jail.host_id, "123"]), {"line": "id"})
    assert answer.status_code == 422


# -- proof ------------------------------------------------------------------------------------------------


def job_of(jail: Jail, kind: str, do: str, *names: str) -> Job:
    job = make_job(jail.host, subject=jail.safe_name)
    Job.objects.filter(pk=job.pk).update(kind=kind, intent={"do": do, "words": list(names)})
    return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("do", "name", "problem"),
    [
        ("onestart", "sshd", ""),
        ("onestart", "nginx", "nginx does not run."),
        ("onestart", "ntpd", ""),
        ("onestop", "sshd", "sshd still runs."),
        ("onestop", "nginx", ""),
        ("enable", "ntpd", "ntpd is not set to start with the jail."),
        ("disable", "sshd", "sshd is still set to start with the jail."),
        ("enable", "gone", "The jail has no service gone."),
    ],
)
def test_a_service_is_looked_at_again(jail, there, do, name, problem):
    found = job_kind("jails.inside_service").verify(job_of(jail, "jails.inside_service", do, name))
    assert found == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("do", "names", "problems"),
    [
        ("install", ["nginx", "pcre2-10.43"], []),
        ("install", ["nginx", "curl"], ["curl is not installed."]),
        ("delete", ["nginx", "curl"], ["nginx is still installed."]),
        ("upgrade", [], []),
        ("fetch_list", [], []),
    ],
)
def test_packages_are_looked_at_again(jail, there, do, names, problems):
    job = job_of(jail, "jails.inside_packages", do, *names)
    assert job_kind("jails.inside_packages").verify(job) == problems


@pytest.mark.parametrize("kind", ["jails.inside_service", "jails.inside_packages"])
def test_what_cannot_be_looked_at_is_not_proven(jail, there, kind):
    there.inside = None
    (problem,) = job_kind(kind).verify(job_of(jail, kind, "onestart", "sshd"))
    assert "could not be looked at" in problem


def test_a_wish_is_planned_again_as_it_was(owner, jail):
    job = job_of(jail, "jails.command", "command", "/usr/bin/uptime")
    plan = again("jails.command").replan(job)
    assert plan.commands[0].argv == ("/usr/sbin/jexec", "-l", "test", "/usr/bin/uptime")
    Jail.objects.update(jid=None)
    with pytest.raises(Conflict):
        again("jails.command").replan(job)


def test_a_job_leads_back_inside_while_the_jail_is_there(owner, viewer, jail):
    job, kind = job_of(jail, "jails.command", "command", "id"), job_kind("jails.command")
    assert [link.url for link in kind.next_links(job, owner.actor)] == [url(jail, "inside")]
    assert kind.next_links(job, viewer.actor) == []
    Jail.objects.all().delete()
    assert kind.next_links(job, owner.actor) == []
