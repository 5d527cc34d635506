"""Firewalls on a simulated host, over real SSH: kept, taken back by the host itself, and at every boot again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.network.firewall.services import Wish, firewall_apply_request, prospect
from apps.network.firewall.showing import state_of
from apps.network.models import AppliedFirewall, AppliedState, Layout, RuleSet
from apps.network.queueing import Agreed
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import PLAIN

SECONDS = 3
CUTS = "100 deny tcp from any to me 22 in\n65000 allow ip from any to any\n"


@pytest.fixture
def hosts(db, settings, monkeypatch, tmp_path):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    spec = replace(PLAIN, name="alpha", modules=())
    with simulated_hosts(tmp_path, [spec], pace=0.0, in_process=True) as running:
        monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: running.private_key_path)
        yield running


@pytest.fixture
def host(hosts: Simulated) -> Host:
    target = hosts.target("alpha")
    return make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)


def look(host: Host) -> Host:
    probe_host(host.pk)
    return Host.objects.get(pk=host.pk)


def applied(host: Host, key: str) -> Job:
    host = look(host)
    plan = prospect(host, Wish(SECONDS)).plan
    job = firewall_apply_request(actor=PANEL, host=host, wish=Wish(SECONDS), agreed=Agreed(plan.hash, key))
    advance_lane(host.pk)
    return Job.objects.get(pk=job.pk)


def does(hosts: Simulated, line: str) -> str:
    done = hosts.run(hosts.simulation.hosts["alpha"].run(line))
    assert done.status == 0, done
    return done.stdout


def test_a_good_set_is_kept_over_a_boot_and_one_that_cuts_the_panel_off_is_taken_back(hosts, host):
    rule_set = RuleSet.objects.create(name="ours", host=host, layout=Layout.RECOMMENDED)
    job = applied(host, "one")
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    good = does(hosts, "ipfw list")
    state = state_of(look(host))
    assert (state.ahead.sentences, state.by_hand.sentences, state.is_kept) == ([], [], True)

    hosts.run(hosts.simulation.hosts["alpha"].reboot())
    assert does(hosts, "ipfw list") == good.replace("65535 allow", "65535 deny")
    state = state_of(look(host))
    assert (state.ahead.sentences, state.by_hand.sentences, state.is_kept) == ([], [], True)

    RuleSet.objects.filter(pk=rule_set.pk).update(layout=Layout.WRITTEN, written=CUTS)
    job = applied(host, "two")
    assert job.state == JobState.FAILED
    assert "The host took the new firewall back by itself" in job.outcome
    assert does(hosts, "ipfw list") == good.replace("65535 allow", "65535 deny")
    assert [one.state for one in AppliedFirewall.objects.all()] == [
        AppliedState.TAKEN_BACK,
        AppliedState.KEPT,
    ]
