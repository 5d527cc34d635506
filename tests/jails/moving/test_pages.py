"""The pages of a move: where to, with which addresses, what runs on both hosts, and what is left open."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostState
from apps.jails.models import Archive, Basejail, Jail
from apps.jails.moving.queries import move_from
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState
from tests.answers import commands, error_of, hidden, text, words
from tests.conftest import Person, make_person
from tests.jails.moving.moves import moved_away
from tests.places import FACTS, make_basejail, make_host, make_jail

EZJAIL = "/usr/local/bin/ezjail-admin"
SETTINGS = {"jaildir": "/usr/jails", "archivedir": "/usr/jails/ezjail_archives"}
WITH_ARCHIVES = FACTS | {"ezjail": FACTS["ezjail"] | {"settings": SETTINGS}}
FSTAB = """/usr/jails/basejail /usr/jails/web/basejail nullfs ro 0 0
/data /usr/jails/web/data nullfs rw 0 0
"""
THERE = {"interface": "lo0", "address": "10.0.0.7", "prefix": "24", "starts": "on"}


@pytest.fixture
def source(host) -> Host:
    Host.objects.filter(pk=host.pk).update(facts=WITH_ARCHIVES)
    make_basejail(host)
    host.refresh_from_db()
    return host


@pytest.fixture
def target(db) -> Host:
    made = make_host("beyond", address="203.0.113.200", facts=WITH_ARCHIVES)
    make_basejail(made)
    return made


@pytest.fixture
def jail(source, target) -> Jail:
    return make_jail(source, "web", jid=4)


@pytest.fixture
def manager(source, target) -> Person:
    """May move jails from `source` to `target`."""
    return make_person("mover", (Role.MANAGER, source), (Role.MANAGER, target))


def url(jail: Jail, verb: str = "move") -> str:
    return reverse(f"jails:jail-{verb}", args=[jail.host_id, jail.safe_name])


def shown(person: Person, jail: Jail, target: Host, **data):
    return person.client.post(url(jail), {"to": target.pk, **THERE, **data})


def ask(person: Person, jail: Jail, target: Host, **data):
    """Look at the commands, and agree to them."""
    page = shown(person, jail, target, **data)
    carried = {name: hidden(page, name) for name in ("plan_hash", "at", "idempotency_key")}
    return person.client.post(url(jail), {"to": target.pk, **THERE, **carried, **data})


def test_each_host_is_offered_or_says_why_not(manager, jail, target, source):
    Basejail.objects.filter(host=target).update(release="12.4-RELEASE")
    page = words(manager.client.get(url(jail)))
    assert "alpha It is there." in page
    assert "beyond Its basejail is 12.4-RELEASE, older than 13.2-RELEASE" in page
    Basejail.objects.filter(host=target).update(release="13.2-RELEASE", is_complete=False)
    assert "It has no complete basejail." in words(manager.client.get(url(jail)))
    Host.objects.filter(pk=target.pk).update(facts=WITH_ARCHIVES | {"machine": "arm64"})
    assert "It is arm64, and the jail holds programs for amd64." in words(manager.client.get(url(jail)))
    make_jail(target, "web")
    assert "It has a jail web already." in words(manager.client.get(url(jail)))
    Host.objects.filter(pk=target.pk).update(state=HostState.UNREACHABLE)
    assert "beyond It is" in words(manager.client.get(url(jail)))


def test_a_jail_in_an_image_says_that_it_cannot_be_moved(manager, jail):
    Jail.objects.filter(pk=jail.pk).update(kind="I")
    page = manager.client.get(url(jail))
    assert "Only jails in a directory or a dataset can be moved" in words(page)
    assert "choose-host" not in text(page)


def test_the_commands_of_both_hosts_are_shown_before_anything_is_asked_for(manager, jail, target):
    page = shown(manager, jail, target)
    at = hidden(page, "at")
    archive = f"web-{at[:12]}.{at[12:]}.tar.gz"
    folder = "/usr/jails/ezjail_archives"
    assert page.status_code == 200
    assert commands(page) == [
        f"{EZJAIL} onestop web",
        f"{EZJAIL} archive -a partial.{archive} web",
        f"/usr/bin/gzip -t {folder}/partial.{archive}",
        f"/bin/link {folder}/partial.{archive} {folder}/{archive}",
        f"/bin/unlink {folder}/partial.{archive}",
        f"{EZJAIL} config -r norun web",
        f"{EZJAIL} create -a {folder}/{archive} web 'lo0|10.0.0.7/24'",
        f"{EZJAIL} onestart web",
    ]
    assert f"{folder}/{archive} of the other host, to {folder}/{archive}" in words(page)
    assert not Job.objects.exists()


def test_a_move_is_a_chain_of_two_jobs_and_keeps_name_and_addresses(manager, jail, target):
    answer = ask(manager, jail, target)
    batch = Batch.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, batch.get_absolute_url())
    out, into = batch.jobs.order_by("batch_position")
    assert (out.host_id, out.state, into.host_id, into.state) == (
        jail.host_id, JobState.QUEUED, target.pk, JobState.HELD
    )  # fmt: skip
    reserved = Jail.objects.get(host=target)
    assert (reserved.name, str(reserved.addresses.get()), reserved.observed_at) == (
        "web",
        "lo0|10.0.0.7/24",
        None,
    )
    asked = AuditEvent.objects.filter(action="jail.move_requested").order_by("sequence")
    assert [event.host_id for event in asked] == [jail.host_id, target.pk]
    assert "Moving" in words(manager.client.get(jail.get_absolute_url()))


def test_the_same_form_sent_twice_makes_one_move(manager, jail, target):
    page = shown(manager, jail, target)
    data = {name: hidden(page, name) for name in ("plan_hash", "at", "idempotency_key")}
    for _ in range(2):
        assert manager.client.post(url(jail), {"to": target.pk, **THERE, **data}).status_code == 302
    assert Batch.objects.count() == 1


def test_nothing_else_runs_than_was_shown(manager, jail, target):
    page = shown(manager, jail, target)
    data = {name: hidden(page, name) for name in ("plan_hash", "at", "idempotency_key")}
    Jail.objects.filter(pk=jail.pk).update(jid=None)
    answer = manager.client.post(url(jail), {"to": target.pk, **THERE, **data})
    assert (answer.status_code, Job.objects.exists()) == (422, False)
    assert "The state changed" in words(answer)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"address": "10.0.0.1"}, ("address-0", "is the host's own address")),
        ({"address": "10.0.0.55"}, ("address-0", "has 10.0.0.55 already")),
        ({"interface": "lo9"}, ("interface-0", "has no interface lo9")),
        ({"address": "nonsense"}, ("address-0", "address")),
        ({"address": ""}, ("address-0", "at least one address")),
    ],
)
def test_addresses_are_checked_on_the_new_host(manager, jail, target, data, said):
    make_jail(target, "mail", addresses="lo0|10.0.0.55/24")
    page = shown(manager, jail, target, **data)
    assert page.status_code == 422
    field, complaint = said
    assert complaint in error_of(page, field)


def test_a_public_first_address_needs_a_reason(manager, jail, target):
    public = {"interface": "re0", "address": "198.51.100.9"}
    page = shown(manager, jail, target, **public)
    assert "would be open to the world" in error_of(page, "id_public_first")
    reason = {"public_first": "on", "public_first_reason": "a mail server"}
    assert ask(manager, jail, target, **public, **reason).status_code == 302
    assert Job.objects.get(host=target).intent["public_first_reason"] == "a mail server"


def test_another_row_loses_nothing(manager, jail, target):
    page = shown(manager, jail, target, add_row="1")
    assert text(page).count('name="address"') == 3
    assert "10.0.0.7" in text(page)


def test_what_is_checked_while_one_types_changes_nothing(manager, jail, target):
    answer = manager.client.post(url(jail, "move-check"), {"to": target.pk, **THERE})
    assert (answer.status_code, Job.objects.exists()) == (200, False)
    assert f"{EZJAIL} onestop web" in commands(answer)


@pytest.mark.parametrize(("here", "there"), [(Role.OPERATOR, Role.MANAGER), (Role.MANAGER, Role.OPERATOR)])
def test_a_move_needs_the_right_on_both_hosts(jail, target, here, there):
    person = make_person("half", (here, jail.host), (there, target))
    answer = shown(person, jail, target)
    assert answer.status_code == (403 if here == Role.OPERATOR else 200)
    assert not Job.objects.exists()
    if here == Role.MANAGER:
        assert "move jails from or to this host" in words(answer)


def test_no_command_runs_before_both_hosts_have_approved(manager, jail, target):
    ApprovalPolicy.objects.create(kind="jails.move")
    ask(manager, jail, target)
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.AWAITING}


def test_settings_that_create_drops_are_given_back(manager, jail, target):
    conf = WITH_ARCHIVES["ezjail"] | {"config_text": ""}
    Host.objects.filter(pk=target.pk).update(facts=WITH_ARCHIVES | {"ezjail": conf})
    lines = {
        "hostname": "web",
        "ip": "lo0|10.0.0.2/24",
        "parameters": "allow.raw_sockets=1",
        "zfs_datasets": "tank/a",
    }
    Jail.objects.filter(pk=jail.pk).update(
        config_text="".join(f'export jail_web_{key}="{value}"\n' for key, value in lines.items()),
        fstab_text=FSTAB,
    )
    page = shown(manager, jail, target)
    said = words(page)
    assert 'export jail_web_parameters="allow.raw_sockets=1"' in said
    assert "Datasets that were given to it stay where they are: tank/a." in said
    assert "does not go along: /data /usr/jails/web/data nullfs rw 0 0." in said


# -- afterwards --------------------------------------------------------------------------------------------


def test_the_old_host_asks_what_is_to_become_of_the_jail(manager, jail, target):
    make_jail(target, "web", jid=7)
    moved_away(jail.host, "web", to=target)
    page = manager.client.get(jail.get_absolute_url())
    said = words(page)
    assert "It was moved to beyond" in said
    assert "The one here can go" in said
    assert "It runs on beyond. Stop it there first" in text(page)
    answer = manager.client.post(url(jail, "take-back"), {})
    assert (answer.status_code, Job.objects.filter(kind="jails.move_back").exists()) == (409, False)


def test_a_move_that_failed_says_that_nothing_is_lost(manager, jail, target):
    moved_away(jail.host, "web", to=target, ended=JobState.FAILED)
    page = manager.client.get(jail.get_absolute_url())
    assert "did not come to its end" in words(page)
    assert "Nothing of it is lost" in words(page)
    shown_plan = manager.client.get(url(jail, "take-back"))
    assert commands(shown_plan) == [f"{EZJAIL} config -r run web", f"{EZJAIL} onestart web"]
    data = {name: hidden(shown_plan, name) for name in ("plan_hash", "idempotency_key")}
    assert manager.client.post(url(jail, "take-back"), data).status_code == 302
    assert Job.objects.get(kind="jails.move_back").state == JobState.QUEUED


def test_the_jobs_of_a_move_lead_to_the_jail_on_both_hosts(manager, jail, target):
    for job in moved_away(jail.host, "web", to=target, ended=JobState.FAILED):
        page = manager.client.get(job.get_absolute_url())
        assert "web on alpha" in words(page)
        assert "web on beyond" not in words(page)
    make_jail(target, "web")
    assert "web on beyond" in words(manager.client.get(job.get_absolute_url()))


def test_the_pages_of_a_move_that_waits_show_its_plans(manager, jail, target):
    ask(manager, jail, target)
    into = Job.objects.get(host=target)
    assert "Fetch the archive from alpha" in words(manager.client.get(into.get_absolute_url()))
    page = words(manager.client.get(into.batch.get_absolute_url()))
    assert "Move the jail web from alpha to beyond" in page
    assert page.count("after that") == 1


def test_a_jail_that_runs_again_is_not_on_its_way_any_more(manager, jail, target):
    moved_away(jail.host, "web", to=target)
    Jail.objects.filter(pk=jail.pk).update(jid=9)
    jail.refresh_from_db()
    assert move_from(jail) is None
    assert "It was moved" not in words(manager.client.get(jail.get_absolute_url()))


def test_nothing_is_done_to_a_jail_whose_copy_is_on_its_way(manager, jail, target):
    _, into = moved_away(jail.host, "web", to=target)
    intent = {**into.intent, "source": str(jail.host_id)}
    Job.objects.filter(pk=into.pk).update(state=JobState.RUNNING, intent=intent)
    for verb, data in (("start", {}), ("delete", {"typed_name": "web", "wipe": "yes"})):
        answer = manager.client.post(url(jail, verb), data)
        assert (answer.status_code, "Part in of it" in text(answer)) == (409, True), verb
    assert "on its way to beyond" in words(manager.client.get(jail.get_absolute_url()))


# -- copies of archives ------------------------------------------------------------------------------------


@pytest.fixture
def archive(source, target, jail) -> Archive:
    return Archive.objects.create(
        host=source, file_name="web-202611241200.11.tar.gz", safe_name="web", size_bytes=7,
        made_at=jail.observed_at, observed_at=jail.observed_at,
    )  # fmt: skip


def test_an_archive_is_copied_to_another_host(manager, archive, target):
    address = reverse("jails:archive-copy", args=[archive.host_id, archive.file_name])
    page = manager.client.get(address, {"to": target.pk})
    path = f"/usr/jails/ezjail_archives/{archive.file_name}"
    assert f"{path} of the other host, to {path}" in words(page)
    data = {name: hidden(page, name) for name in ("plan_hash", "idempotency_key")}
    assert manager.client.post(address, {"to": target.pk, **data}).status_code == 302
    job = Job.objects.get()
    assert (job.kind, job.host_id, job.intent["size_bytes"]) == ("jails.archive_copy", target.pk, 7)


def test_an_archive_that_is_there_already_is_not_copied(manager, archive, target):
    Archive.objects.create(
        host=target,
        file_name=archive.file_name,
        size_bytes=7,
        made_at=archive.made_at,
        observed_at=archive.made_at,
    )
    address = reverse("jails:archive-copy", args=[archive.host_id, archive.file_name])
    page = manager.client.get(address, {"to": target.pk})
    assert "It has an archive of that name already." in words(page)
    assert commands(page) == []


# -- copies of flavours ------------------------------------------------------------------------------------


@pytest.fixture
def address(source) -> str:
    return reverse("jails:flavour-copy", args=[source.pk, "example"])


def test_a_flavour_that_is_there_stays_unless_someone_says_that_it_may_go(manager, address, target):
    page = manager.client.get(address, {"to": target.pk})
    assert "beyond has a flavour example already" in words(page)
    assert commands(page) == []
    page = manager.client.get(address, {"to": target.pk, "overwrite": "yes"})
    assert "/bin/rm -R /usr/jails/flavours/example" in commands(page)
    assert "goes, with all its files" in words(page)


def test_a_flavour_goes_over_in_three_jobs(manager, address, target):
    Host.objects.filter(pk=target.pk).update(facts=WITH_ARCHIVES | {"flavours": []})
    page = manager.client.get(address, {"to": target.pk})
    data = {name: hidden(page, name) for name in ("plan_hash", "at", "idempotency_key")}
    file = f"/var/db/jailpanel/files/flavour-example.{data['at']}.tar"
    folder = "/usr/jails/flavours"
    assert commands(page) == [
        "/usr/bin/install -d -m 700 /var/db/jailpanel/files",
        f"/usr/bin/tar -cf {file} -C {folder} example",
        f"/usr/bin/tar -xf {file} -C {folder} example",
        f"/bin/unlink {file}",
        f"/bin/unlink {file}",
    ]
    for _ in range(2):
        answer = manager.client.post(address, {"to": target.pk, **data})
        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            Batch.objects.get().get_absolute_url(),
        )
    assert list(Batch.objects.get().jobs.order_by("batch_position").values_list("state", flat=True)) == [
        JobState.QUEUED, JobState.HELD, JobState.HELD
    ]  # fmt: skip


def test_a_flavour_needs_the_right_on_both_hosts(source, address, target):
    person = make_person("half", (Role.MANAGER, source), (Role.OPERATOR, target))
    assert "change flavours here" in words(person.client.get(address))
    assert commands(person.client.get(address, {"to": target.pk})) == []
