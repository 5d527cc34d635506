"""A jail on a simulated host is archived, and is what it was once it has been rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.archives import queries, restoring, services
from apps.jails.archives.moments import now
from apps.jails.archives.services import Wish
from apps.jails.keeping import services as keeping
from apps.jails.models import Archive, Jail, KeptJail
from apps.jails.services import Agreed
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import ZFS

NAME = "keep"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    spec = replace(ZFS, name=NAME)
    with simulated_hosts(tmp_path_factory.mktemp("keep"), [spec], pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def does(hosts):
    def run(line: str) -> None:
        done = hosts.run(hosts.simulation.hosts[NAME].run(line))
        assert done.status == 0, (line, done)

    return run


@pytest.fixture
def place(db, hosts, does, settings, monkeypatch) -> Iterator[Host]:
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target(NAME)
    yield make_host(NAME, address=target.address, port=target.port, host_key=target.host_key)
    does("ezjail-admin delete -wf web; ezjail-admin delete -wf web2; rm -rf /usr/jails/ezjail_archives")


def seen(place: Host) -> Jail:
    probe_host(place.pk)
    return Jail.objects.select_related("host").get(host=place, safe_name="web")


def done(jail: Jail, wish: Wish) -> Job:
    asked = services.jail_wish_request(actor=PANEL, jail=jail, wish=wish, agreed=Agreed())
    advance_lane(jail.host_id)
    job = Job.objects.get(pk=asked.pk)
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    return job


def test_a_jail_is_archived_and_goes_back_to_a_snapshot(place, does, hosts):
    does("ezjail-admin create web 'lo1|10.0.0.9/24'; ezjail-admin onestart web")
    does("ezjail-admin create web2 'lo1|10.0.0.8/24'; ezjail-admin archive web2")
    jail = seen(place)
    assert jail.is_running
    job = done(jail, services.archive_wish(jail, now()))
    assert [row.file_name for row in queries.archives_of(jail)] == [job.intent["file_name"]]
    assert Archive.objects.filter(host=place).count() == 2
    taken = done(jail, services.snapshot_wish(now()))
    does("echo later >/usr/jails/web/root/note")
    does("zfs snapshot zroot/ezjail/web@by-hand")
    jail = seen(place)
    back = queries.snapshot_get(jail, taken.intent["label"])
    assert [row.name for row in queries.newer_than(back)] == ["by-hand"]
    done(jail, services.rollback_wish(jail, back))
    assert not (hosts.root(NAME) / "usr/jails/web/root/note").exists()
    jail = seen(place)
    assert jail.is_running
    done(jail, services.snapshot_remove_wish([taken.intent["label"]]))
    assert queries.snapshots_of(jail) == []


def test_a_deleted_jail_is_restored_as_it_was_set_and_beside_it_another(place, does, hosts):
    does("ezjail-admin create web 'lo1|10.0.0.9/24'")
    file = hosts.root(NAME) / "usr/local/etc/ezjail/web"
    file.write_text(
        file.read_text().replace('_parameters=""', '_parameters="allow.raw_sockets=1"') + "# mine\n"
    )
    fstab = hosts.root(NAME) / "etc/fstab.web"
    fstab.write_text(f"{fstab.read_text()}/data /usr/jails/web/data nullfs ro 0 0\n")
    before, mounts = file.read_text(), fstab.read_text()
    jail = seen(place)
    done(jail, services.archive_wish(jail, now()))
    does("ezjail-admin delete -w web")
    probe_host(place.pk)
    archive = Archive.objects.select_related("host").get(host=place)
    restored(archive, "web", "lo1|10.0.0.9/24")
    assert (file.read_text(), fstab.read_text()) == (before, mounts)
    restored(archive, "web2", "lo1|10.0.0.8/24")
    other = (hosts.root(NAME) / "usr/local/etc/ezjail/web2").read_text()
    assert 'jail_web2_parameters="allow.raw_sockets=1"' in other
    assert 'jail_web2_rootdir="/usr/jails/web2"' in other
    assert "# mine" in other
    assert "jail_web_" not in other
    assert "/data /usr/jails/web2/data" in (hosts.root(NAME) / "etc/fstab.web2").read_text()


def test_a_deleted_jail_is_kept_and_had_back_as_it_was(place, does, hosts):
    does("ezjail-admin create web 'lo1|10.0.0.9/24'; ezjail-admin config -r norun web")
    file = hosts.root(NAME) / "usr/local/etc/ezjail/web.norun"
    file.write_text(file.read_text().replace('_parameters=""', '_parameters="allow.raw_sockets=1"'))
    before = file.read_text()
    does("echo mine >/usr/jails/web/root/note")
    jail = seen(place)
    done(jail, keeping.delete_wish(jail, now(), 3))
    kept = KeptJail.objects.select_related("host").get()
    assert (kept.name, kept.is_dataset, kept.config_text) == ("web", True, before)
    assert (kept.keep_until - kept.deleted_at).days == 3
    facts = Host.objects.get(pk=place.pk).facts
    assert (facts["leftovers"]["datasets"], facts["leftovers"]["roots"]) == ([], [])
    assert not (hosts.root(NAME) / "usr/jails/web").exists()
    ended(keeping.bring_back_request(actor=PANEL, kept=kept, agreed=Agreed()))
    assert file.read_text() == before
    assert (hosts.root(NAME) / "usr/jails/web/root/note").read_text() == "mine\n"
    assert not KeptJail.objects.exists()
    jail = seen(place)
    done(jail, keeping.delete_wish(jail, now(), 3))
    KeptJail.objects.update(keep_until=timezone.now())
    assert keeping.remove_run_out(timezone.now()) == 1
    ended(Job.objects.get(kind="jails.kept_remove"))
    assert not KeptJail.objects.exists()
    assert not [item for item in facts_of(place)["datasets"] if "kept-" in item["name"]]


def facts_of(place: Host) -> dict[str, Any]:
    return Host.objects.get(pk=place.pk).facts


def ended(job: Job) -> None:
    advance_lane(job.host_id)
    job.refresh_from_db()
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")


def restored(archive: Archive, name: str, addresses: str) -> None:
    asked = restoring.restore_request(
        actor=PANEL, archive=archive, name=JailName.parse(name), addresses=JailAddresses.parse(addresses),
        agreed=Agreed(),
    )  # fmt: skip
    advance_lane(archive.host_id)
    job = Job.objects.get(pk=asked.pk)
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
