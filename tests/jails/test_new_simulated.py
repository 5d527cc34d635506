"""A new jail with much of what can be chosen, from the wish to the proof, on a simulated host with ZFS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.models import Jail
from apps.jails.new_options import NewJailOptions
from apps.jails.services import Agreed, NewJail, jail_create_request
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.network.models import HeldAddress
from tests.network.pools.places import make_pool
from tests.places import make_host
from tests.simulated import simulated_hosts
from tests.simulator.machines import ZFS

OPTIONS = NewJailOptions(
    CreateOptions(storage=Storage.ZFS, parent="zroot/ezjail", keep_snapshot=True),
    (("exec_stop", "/bin/sh /etc/rc.shutdown jail"), ("parameters", "allow.raw_sockets=1"), ("cpuset", "0")),
    (("compression", "lz4"), ("quota", "1g")),
    runs_at_boot=False,
    starts=True,
)


@pytest.fixture
def host(db, tmp_path, settings, monkeypatch):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    with simulated_hosts(tmp_path, [replace(ZFS, name="zfs")], pace=0.0, in_process=True) as hosts:
        monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
        target = hosts.target("zfs")
        row = make_host("zfs", address=target.address, port=target.port, host_key=target.host_key)
        probe_host(row.pk)
        row = Host.objects.get(pk=row.pk)
        row.machine = hosts.simulation.hosts["zfs"].machine
        yield row


def test_a_jail_with_all_kinds_of_options_comes_true(host):
    wanted = NewJail(JailName.parse("web.x"), JailAddresses.parse("lo1|10.0.0.7/24"), options=OPTIONS)
    make_pool("10.0.0.0/24", host=host)
    job = jail_create_request(actor=PANEL, host=host, wanted=wanted, agreed=Agreed())
    assert HeldAddress.objects.get().job_id == job.pk
    advance_lane(host.pk)
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    assert HeldAddress.objects.get(address="10.0.0.7", jail="web_x").job_id is None
    jail = Jail.objects.get(safe_name="web_x")
    assert (jail.kind, jail.is_running, jail.runs_at_boot) == ("Z", True, False)
    dataset = host.machine.kernel.dataset("zroot/ezjail/web.x")
    assert (dataset.properties["compression"], dataset.properties["quota"]) == ("lz4", "1g")
