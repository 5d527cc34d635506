"""A fresh simulated host, reached over SSH, becomes one that can run jails by one plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.ezjail import services
from apps.jails.ezjail.situation import situation_of
from apps.jails.ezjail.wanted import suggested
from apps.jails.services import Agreed
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.jobs.ports import again
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import PLAIN

FRESH = replace(PLAIN, name="fresh", pkg=False, ezjail=False, pool="zroot", interfaces=PLAIN.interfaces[:1])


@pytest.fixture
def hosts(db, settings, monkeypatch, tmp_path):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    with simulated_hosts(tmp_path, [FRESH], pace=0.0, in_process=True) as running:
        monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: running.private_key_path)
        yield running


def added(hosts: Simulated, name: str) -> Host:
    target = hosts.target(name)
    return make_host(name, address=target.address, port=target.port, host_key=target.host_key)


def look(host: Host) -> Host:
    probe_host(host.pk)
    return Host.objects.get(pk=host.pk)


def end_of(job: Job) -> Job:
    advance_lane(job.host_id)
    return Job.objects.get(pk=job.pk)


def test_a_fresh_host_is_set_up_by_one_plan_and_its_settings_are_changed(hosts):
    host = look(added(hosts, "fresh"))
    wanted = suggested(situation_of(host))
    plan = services.setup_plan(host, wanted)
    job = end_of(
        services.ezjail_setup_request(actor=PANEL, host=host, wanted=wanted, agreed=Agreed(plan.hash, "k"))
    )
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    files = hosts.simulation.hosts["fresh"].machine.files
    assert 'ezjail_use_zfs_for_jails="YES"' in files.read_text("/usr/local/etc/ezjail.conf")
    assert 'ifconfig_lo1="inet 10.0.0.1/24"\n' in files.read_text("/etc/rc.conf")
    host = look(host)
    assert (host.facts["ezjail"]["version"], host.facts["ezjail"]["enabled"]) == ("3.4.2", True)
    with pytest.raises(Conflict, match="nothing left to do"):
        services.setup_plan(host, wanted)
    changes = {"ezjail_devfs_ruleset": "4", "ezjail_exec_stop": None}
    job = end_of(
        services.ezjail_settings_request(actor=PANEL, host=host, changes=changes, agreed=Agreed("", "s"))
    )
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    assert look(host).facts["ezjail"]["in_effect"]["ezjail_devfs_ruleset"] == "4"
    assert "exec_stop" not in files.read_text("/usr/local/etc/ezjail.conf")
    someone_else_was_quicker(hosts, host)


def someone_else_was_quicker(hosts: Simulated, host: Host) -> None:
    """A file that changes before the job is not written over; trying again does it on top."""
    files = hosts.simulation.hosts["fresh"].machine.files
    wish = {"ezjail_fib": "1"}
    job = services.ezjail_settings_request(actor=PANEL, host=host, changes=wish, agreed=Agreed("", "q"))
    files.append_text("/usr/local/etc/ezjail.conf", "# by hand\n")
    job = end_of(job)
    assert job.state == JobState.FAILED
    assert "was changed on the host meanwhile" in job.outcome
    assert "ezjail_fib" not in files.read_text("/usr/local/etc/ezjail.conf")
    kind = again(job.kind)
    assert kind
    second = end_of(kind.ask(job, PANEL, kind.replan(job).hash, "r"))
    assert (second.state, second.outcome) == (JobState.SUCCEEDED, "")
    assert "# by hand\n" in files.read_text("/usr/local/etc/ezjail.conf")
