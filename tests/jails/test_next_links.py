"""Where a job's page leads once it has ended: on to the next thing, or back for another try."""

from __future__ import annotations

import pytest

from apps.accounts.permissions import Role
from apps.jobs.models import Job, JobState
from apps.jobs.ports import next_links
from tests.conftest import make_person
from tests.jobs.conftest import make_job
from tests.places import make_jail

CHANGES = ["jails.start", "jails.stop", "jails.restart", "jails.delete"]


@pytest.fixture
def ended(host):
    """Make a job about the jail test that has ended."""

    def make(kind: str, state: JobState, **intent) -> Job:
        subject = "" if kind == "jails.basejail_install" else "test"
        job = make_job(host, subject=subject)
        Job.objects.filter(pk=job.pk).update(kind=kind, state=state, intent=intent)
        return Job.objects.get(pk=job.pk)

    return make


@pytest.fixture
def links(host):
    """Say which buttons someone with a role on the host sees, and that each leads to a page."""

    def of(job: Job, role: Role = Role.MANAGER) -> list[str]:
        person = make_person(f"{role}-{Job.objects.count()}", (role, host))
        found = next_links(job, person.actor)
        for link in found:
            assert person.client.get(link.url).status_code == 200, link
        page = person.client.get(job.get_absolute_url()).content.decode()
        assert all(link.url.replace("&", "&amp;") in page for link in found)
        return [link.label for link in found]

    return of


def test_after_the_basejail_comes_the_first_jail(ended, links):
    done = ended("jails.basejail_install", JobState.SUCCEEDED)
    assert links(done) == ["New jail"]
    assert links(done, Role.OPERATOR) == []


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.LOST, JobState.CANCELLED])
def test_a_basejail_that_failed_leads_back_to_the_form_as_it_was(ended, links, state):
    failed = ended("jails.basejail_install", state, release="13.1-RELEASE", sources=True)
    assert links(failed) == ["Try again", "Back to the form"]
    assert links(failed, Role.VIEWER) == []


def test_a_new_jail_can_be_started(ended, links, host):
    make_jail(host)
    done = ended("jails.create", JobState.SUCCEEDED)
    assert links(done) == ["Start it", "Open test"]
    assert links(done, Role.VIEWER) == ["Open test"]


def test_a_jail_that_was_not_made_leads_back_to_the_form_as_it_was(ended, links):
    wish = {"name": "test", "addresses": "lo0|10.0.0.2/24", "flavour": "", "public_first_reason": ""}
    failed = ended("jails.create", JobState.FAILED, **wish)
    assert links(failed) == ["Try again", "Back to the form"]
    assert links(failed, Role.OPERATOR) == []


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_failed_can_be_tried_again_by_who_may(ended, links, host, kind):
    make_jail(host)
    failed = ended(kind, JobState.FAILED, wipe=kind == "jails.delete", jid=None, root="/usr/jails/test")
    assert links(failed) == ["Try again", "Open test"]
    assert links(failed, Role.VIEWER) == ["Open test"]


def test_trying_to_destroy_files_again_asks_for_the_name_again(ended, host, owner):
    make_jail(host)
    failed = ended("jails.delete", JobState.FAILED, wipe=True, jid=None, root="/usr/jails/test")
    (again, _) = next_links(failed, owner.actor)
    page = owner.client.get(again.url).content.decode()
    assert 'data-typed-name="test"' in page
    assert "All files below /usr/jails/test are destroyed" in page
    assert owner.client.post(again.url, {"typed_name": "other"}).status_code == 422
    owner.client.post(again.url, {"typed_name": "test"})
    assert failed.followers.get().intent["wipe"] is True


@pytest.mark.parametrize("kind", CHANGES)
def test_a_jail_that_is_gone_is_not_led_to(ended, links, kind):
    gone = {"wipe": False, "jid": None, "root": "/usr/jails/test"}
    assert links(ended(kind, JobState.SUCCEEDED, **gone)) == ["New jail"]
    assert links(ended(kind, JobState.FAILED, **gone)) == ["Try again", "New jail"]
