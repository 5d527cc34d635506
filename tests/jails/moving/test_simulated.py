"""A jail moves between two simulated hosts, over SSH lines that drop on the way, and back again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.values import FlavourName, JailAddresses
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.archives.moments import now
from apps.jails.models import Jail
from apps.jails.moving import services
from apps.jails.moving.flavours import FlavourWish, flavour_copy_request
from apps.jails.moving.queries import move_from, move_to
from apps.jails.moving.services import MoveWish
from apps.jails.services import Agreed
from apps.jobs import steprun, transferrun
from apps.jobs.batches import advance
from apps.jobs.engine import advance_lane
from apps.jobs.models import Batch, BatchState, Job, JobState
from tests.jobs.conftest import output_of
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import READY, ZFS

OLD, NEW = "old", "new"
AGREED = Agreed()
FILE = "/usr/local/etc/ezjail/web"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    specs = [replace(READY, name=OLD), replace(ZFS, name=NEW)]
    with simulated_hosts(tmp_path_factory.mktemp("move"), specs, pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def does(hosts):
    def run(name: str, line: str) -> None:
        done = hosts.run(hosts.simulation.hosts[name].run(line))
        assert done.status == 0, (line, done)

    return run


@pytest.fixture
def places(db, hosts, settings, monkeypatch) -> dict[str, Host]:
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    # however slow the machine is: here a line that dropped is tried again, and not left for later
    monkeypatch.setattr(steprun, "PATIENCE_S", 300)
    monkeypatch.setattr(steprun, "FIRST_PATIENCE_S", 300)
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    rows = {}
    for name in (OLD, NEW):
        target = hosts.target(name)
        rows[name] = make_host(name, address=target.address, port=target.port, host_key=target.host_key)
        probe_host(rows[name].pk)
    return rows


class Killed(BaseException):
    """What a worker meets when it is killed: nothing of ours may catch it."""


def test_whatever_fails_the_jail_is_whole_on_its_old_host(places, hosts, does, monkeypatch):
    monkeypatch.setattr(transferrun, "PIECE_BYTES", 8192)
    monkeypatch.setattr(transferrun, "LEAST_PIECE_BYTES", 8192)
    does(OLD, "ezjail-admin create db 'lo1|10.0.0.19/24'; ezjail-admin onestart db")
    data = os.urandom(40000)
    (hosts.root(OLD) / "usr/jails/db/root/data").write_bytes(data)
    batch = services.move_request(actor=PANEL, wish=wish_of(places, "db"), agreed=AGREED)
    advance_lane(places[OLD].pk)
    advance(batch.pk)
    hosts.run(hosts.simulation.hosts[NEW].set_fault("disk_full", True))
    into = go_through(batch)[1]
    hosts.run(hosts.simulation.hosts[NEW].clear_faults())
    assert (into.state, "disk may be full" in into.outcome) == (JobState.FAILED, True)
    assert list((hosts.root(NEW) / "usr/jails/ezjail_archives").glob(".db-*")) == []
    here = jail_on(places[OLD], "db")
    assert (here.is_running, here.runs_at_boot) == (False, False)
    assert (hosts.root(OLD) / "usr/jails/db/root/data").read_bytes() == data
    move = move_from(here)
    assert move is not None
    assert (move.has_arrived, move.is_open, move.why_not_back) == (False, False, "")
    services.back_request(actor=PANEL, jail=here, agreed=AGREED)
    advance_lane(places[OLD].pk)
    assert jail_on(places[OLD], "db").is_running

    probe_host(places[NEW].pk)
    batch = services.move_request(actor=PANEL, wish=wish_of(places, "db"), agreed=AGREED)
    advance_lane(places[OLD].pk)
    advance(batch.pk)
    with monkeypatch.context() as patch:
        patch.setattr(transferrun.TransferRun, "_note_piece", killed_at(2))
        with pytest.raises(Killed):
            go_through(batch)
    Job.objects.filter(batch=batch, state=JobState.RUNNING).update(lease_until=timezone.now())
    advance_lane(places[NEW].pk)
    into = go_through(batch)[1]
    assert (into.state, into.outcome, into.takeovers) == (JobState.SUCCEEDED, "", 1)
    assert b"goes on at" in output_of(into, 0)
    assert (hosts.root(NEW) / "usr/jails/db/root/data").read_bytes() == data
    assert (hosts.root(OLD) / "usr/jails/db/root/data").read_bytes() == data


def killed_at(piece: int) -> Callable[..., None]:
    """Let a worker be killed once so many pieces have gone over."""
    gone = iter(range(1, piece + 1))

    def note(*_arguments: object) -> None:
        if next(gone) == piece:
            raise Killed

    return note


def test_a_flavour_is_copied_with_its_modes_and_links(places, hosts, does):
    root = "usr/jails/flavours/ours"
    does(OLD, f"mkdir -p /{root}/etc")
    does(OLD, f"echo hello >/{root}/etc/motd; chmod 640 /{root}/etc/motd; ln -s motd /{root}/etc/other")
    for name in (OLD, NEW):
        probe_host(places[name].pk)
    source, target = (Host.objects.get(pk=places[name].pk) for name in (OLD, NEW))
    wish = FlavourWish(source, target, FlavourName.parse("ours"), overwrite=False, at=now())
    batch = flavour_copy_request(actor=PANEL, wish=wish, agreed=AGREED)
    jobs = go_through(batch)
    assert [(job.state, job.outcome) for job in jobs] == [(JobState.SUCCEEDED, "")] * 3
    there = hosts.root(NEW) / root
    assert (there / "etc/motd").read_text() == "hello\n"
    assert stat.S_IMODE((there / "etc/motd").stat().st_mode) == 0o640
    assert (there / "etc/other").readlink() == Path("motd")
    for name in (OLD, NEW):
        assert list((hosts.root(name) / "var/db/jailpanel/files").iterdir()) == []


def jail_on(place: Host, safe_name: str = "web") -> Jail:
    probe_host(place.pk)
    return Jail.objects.select_related("host").get(host=place, safe_name=safe_name)


def wish_of(places: dict[str, Host], safe_name: str = "web") -> MoveWish:
    jail, target = jail_on(places[OLD], safe_name), Host.objects.get(pk=places[NEW].pk)
    address = f"lo1|10.0.0.{77 if safe_name == 'web' else 78}/24"
    return MoveWish(jail, target, JailAddresses.parse(address), "", starts=True, at=now())


def go_through(batch: Batch) -> list[Job]:
    """Do what workers do, until nothing is left to do."""
    for _ in range(6):
        for job in batch.jobs.filter(state=JobState.QUEUED):
            advance_lane(job.host_id)
        advance(batch.pk)
    return list(batch.jobs.order_by("batch_position"))


def test_a_jail_moves_over_a_line_that_drops_and_can_be_taken_back(places, hosts, does, monkeypatch):
    monkeypatch.setattr(transferrun, "PIECE_BYTES", 8192)
    monkeypatch.setattr(transferrun, "LEAST_PIECE_BYTES", 8192)
    monkeypatch.setattr(steprun, "RETRY_S", 0.01)
    does(OLD, "ezjail-admin create web 'lo1|10.0.0.9/24'; ezjail-admin onestart web")
    does(OLD, f"""echo 'export jail_web_my_own="kept"' >>{FILE}""")
    data = os.urandom(60000)
    (hosts.root(OLD) / "usr/jails/web/root/data").write_bytes(data)
    batch = services.move_request(actor=PANEL, wish=wish_of(places), agreed=AGREED)
    out, into = batch.jobs.order_by("batch_position")
    assert (out.state, into.state) == (JobState.QUEUED, JobState.HELD)
    advance_lane(out.host_id)
    advance(batch.pk)
    hosts.run(hosts.simulation.hosts[OLD].set_fault("drop_after_bytes", 30000))
    out, into = go_through(batch)
    hosts.run(hosts.simulation.hosts[OLD].clear_faults())
    assert (out.state, out.outcome, into.state, into.outcome) == (
        JobState.SUCCEEDED, "", JobState.SUCCEEDED, ""
    )  # fmt: skip
    assert Batch.objects.get(pk=batch.pk).state == BatchState.ENDED
    assert b"goes on at" in output_of(into, 0)
    assert (hosts.root(NEW) / "usr/jails/web/root/data").read_bytes() == data
    there, here = jail_on(places[NEW]), jail_on(places[OLD])
    assert (there.is_running, there.runs_at_boot, str(there.addresses.get())) == (
        True,
        True,
        "lo1|10.0.0.77/24",
    )
    assert 'jail_web_my_own="kept"' in there.config_text
    assert (here.is_running, here.runs_at_boot) == (False, False)
    assert (hosts.root(OLD) / "usr/jails/web/root/data").read_bytes() == data
    assert move_to(there) is not None
    move = move_from(here)
    assert move is not None
    assert move.has_arrived
    assert move.why_not_back.startswith("It runs on new.")
    does(NEW, "ezjail-admin delete -wf web")
    probe_host(places[NEW].pk)
    back = services.back_request(actor=PANEL, jail=here, agreed=AGREED)
    advance_lane(back.host_id)
    here = jail_on(places[OLD])
    assert (Job.objects.get(pk=back.pk).state, here.is_running, here.runs_at_boot) == (
        JobState.SUCCEEDED, True, True
    )  # fmt: skip
    assert move_from(here) is None
