"""Checking what is out: per release and kind of machine, kept with its time, and said below the release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone

from apps.freebsd.errors import NotAllowed
from apps.freebsd.updates import MirrorAway, NotOffered, UpdateMirror, UpdateTag
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.schedules import tasks
from apps.updates.models import ReleaseUpdate
from apps.updates.services import updates_check
from tests.answers import plain
from tests.places import FACTS, make_basejail, make_host
from tests.schedules.conftest import make_schedule

EOL = datetime(2030, 6, 30, tzinfo=UTC)


@pytest.fixture
def mirror(monkeypatch):
    """A mirror: what it offers by release, and what was asked."""

    class Mirror:
        offers: dict[str, Any] = {"13.2-RELEASE": 11, "14.1-RELEASE": 6}
        asked: list[tuple[str, str]] = []

    def latest(_self, release, arch):
        Mirror.asked.append((release.name, arch))
        found = Mirror.offers.get(release.name, NotOffered("The update mirror has nothing for this release."))
        if isinstance(found, Exception):
            raise found
        return UpdateTag(Release.parse(f"{release.name}-p{found}"), arch, EOL)

    Mirror.offers, Mirror.asked = dict(Mirror.offers), []
    monkeypatch.setattr(UpdateMirror, "latest", latest)
    return Mirror


def note(release: str) -> str:
    tag = Template("{% load updates %}{% update_note release 'amd64' %}")
    return plain(tag.render(Context({"release": release})))


def check(person, hosts=None):
    rows = Host.objects.all() if hosts is None else hosts
    return updates_check(actor=person.actor, hosts=rows.select_related("basejail"))


def test_each_release_is_asked_for_once(owner, host, mirror):
    make_basejail(host)
    make_host("beta", address="192.0.2.5", facts={**FACTS, "userland": "14.1-RELEASE-p3"})
    make_host("gamma", address="192.0.2.6", facts={**FACTS, "userland": "14.1-RELEASE-p5"})
    checked = check(owner)
    assert mirror.asked == [("13.2-RELEASE", "amd64"), ("14.1-RELEASE", "amd64")]
    assert checked.sentence == "Newest: 13.2-RELEASE-p11 on amd64, 14.1-RELEASE-p6 on amd64."


def test_a_newer_patch_level_is_said_with_the_time_of_the_check_and_the_end_of_support(owner, host, mirror):
    check(owner)
    assert note("13.2-RELEASE-p3") == "p11 is out, checked just now support ends 30 Jun 2030"
    assert note("13.2-RELEASE-p11") == "newest patch level, checked just now support ends 30 Jun 2030"
    assert note("14.1-RELEASE") == note("") == note("CURRENT") == ""


def test_support_that_has_ended_is_said(owner, host, mirror):
    check(owner)
    ReleaseUpdate.objects.update(eol_at=timezone.now() - timedelta(days=1))
    assert "not supported since" in note("13.2-RELEASE")


def test_a_mirror_that_is_away_is_asked_once_and_what_is_known_stays(owner, host, mirror):
    make_host("beta", address="192.0.2.5", facts={**FACTS, "userland": "14.1-RELEASE-p3"})
    check(owner)
    mirror.asked.clear()
    mirror.offers = dict.fromkeys(mirror.offers, MirrorAway("The update mirror x could not be reached: no."))
    checked = check(owner)
    assert len(mirror.asked) == 1
    assert checked.sentence == "The update mirror x could not be reached: no."
    assert note("13.2-RELEASE-p3").startswith("p11 is out")
    assert "could not be reached: no. (just now)" in note("14.1-RELEASE")


def test_old_answers_that_are_played_back_are_refused(owner, host, mirror):
    check(owner)
    mirror.offers["13.2-RELEASE"] = 4
    assert "older than the p11" in check(owner).sentence
    assert ReleaseUpdate.objects.get().patch == 11


def test_one_release_without_updates_keeps_no_other_from_its_own(owner, host, mirror):
    make_host("beta", address="192.0.2.5", facts={**FACTS, "userland": "14.3-RELEASE"})
    checked = check(owner)
    assert (len(checked.newest), len(checked.problems)) == (1, 1)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"machine": ""},
        {"machine": "amd64", "userland": "15.0-CURRENT"},
        {"machine": "amd64", "userland": "<b>"},
    ],
)
def test_a_host_that_has_not_told_or_runs_no_release_is_not_asked_for(owner, mirror, facts):
    make_host("beta", address="192.0.2.5", facts=facts, release="15.0-CURRENT")
    assert check(owner).sentence == "No host has told its release yet."
    assert mirror.asked == []


def test_what_a_host_says_of_its_machine_never_leaves_the_panel_unless_it_is_one(owner, monkeypatch):
    monkeypatch.setattr(UpdateMirror, "_fetch", lambda *_: pytest.fail("was asked"))
    make_host("beta", address="192.0.2.5", facts={**FACTS, "machine": "../../" + "x" * 50})
    assert "publishes no updates" in check(owner).sentence


def test_a_check_takes_the_right_to_probe_each_host(operator, viewer, host, mirror):
    check(operator)
    with pytest.raises(NotAllowed):
        check(viewer)


def test_a_schedule_checks_and_says_when_the_mirror_cannot_be_reached(owner, host, sent, settings):
    settings.UPDATE_MIRROR = "http://127.0.0.1:9"
    schedule = make_schedule(owner, kind="updates.check")
    tasks.run(str(schedule.pk))
    schedule.refresh_from_db()
    assert schedule.last_state == "failed"
    assert "http://127.0.0.1:9 could not be reached" in schedule.last_message


def test_a_setting_that_is_no_mirror_is_said(owner, host, settings):
    settings.UPDATE_MIRROR = "file:///etc"
    assert "An update mirror is http://host" in check(owner).sentence


def test_pages_of_the_hosts_hear_of_it(owner, host, mirror, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        check(owner)
    assert f"host:{host.pk}" in sent.topics


def test_the_hosts_page_says_what_is_out(owner, host, mirror):
    make_basejail(host)
    check(owner)
    shown = plain(owner.client.get(host.get_absolute_url()).content.decode())
    assert shown.count("p11 is out, checked just now") == 2
