"""The image of a jail: what is shown of it, what can be done, and how that is proven."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.accounts.actor import PANEL
from apps.freebsd.commands import images
from apps.freebsd.errors import Conflict
from apps.freebsd.values import JailName
from apps.jails import plans
from apps.jails.images.services import CHANGES, image_request
from apps.jails.services import Agreed
from apps.jails.settings.plans import Edit, edit_plan
from apps.jobs.models import Job
from apps.jobs.ports import job_kind
from tests.answers import commands, text
from tests.places import FACTS, make_jail

EZJAIL = "/usr/local/bin/ezjail-admin"
TERMINAL = ("/usr/bin/script", "-q", "/dev/null")


@pytest.fixture
def jail(host):
    """Make a jail of a kind, attached or not; None when the host cannot say."""

    def make(kind: str = "E", *, attached: bool | None = False, **values):
        device = {"device": "/dev/md0.eli", "mounted_on": "/usr/jails/test"}
        host.facts = FACTS | {"filesystems": None if attached is None else [device] * attached}
        host.save()
        return make_jail(host, kind=kind, **values)

    return make


def test_what_asks_gets_a_terminal_and_says_how_long_it_waits():
    name = JailName.parse("test")
    command = images.attach(name, encrypted=True)
    assert command.argv == (*TERMINAL, EZJAIL, "config", "-i", "attach", "test")
    assert "for 15 minutes at most" in command.purpose
    assert images.in_terminal(command) == command
    assert images.attach(name, encrypted=False).argv == (EZJAIL, "config", "-i", "attach", "test")
    assert images.detach(name).argv == (EZJAIL, "config", "-i", "detach", "test")


@pytest.mark.parametrize(
    ("kind", "before"), [("E", TERMINAL), ("B", TERMINAL), ("I", ()), ("Z", ()), ("D", ())]
)
def test_the_start_of_an_encrypted_jail_asks(jail, kind, before):
    row = jail(kind)
    assert plans.start_plan(row).commands[0].argv == (*before, EZJAIL, "onestart", "test")
    assert plans.restart_plan(row).commands[0].argv == (*before, EZJAIL, "onerestart", "test")
    assert plans.stop_plan(row).commands[0].argv == (EZJAIL, "onestop", "test")


def test_the_page_shows_the_image_and_what_can_be_done_now(owner, jail):
    page = text(owner.client.get(jail(attached=True).get_absolute_url()))
    assert "attached and mounted at" in page
    assert "ask for the passphrase" in page
    assert 'title="It is attached already."' in page
    assert 'id="image-detach"' in page


def test_a_jail_that_runs_is_stopped_first_and_others_have_no_image(owner, jail):
    assert "Stop the jail first." in text(owner.client.get(jail(jid=3).get_absolute_url()))


def test_a_directory_has_no_image(owner, jail):
    assert 'id="jail-image"' not in text(owner.client.get(jail("D").get_absolute_url()))


def test_a_job_that_asks_leads_to_its_page(owner, jail, sent):
    row = jail()
    url = reverse("jails:jail-image", args=[row.host_id, row.safe_name, "attach"])
    assert commands(owner.client.get(url)) == [f"/usr/bin/script -q /dev/null {EZJAIL} config -i attach test"]
    answer = owner.client.post(url)
    assert answer.headers["Location"] == Job.objects.get().get_absolute_url()


@pytest.mark.parametrize(("attached", "verb"), [(True, "attach"), (True, "fsck"), (False, "detach")])
def test_what_is_so_already_is_not_asked_for(owner, jail, attached, verb):
    row = jail(attached=attached)
    url = reverse("jails:jail-image", args=[row.host_id, row.safe_name, verb])
    assert owner.client.get(url).status_code == 409
    with pytest.raises(Conflict):
        image_request(actor=PANEL, jail=row, change=CHANGES[verb], agreed=Agreed())


def test_an_unknown_word_is_nothing(owner, jail):
    row = jail()
    url = reverse("jails:jail-image", args=[row.host_id, row.safe_name, "burn"])
    assert owner.client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("verb", "attached", "is_proven"),
    [
        ("attach", True, True),
        ("attach", False, False),
        ("attach", None, True),
        ("detach", False, True),
        ("detach", True, False),
        ("fsck", True, False),
    ],
)
def test_what_is_mounted_afterwards_proves_it(jail, verb, attached, is_proven):
    row = jail(attached=attached)
    job = Job(host=row.host, intent={"root": "/usr/jails/test"})
    assert (job_kind(f"jails.image_{verb}").verify(job) == []) is is_proven


def test_one_that_came_to_nothing_is_tried_again(jail, sent, db):
    row = jail()
    job = image_request(actor=PANEL, jail=row, change=CHANGES["attach"], agreed=Agreed())
    again = job_kind(job.kind).again
    assert again.replan(job) == job.stored_plan


def test_a_restart_with_other_settings_asks_as_well(jail):
    row = jail(jid=3)
    edit = Edit("jails.change", "Change the jail test", restart=True)
    assert edit_plan(row, edit).commands[-1].argv == (*TERMINAL, EZJAIL, "onestart", "test")
