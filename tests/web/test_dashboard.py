"""The dashboard: numbers that are true, what is wrong first, and only what one may see."""

from __future__ import annotations

import re

import pytest

from apps.hosts.models import Host, HostState
from apps.jobs.models import Job, JobState
from apps.web import views
from tests.answers import text, words
from tests.jobs.conftest import make_job
from tests.places import make_basejail, make_host, make_jail


def numbers(answer) -> dict[str, str]:
    """Each number at the top of the page by what it counts."""
    found = re.findall(r'id="stat-([a-z]+)".*?stat-value">(.*?)</a>', text(answer), re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", value).split()) for name, value in found}


def hosts(answer) -> list[str]:
    return re.findall(r'data-host="([^"]*)"', text(answer))


def test_the_numbers_are_those_of_hosts_jails_and_jobs(owner):
    alpha, beta = make_host("alpha"), make_host("beta", address="192.0.2.2", state=HostState.UNREACHABLE)
    make_jail(alpha, "web", jid=4)
    make_jail(alpha, "dying", addresses="lo0|10.0.0.3/24", jid=5, is_dying=True)
    make_jail(alpha, "off", addresses="lo0|10.0.0.4/24")
    make_jail(beta, "was-on", jid=6)
    make_job(alpha)
    Job.objects.filter(pk=make_job(alpha).pk).update(state=JobState.SUCCEEDED)
    assert numbers(owner.client.get("/")) == {"hosts": "1 of 2", "jails": "1 of 4", "jobs": "1"}


def test_more_open_jobs_than_are_listed_are_counted_all_the_same(owner, host):
    for _ in range(12):
        make_job(host)
    assert numbers(owner.client.get("/"))["jobs"] == "12"


def test_each_host_says_how_many_of_its_jails_run(owner, host):
    make_basejail(host)
    make_jail(host, "web", jid=4)
    make_jail(host, "dying", addresses="lo0|10.0.0.3/24", jid=5, is_dying=True)
    assert "1 of 2 jails running" in words(owner.client.get("/"))
    assert "1 of 2" in words(owner.client.get("/hosts/"))


def test_a_host_that_is_away_counts_no_jail_as_running(owner, host):
    make_jail(host, "web", jid=4)
    Host.objects.update(state=HostState.UNREACHABLE)
    said = words(owner.client.get("/"))
    assert "1 jail known" in said
    assert "running" not in said.partition("alpha")[2].partition("Under way")[0]


def test_what_is_wrong_comes_first_then_what_could_go_on_then_the_rest(owner):
    for number, (name, state) in enumerate(
        [
            ("a-well", "online"),
            ("b-new", "new"),
            ("c-gone", "unreachable"),
            ("d-bare", "online"),
            ("e-gone", "refused"),
        ]
    ):
        host = make_host(name, address=f"192.0.2.{number + 1}", state=state)
        if name == "a-well":
            make_basejail(host)
            make_jail(host)
    assert hosts(owner.client.get("/")) == ["c-gone", "e-gone", "b-new", "d-bare", "a-well"]


def test_of_very_many_hosts_those_that_need_someone_are_shown(owner, monkeypatch):
    monkeypatch.setattr(views, "MOST_HOSTS", 2)
    for number, state in enumerate(["online", "online", "online", "unreachable"]):
        make_host(f"host{number}", address=f"192.0.2.{number + 1}", state=state)
    answer = owner.client.get("/")
    assert hosts(answer) == ["host3", "host0"]
    assert "All 4" in words(answer)


def test_what_failed_last_is_listed_with_what_is_under_way(owner, host):
    for title, state in (
        ("Works", JobState.RUNNING),
        ("Broke", JobState.FAILED),
        ("Vanished", JobState.LOST),
        ("Done", JobState.SUCCEEDED),
    ):
        Job.objects.filter(pk=make_job(host).pk).update(title=title, state=state)
    said = words(owner.client.get("/"))
    under_way, _, failed = said.partition("Under way")[2].partition("Failed last")
    assert "Works" in under_way
    assert "Broke" in failed
    assert "Vanished" in failed
    assert "Done" not in said


def test_one_sees_ones_own_hosts_and_their_jobs_alone(viewer, host, other_host):
    Job.objects.filter(pk=make_job(other_host).pk).update(title="Hidden", state=JobState.FAILED)
    answer = viewer.client.get("/")
    assert hosts(answer) == ["alpha"]
    assert "Hidden" not in text(answer)
    assert numbers(answer) == {"hosts": "1 of 1", "jails": "0 of 0", "jobs": "0"}


@pytest.mark.parametrize(
    ("who", "sentence"),
    [("owner", "Welcome to jailpanel"), ("nobody_in_particular", "you were granted none")],
)
def test_a_panel_without_hosts_says_what_to_do(request, who, sentence):
    person = request.getfixturevalue(who)
    assert sentence in words(person.client.get("/"))


@pytest.fixture
def nobody_in_particular(db):
    from tests.conftest import make_person

    return make_person("newcomer")


def test_htmx_gets_the_part_that_changes_alone(owner, host):
    answer = owner.client.get("/", headers={"HX-Request": "true", "HX-Target": "dashboard"})
    assert text(answer).lstrip().startswith('<div class="stack" id="dashboard">')
