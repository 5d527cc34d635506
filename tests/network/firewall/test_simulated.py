"""A firewall on a simulated host, over real SSH, by two workers one after the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.commands.guarded import is_waiting
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jobs import confirming, engine, steprun
from apps.jobs.models import Job, JobState, StepState
from apps.jobs.output_text import last_text
from apps.network.firewall.services import Wish, firewall_apply_request, prospect
from apps.network.models import Layout, RuleSet
from apps.network.queueing import Agreed
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import PLAIN

SECONDS = 120


@pytest.fixture
def hosts(db, settings, monkeypatch, tmp_path):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    spec = replace(PLAIN, name="alpha", modules=())
    with simulated_hosts(tmp_path, [spec], pace=0.0, in_process=True) as running:
        monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: running.private_key_path)
        yield running
    steprun.stopping.clear()


@pytest.fixture
def host(hosts: Simulated) -> Host:
    target = hosts.target("alpha")
    return make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)


def look(host: Host) -> Host:
    probe_host(host.pk)
    return Host.objects.get(pk=host.pk)


def applied(host: Host) -> Job:
    host = look(host)
    plan = prospect(host, Wish(SECONDS)).plan
    job = firewall_apply_request(actor=PANEL, host=host, wish=Wish(SECONDS), agreed=Agreed(plan.hash, "k"))
    engine.advance_lane(host.pk)
    return Job.objects.get(pk=job.pk)


def rules(hosts: Simulated) -> list[str]:
    """Return the rules in force on the host."""
    done = hosts.run(hosts.simulation.hosts["alpha"].run("ipfw list"))
    return done.stdout.splitlines()


def test_at_each_step_the_old_or_the_new_rules_are_in_force_whoever_works_on_it(hosts, host, monkeypatch):
    """The first worker is told to stop while the host waits, as if it were killed; the next one confirms."""
    RuleSet.objects.create(name="ours", host=host, layout=Layout.RECOMMENDED)
    seen: list[tuple[str, ...]] = []
    judge, look_again = engine._judge, confirming.Confirming.look

    def note(lease, step, end) -> None:
        judge(lease, step, end)
        seen.append(tuple(rules(hosts)))

    def stop_once_it_waits(self) -> None:
        if is_waiting(last_text(self._step)):
            monkeypatch.setattr(confirming.Confirming, "look", look_again)
            steprun.stopping.set()

    monkeypatch.setattr(engine, "_judge", note)
    monkeypatch.setattr(confirming.Confirming, "look", stop_once_it_waits)
    job = applied(host)
    switch = job.steps.get(argv__1="switch-firewall")
    assert (job.state, switch.state) == (JobState.RUNNING, StepState.RUNNING)
    steprun.stopping.clear()
    engine.advance_lane(host.pk)
    job.refresh_from_db()
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
    open_to_all = ("65535 allow ip from any to any",)
    assert set(seen) == {(), open_to_all, seen[-1]}
    assert seen.index(seen[-1]) == switch.position
    assert "00010 allow tcp from 192.0.2.250 to me 22 in // panel SSH" in seen[-1]
