"""A simulated host gets an address of its own, and has it again after it was looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.network.interfaces.plans import address_plan
from apps.network.interfaces.rules import parse
from apps.network.interfaces.seen import interfaces_of, rows_of
from apps.network.interfaces.services import address_add_request
from apps.network.queueing import Agreed
from tests.places import make_host
from tests.simulated import simulated_hosts
from tests.simulator.machines import PLAIN


def test_an_address_is_added_kept_and_seen(db, settings, monkeypatch, tmp_path):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    with simulated_hosts(tmp_path, [replace(PLAIN, name="alpha")], pace=0.0, in_process=True) as hosts:
        monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
        target = hosts.target("alpha")
        host = make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)
        for interface, text in (("lo1", "10.0.9.1/24"), ("re0", "172.16.0.1/24")):
            host = _look(host)
            address = parse(text)
            plan = address_plan(host, interface, address)
            job = address_add_request(
                actor=PANEL, host=host, interface=interface, address=address, agreed=Agreed(plan.hash, text)
            )
            advance_lane(host.pk)
            job = Job.objects.get(pk=job.pk)
            assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
        host = _look(host)
        own = {
            (one.name, row.address): row.kept for one in interfaces_of(host, rows_of(host)) for row in one.own
        }
        assert own["lo1", "10.0.9.1"].is_kept
        assert own["re0", "172.16.0.1"].why == "ifconfig_re0_alias0"
        with pytest.raises(Conflict, match="nothing left to do"):
            address_plan(host, "re0", parse("172.16.0.1/24"))


def _look(host: Host) -> Host:
    probe_host(host.pk)
    return Host.objects.get(pk=host.pk)
