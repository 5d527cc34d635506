"""Hosts that go down in the middle of a command: what is found there, what finishes it, what undoes it.

The command is killed on a simulated host after so many of its steps, as a reboot kills it; all the rest is
the panel's own: the probe over SSH, the service, the engine, the host's agent.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Release
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails import remains, services
from apps.jails.basejail import services as basejail_services
from apps.jails.basejail.plans import InstallWish
from apps.jails.models import Jail
from apps.jails.repair_kinds import Finding
from apps.jails.services import Agreed, NewJail
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.steprun import StepRun
from apps.simulator.call import Buffer, Call
from apps.simulator.machine import Machine
from apps.simulator.provision import ROOT_ENV
from tests.answers import hidden
from tests.places import make_host
from tests.services import eventually
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import READY, ZFS

AGREED = Agreed()
SPECS = {"directory": replace(READY, name="plain"), "dataset": replace(ZFS, name="zfs")}
# What changes by itself, or is written about the work and not by it.
RESTLESS = ("var/log/", "var/db/jailpanel", "var/run/", "etc/ssh/")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    with simulated_hosts(
        tmp_path_factory.mktemp("cut"), list(SPECS.values()), pace=0.0, in_process=True
    ) as running:
        yield running


@dataclass(slots=True)
class Place:
    """A simulated host, and its row in the panel."""

    hosts: Simulated
    name: str
    row: Host

    @property
    def machine(self) -> Machine:
        return self.hosts.simulation.hosts[self.name].machine

    def root(self) -> Path:
        return self.hosts.root(self.name)

    def look(self) -> Host:
        probe_host(self.row.pk)
        self.row = Host.objects.get(pk=self.row.pk)
        return self.row

    def does(self, line: str) -> None:
        done = self.hosts.run(self.hosts.simulation.hosts[self.name].run(line))
        assert done.status == 0, (line, done)

    def cut(self, job: Job, awaits: int, *, position: int = 0) -> Job:
        """Run a job's steps up to one, kill that one after so many awaits, boot, and look at the host."""
        for step in job.steps.order_by("position")[:position]:
            self.does(shlex.join(step.argv))
            self._end(step, StepState.SUCCEEDED)
        step = job.steps.get(position=position)
        self.hosts.run(self._killed(tuple(step.argv), awaits))
        self._end(step, StepState.LOST)
        job.steps.filter(position__gt=position).update(state=StepState.SKIPPED)
        Job.objects.filter(pk=job.pk).update(state=JobState.LOST, ended_at=timezone.now())
        self.look()
        return Job.objects.get(pk=job.pk)

    def _end(self, step: Step, state: StepState) -> None:
        now = timezone.now()
        status = 0 if state == StepState.SUCCEEDED else None
        Step.objects.filter(pk=step.pk).update(state=state, started_at=now, ended_at=now, exit_status=status)

    async def _killed(self, argv: tuple[str, ...], awaits: int) -> None:
        argv = argv[argv.index("/usr/local/bin/ezjail-admin") :]  # without env and script before it
        call = Call(argv, self.machine, Buffer(), Buffer(), env=ROOT_ENV, cwd="/var/empty")
        task = asyncio.ensure_future(call.run(argv))
        for _ in range(awaits):
            await asyncio.sleep(0)
        was_over = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not was_over, f"{argv} was over before it could be killed"
        self.machine.reboot()

    def boot_once_there_is(self, path: str, followed: threading.Event) -> None:
        """Reboot the host as soon as something is at a path there, and the panel follows what makes it."""
        eventually(lambda: followed.is_set() and self.machine.files.exists(path))
        self.hosts.run(self.hosts.simulation.hosts[self.name].reboot(0))

    def files(self) -> dict[str, tuple[str, str]]:
        """All that is on the host's disk, to the byte, and its datasets."""
        found = {f"zfs {item.name}": ("", "") for item in self.machine.kernel.datasets}
        found |= {
            f"zfs {item.name}@{snapshot.name}": ("", "")
            for item in self.machine.kernel.datasets
            for snapshot in item.snapshots
        }
        for place, folders, names in os.walk(self.root()):
            for name in [*folders, *names]:
                path = Path(place, name)
                shown = str(path.relative_to(self.root()))
                if not shown.startswith(RESTLESS) and "/var/log/" not in shown:  # a jail's start writes there
                    found[shown] = _described(path)
        return found

    def mend(self, finding: Finding, way: str, origin: Job | None) -> Job:
        """Ask for a way on and let the engine do it."""
        repair = next(item for item in finding.repairs if item.way == way)
        job = remains.repair_request(
            actor=PANEL,
            host=self.row,
            key=finding.key,
            way=way,
            origin=origin,
            typed_name=repair.typed_name,
            agreed=Agreed(repair.plan.hash, f"{finding.key}-{way}"),
        )
        assert (job.stored_plan, job.origin) == (repair.plan, origin)
        advance_lane(self.row.pk)
        job = Job.objects.get(pk=job.pk)
        assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
        self.row = Host.objects.get(pk=self.row.pk)
        return job


def _described(path: Path) -> tuple[str, str]:
    state = path.lstat()
    if stat.S_ISLNK(state.st_mode):
        return "link", str(path.readlink())
    if stat.S_ISDIR(state.st_mode):
        return "directory", ""
    return "file", hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(params=SPECS)
def place(request, db, hosts, settings, monkeypatch) -> Place:
    """A host of each kind that has a basejail and has been looked at."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    name = SPECS[request.param].name
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target(name)
    row = make_host(name, address=target.address, port=target.port, host_key=target.host_key)
    place = Place(hosts, name, row)
    place.does("mkdir -p /usr/local/etc/ezjail")  # which the first create ever would make
    assert place.look().facts["basejail"]["missing"] == []
    return place


numbers = iter(range(10, 250))


@contextmanager
def new_jail(place: Place, *, flavour: str = "") -> Iterator[tuple[NewJail, Job]]:
    """Ask for a jail that nobody had before; at the end it has to be gone, and all of it."""
    number = next(numbers)
    name, address = JailName.parse(f"web{number}.example"), JailAddresses.parse(f"lo1|10.0.0.{number}/24")
    wanted = NewJail(name, address, FlavourName.parse(flavour) if flavour else None)
    try:
        yield wanted, services.jail_create_request(actor=PANEL, host=place.row, wanted=wanted, agreed=AGREED)
    finally:
        place.does(f"ezjail-admin create -x {name} 203.0.113.1; ezjail-admin delete -wf {name}; true")


def made(place: Place, wanted: NewJail) -> Jail:
    place.does(f"ezjail-admin create {wanted.name} '{wanted.addresses}'")
    place.look()
    return Jail.objects.get(host=place.row, safe_name=wanted.name.safe_name)


def runs(place: Place, jail: Jail) -> bool:
    place.look()
    return Jail.objects.get(pk=jail.pk).is_running


# -- create -----------------------------------------------------------------------------------------------

POINTS = [3, 7]


@pytest.mark.parametrize("awaits", POINTS)
def test_a_create_that_was_cut_short_is_undone_to_the_byte(place, awaits):
    before = place.files()
    with new_jail(place) as (wanted, asked):
        job = place.cut(asked, awaits)
        (finding,) = remains.job_findings(job)
        assert finding.key == f"remains-{wanted.name.safe_name}"
        assert f"The jail {wanted.name} was being made" in finding.sentence
        assert [repair.way for repair in finding.repairs] == ["finish", "undo"]
        assert place.files() != before
        place.mend(finding, "undo", job)
        assert place.files() == before
        assert remains.host_findings(place.row) == []


def test_a_create_that_was_cut_short_is_finished(place):
    with new_jail(place) as (wanted, asked):
        job = place.cut(asked, 5)
        (finding,) = remains.job_findings(job)
        place.mend(finding, "finish", job)
        jail = Jail.objects.get(host=place.row, safe_name=wanted.name.safe_name)
        assert (jail.root_exists, jail.problem) == (True, "")
        assert ",".join(str(address) for address in jail.addresses.all()) == str(wanted.addresses)
        assert remains.host_findings(place.row) == []
        finished = {path for path in place.files() if f"/{wanted.name}/" in path}
        place.does(f"ezjail-admin delete -w {wanted.name}")
        place.does(f"ezjail-admin create {wanted.name} '{wanted.addresses}'")
        assert {path for path in place.files() if f"/{wanted.name}/" in path} == finished


@pytest.fixture
def followed(monkeypatch) -> threading.Event:
    """Set once the engine follows a step: it has noted by then that the host has started it."""
    event, drain = threading.Event(), StepRun._drain

    def noted(self: StepRun, *arguments: Any) -> Any:
        event.set()
        return drain(self, *arguments)

    monkeypatch.setattr(StepRun, "_drain", noted)
    return event


def work_to_its_end(job: Job) -> None:
    """Be the workers: one after the other where the host stays away for longer than one waits."""

    def has_ended() -> bool:
        Job.objects.filter(pk=job.pk, away_since__isnull=False).update(lease_until=timezone.now())
        advance_lane(job.host_id)
        return not Job.objects.get(pk=job.pk).is_open

    eventually(has_ended)


def test_a_host_that_is_booted_under_a_create_is_mended_by_what_the_jobs_page_offers(place, owner, followed):
    with new_jail(place) as (wanted, asked):
        place.machine.pace = 5.0  # long enough for the boot to come in its middle
        path = f"/usr/jails/{wanted.name}"
        booting = threading.Thread(target=place.boot_once_there_is, args=(path, followed))
        booting.start()
        try:
            work_to_its_end(asked)
        finally:
            booting.join()
            place.machine.pace = 0.0
        job = Job.objects.get(pk=asked.pk)
        assert (job.state, job.steps.get().state) == (JobState.LOST, StepState.LOST)
        place.look()  # once more, should it have been down still when the engine looked
        page = owner.client.get(job.get_absolute_url()).content.decode()
        assert "Left half done" in page
        url = reverse("jobs:job-retry", args=[job.pk])
        assert "Mend that first" in owner.client.get(url).content.decode()
        url = reverse("jails:repair", args=[place.row.pk, f"remains-{wanted.name.safe_name}", "finish"])
        assert f"{url}?job={job.pk}" in page
        form = owner.client.get(f"{url}?job={job.pk}")
        data = {name: hidden(form, name) for name in ("plan_hash", "idempotency_key", "job")}
        answer = owner.client.post(url, data | {"typed_name": wanted.name.text})
        advance_lane(place.row.pk)
        (follower,) = job.followers.all()
        assert answer.headers["Location"] == follower.get_absolute_url()
        assert (follower.state, follower.kind) == (JobState.SUCCEEDED, "jails.repair")
        assert "Left half done" not in owner.client.get(job.get_absolute_url()).content.decode()


def test_a_create_that_never_began_left_nothing(place):
    before = place.files()
    with new_jail(place) as (_, asked):
        job = place.cut(asked, 1)
        assert remains.job_findings(job) == []
        assert place.files() == before


def test_a_flavour_that_may_be_missing_is_told_and_the_jail_made_anew(place):
    with new_jail(place, flavour="example") as (wanted, asked):
        place.does(f"ezjail-admin create {wanted.name} '{wanted.addresses}'")
        job = lost(place, asked)
        (finding,) = remains.job_findings(job)
        assert "files of the flavour example may be missing" in finding.sentence
        flavoured = f"usr/jails/{wanted.name}/etc/periodic.conf"
        assert flavoured not in place.files()
        place.mend(finding, "finish", job)
        assert flavoured in place.files()
        assert remains.host_findings(place.row) == []


def lost(place: Place, job: Job) -> Job:
    """Say of a job whose work the test did itself that its first step was lost."""
    place._end(job.steps.get(position=0), StepState.LOST)
    Job.objects.filter(pk=job.pk).update(state=JobState.LOST, ended_at=timezone.now())
    place.look()
    return Job.objects.get(pk=job.pk)


# -- delete -----------------------------------------------------------------------------------------------


def delete(jail: Jail, *, wipe: bool = True) -> Job:
    return services.jail_delete_request(
        actor=PANEL, jail=jail, wipe=wipe, typed_name=jail.name, agreed=AGREED
    )


@contextmanager
def a_jail(place: Place) -> Iterator[Jail]:
    """A jail of its own; at the end it is gone."""
    with new_jail(place) as (wanted, asked):
        asked.delete()
        yield made(place, wanted)


@pytest.mark.parametrize("awaits", [1, 3])
def test_a_delete_that_was_cut_short_is_finished(place, awaits):
    if place.name == "zfs" and awaits == 3:
        awaits = 2
    before = place.files()
    with a_jail(place) as jail:
        job = place.cut(delete(jail), awaits)
        (finding,) = remains.job_findings(job)
        assert f"The jail {jail.name} was being deleted: ezjail has forgotten it" in finding.sentence
        place.mend(finding, "finish", job)
        assert place.files() == before
        assert remains.host_findings(place.row) == []


def test_a_delete_that_was_cut_short_before_any_file_went_is_undone(place):
    with a_jail(place) as jail:
        before, addresses = place.files(), [str(address) for address in jail.addresses.all()]
        job = place.cut(delete(jail), 1)
        (finding,) = remains.job_findings(job)
        (undo,) = [repair for repair in finding.repairs if repair.way == "undo"]
        may_lack = "some may be gone" in " ".join(undo.plan.warnings)
        assert may_lack == (place.name == "plain"), "a dataset is there whole or not at all"
        place.mend(finding, "undo", job)
        assert place.files() == before
        back = Jail.objects.get(host=place.row, name=jail.name)
        assert [str(address) for address in back.addresses.all()] == addresses


# -- start and restart ------------------------------------------------------------------------------------


@pytest.fixture
def not_started_at_boot(place) -> Iterator[None]:
    place.does("sysrc ezjail_enable=NO")
    yield
    place.does("sysrc ezjail_enable=YES")


@pytest.mark.usefixtures("not_started_at_boot")
def test_a_restart_that_was_cut_short_leaves_the_jail_stopped_and_is_finished(place):
    with a_jail(place) as jail:
        place.does(f"ezjail-admin onestart {jail.name}")
        place.look()
        job = place.cut(services.jail_restart_request(actor=PANEL, jail=jail, agreed=AGREED), 2)
        (finding,) = remains.job_findings(job)
        assert finding.sentence == f"{jail.name} does not run: its restart was cut short."
        place.mend(finding, "finish", job)
        assert runs(place, jail)
        assert remains.job_findings(job) == []


@pytest.mark.usefixtures("not_started_at_boot")
@pytest.mark.parametrize("way", ["finish", "undo"])
def test_a_norun_jail_does_not_stay_runnable(place, way):
    with a_jail(place) as jail:
        place.does(f"ezjail-admin config -r norun {jail.name}")
        place.look()
        before = place.files()
        job = place.cut(services.jail_start_request(actor=PANEL, jail=jail, agreed=AGREED), 1, position=1)
        assert place.files() != before
        (finding,) = remains.job_findings(job)
        assert "the host would start it at its next boot" in finding.sentence
        place.mend(finding, way, job)
        assert place.files() == before
        assert runs(place, jail) == (way == "finish")
        assert Jail.objects.get(pk=jail.pk).runs_at_boot is False


@pytest.mark.usefixtures("not_started_at_boot")
@pytest.mark.parametrize("way", ["finish", "undo"])
def test_a_jail_whose_start_was_killed_runs_without_its_note(place, way):
    """Killed without a reboot: the kernel has the jail, and ezjail takes it for stopped."""
    with a_jail(place) as jail:
        place.does(f"ezjail-admin onestart {jail.name}; rm /var/run/jail_{jail.safe_name}.id")
        place.look()
        (finding,) = remains.host_findings(place.row)
        assert "ezjail takes it for stopped" in finding.sentence
        place.mend(finding, way, None)
        assert runs(place, jail) == (way == "finish")
        assert remains.host_findings(place.row) == []
        place.does(f"ezjail-admin onestop {jail.name}")


# -- the basejail -----------------------------------------------------------------------------------------


def install(place: Place) -> Job:
    return basejail_services.basejail_install_request(
        actor=PANEL,
        host=place.row,
        wish=InstallWish(Release.parse("13.2-RELEASE")),
        agreed=AGREED,
    )


def ezjails_step(job: Job) -> int:
    """Which step is ezjail's; those before it fetch and prove the sets."""
    return next(step.position for step in job.steps.all() if "install" in step.argv)


@pytest.fixture
def whole_again(place) -> Iterator[None]:
    """Whatever comes of a test, the next one finds a whole basejail."""
    yield
    place.does("test ! -e /usr/jails/fulljail || ezjail-admin install -h file:///dist -r 13.2-RELEASE")


@pytest.mark.usefixtures("whole_again")
@pytest.mark.parametrize("awaits", [4, 90])
def test_an_install_that_was_cut_short_is_finished(place, awaits):
    whole = {path for path in place.files() if "@" not in path}
    asked = install(place)
    job = place.cut(asked, awaits, position=ezjails_step(asked))
    (finding,) = remains.job_findings(job)
    assert finding.key == "basejail"
    again = place.mend(finding, "finish", job)
    assert again.kind == "jails.basejail_install"
    assert remains.host_findings(place.row) == []
    assert whole <= place.files().keys()


@pytest.mark.usefixtures("whole_again")
def test_an_install_that_had_not_touched_the_basejail_is_undone_to_the_byte(place):
    before = place.files()
    asked = install(place)
    job = place.cut(asked, 4, position=ezjails_step(asked))
    (finding,) = remains.job_findings(job)
    place.mend(finding, "undo", job)
    assert place.files() == before
    assert remains.host_findings(place.row) == []
