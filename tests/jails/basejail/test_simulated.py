"""A basejail on a simulated host, from end to end: patched, brought back, proven or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails import remains
from apps.jails.archives.moments import now
from apps.jails.basejail import services
from apps.jails.basejail.plans import InstallWish
from apps.jails.basejail.situation import situation_of
from apps.jails.basejail.update_plans import Way
from apps.jails.basejail.update_services import UpdateWish, update_request
from apps.jails.services import Agreed
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.simulator.mirrors import write_manifests
from apps.updates.sets import set_fetch
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import ZFS

pytestmark = pytest.mark.django_db
FOLDER = "/var/db/jailpanel/files/sets/13.2-RELEASE"
CLEAN = "zroot/ezjail/basejail@clean"
SPEC = replace(ZFS, name="zfs", lacks=frozenset())


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("basejail")
    with simulated_hosts(folder, [SPEC], pace=0.0, in_process=True) as running:
        does(running, f"zfs snapshot {CLEAN}")
        yield running


@pytest.fixture
def row(db, hosts, settings, monkeypatch) -> Host:
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    does(hosts, f"zfs rollback -r {CLEAN}")
    target = hosts.target("zfs")
    host = make_host("zfs", address=target.address, port=target.port, host_key=target.host_key)
    return looked_at(host)


def looked_at(host: Host) -> Host:
    probe_host(host.pk)
    return Host.objects.select_related("basejail").get(pk=host.pk)


def does(hosts: Simulated, line: str) -> None:
    done = hosts.run(hosts.simulation.hosts["zfs"].run(line))
    assert done.status == 0, (line, done)


def ran(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def updated(host: Host, way: Way) -> Job:
    wish = UpdateWish(way, now())
    return ran(update_request(actor=PANEL, host=host, wish=wish, agreed=Agreed()))


def installed(host: Host, **wish: bool) -> Job:
    asked = InstallWish(Release.parse("13.2-RELEASE"), **wish)
    return ran(services.basejail_install_request(actor=PANEL, host=host, wish=asked, agreed=Agreed()))


def test_a_basejail_is_patched_brought_back_and_installed_over(row, hosts):
    does(hosts, "ezjail-admin create web 'lo1|10.0.0.2/24' && ezjail-admin onestart web")
    host = looked_at(row)
    assert str(situation_of(host).trees.release) == "13.2-RELEASE"

    job = updated(host, Way.PATCH)
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    seen = situation_of(Host.objects.select_related("basejail").get(pk=row.pk))
    assert str(seen.trees.release) == "13.2-RELEASE-p12"
    assert [jail.name for jail in seen.stale] == ["web"]
    assert seen.trees.snapshot.startswith("jailpanel-")

    assert updated(looked_at(row), Way.BACK).state == JobState.SUCCEEDED
    assert str(situation_of(looked_at(row)).trees.release) == "13.2-RELEASE"

    assert updated(looked_at(row), Way.PORTS).state == JobState.SUCCEEDED
    assert updated(looked_at(row), Way.SOURCES).state == JobState.SUCCEEDED

    does(hosts, "ezjail-admin onerestart web")
    assert situation_of(looked_at(row)).stale == []
    does(hosts, "ezjail-admin delete -wf web")


def test_what_is_not_what_freebsd_published_is_not_installed_and_comes_anew(row, hosts):
    does(hosts, f"mkdir -p {FOLDER} && echo nonsense >{FOLDER}/base.txz")
    job = installed(looked_at(row))
    assert job.state == JobState.FAILED
    assert job.outcome.startswith("The file is not what FreeBSD published")
    assert not any("install" in step.argv and step.started_at for step in job.steps.all())

    again = installed(looked_at(row))
    assert (again.state, again.outcome) == (JobState.SUCCEEDED, "")
    assert again.stored_plan.commands[0].argv[0] == "/bin/unlink"
    assert looked_at(row).facts["upkeep"]["sets"] == []


def test_an_update_that_was_cut_short_is_seen_and_finished(row, hosts):
    does(hosts, "freebsd-update --not-running-from-cron -b /usr/jails/basejail fetch")
    host = looked_at(row)
    assert situation_of(host).trees.pending == ("basejail",)
    finding = next(found for found in remains.host_findings(host) if found.key == "pending")
    assert finding.repairs[0].label == "Install them"
    assert updated(host, Way.FINISH).state == JobState.SUCCEEDED
    assert situation_of(looked_at(row)).trees.pending == ()


def test_a_host_without_a_way_out_gets_the_sets_from_the_panel(row, hosts, settings, tmp_path):
    settings.MIRROR_DIR, settings.STATE_DIR = tmp_path / "mirror", tmp_path
    write_manifests(settings.MIRROR_DIR, ["13.2-RELEASE"], sets=True)
    for name in ("base", "lib32"):
        set_fetch(Release.parse("13.2-RELEASE"), "amd64", name)
    job = installed(row, brings=True)
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    assert not any("fetch" in step.argv[0] for step in job.steps.all())
    assert looked_at(row).facts["upkeep"]["sets"] == []
