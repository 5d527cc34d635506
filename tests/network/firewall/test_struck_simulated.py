"""An apply that is struck: at each of its steps the worker dies or the line breaks, and another goes on.

Whoever dies, the host's firewall is the old one or the new one as a whole, and the panel reaches it. At each
blow that is looked at before anybody goes on, as if nobody ever did.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.channel.agent import Agent
from apps.freebsd.commands.guarded import is_waiting
from apps.freebsd.commands.ipfw import KEPT_RULES
from apps.freebsd.firewall.model import Table
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jobs import confirming, engine, steprun
from apps.jobs.models import Job, JobState, Step, StepState
from apps.jobs.output_text import last_text
from apps.network.firewall.plans import BOOT
from apps.network.firewall.services import Wish, firewall_apply_request, prospect
from apps.network.models import AppliedFirewall, AppliedState
from apps.network.queueing import Agreed
from apps.simulator.ipfw.reach import Gate
from apps.simulator.machine import Machine
from tests.network.firewall.places import PANEL as FROM
from tests.network.firewall.places import applied as was_applied
from tests.network.firewall.places import firewall
from tests.places import make_host
from tests.services import eventually
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import PLAIN

LONG = 600
RUNS = "var/db/jailpanel/runs"
# What another test left.
EMPTY = (
    "ipfw -q -f flush",
    "ipfw -q set enable 0 17 18",
    "ipfw -q nat 7 delete; ipfw -q nat 123 delete; ipfw -q nat 124 delete; true",
    "ipfw -q table jails destroy; ipfw -q table fresh destroy; true",
    "ipfw -q enable one_pass",
    "rm -f /usr/local/etc/jailpanel/next.rules /usr/local/etc/jailpanel/next.globals",
)
SSH = (f"00010 allow tcp from {FROM} to me 22 in", f"00020 allow tcp from me 22 to {FROM} out")
# What is there: rules that somebody typed, and NAT, a table and one_pass that the new ones change.
OLD = (
    f"ipfw -q add 10 allow tcp from {FROM} to me 22 in",
    f"ipfw -q add 20 allow tcp from me 22 to {FROM} out",
    "ipfw -q table jails create type addr",
    "ipfw -q table jails add 10.0.0.0/24",
    "ipfw -q nat 123 config ip 192.0.2.7 same_ports",
    "ipfw -q nat 7 config ip 192.0.2.7",
    "ipfw -q add 300 nat 123 ip from 'table(jails)' to any out",
    "ipfw -q add 400 nat 7 ip from 10.9.0.0/24 to any out",
)
NEW = firewall(
    *SSH,
    "00500 deny tcp from any to any 25 out",
    "00600 nat 123 ip from table(jails) to any out",
    "65534 deny ip from any to any",
    nat=("ipfw nat 123 config ip 192.0.2.7 unreg_only", "ipfw nat 124 config ip 192.0.2.7"),
    tables=(Table("jails", (("10.0.0.0/16", "0"),)), Table("fresh", (("192.0.2.8/32", "0"),))),
    one_pass=False,
)


class Killed(BaseException):
    """The worker is gone: nothing of it catches this."""


@dataclass(slots=True)
class Place:
    """A simulated host, its row in the panel, and what its firewall may be."""

    hosts: Simulated
    row: Host
    seen: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def machine(self) -> Machine:
        return self.hosts.simulation.hosts["alpha"].machine

    def does(self, *lines: str) -> None:
        for line in lines:
            done = self.hosts.run(self.hosts.simulation.hosts["alpha"].run(line))
            assert done.status == 0, (line, done)

    def stands(self) -> tuple[Any, ...]:
        """Return what packets meet: rules of sets that are on, the NAT that these use, tables, one_pass."""
        return self.hosts.run(self._stands())

    async def _stands(self) -> tuple[Any, ...]:
        ipfw = self.machine.kernel.ipfw
        rules = [rule for rule in ipfw.rules[:-1] if rule.set_number not in ipfw.disabled]
        used = {rule.argument for rule in rules if rule.action == "nat"}
        return (
            tuple(
                (rule.number, rule.action, rule.argument, *(test.value for test in rule.body))
                for rule in rules
            ),
            tuple((nat.number, *nat.modes) for nat in ipfw.nats if str(nat.number) in used),
            tuple((table.name, *((e.key, e.value) for e in table.entries)) for table in ipfw.tables),
            ipfw.one_pass,
        )

    def look(self) -> None:
        """Note how the firewall stands, and have the panel knock at its door."""
        self.seen.append(self.stands())
        assert self.hosts.run(self._lets_in())

    async def _lets_in(self) -> bool:
        return Gate(self.machine).lets_in(50_000)

    def cut(self) -> None:
        """Break each connection to the host."""
        self.hosts.run(self._cut())

    async def _cut(self) -> None:
        self.hosts.simulation.hosts["alpha"].sshd.disconnect()

    def kill_run(self, job: Job, *, whole: bool) -> None:
        """Kill what waits on the host for the confirmation: alone, or with the wrapper around it."""
        run = self.hosts.root("alpha") / RUNS / switch_of(job).run_id
        wrapper = int((run / "pgid").read_text())
        if whole:
            os.killpg(wrapper, signal.SIGKILL)
            return
        (waiting,) = Path(f"/proc/{wrapper}/task/{wrapper}/children").read_text().split()
        os.kill(int(waiting), signal.SIGKILL)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    spec = replace(PLAIN, name="alpha", modules=("ipfw", "ipfw_nat"))
    with simulated_hosts(tmp_path_factory.mktemp("struck"), [spec], pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def place(db, hosts, settings, monkeypatch) -> Iterator[Place]:
    """A host with the old firewall, that of rc.conf too."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    for module, name in ((steprun, "RETRY_S"), (confirming, "RETRY_S"), (steprun, "CANCEL_POLL_S")):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr(engine, "MOST_TAKEOVERS", 1000)
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target("alpha")
    row = make_host("alpha", address=target.address, port=target.port, host_key=target.host_key)
    place = Place(hosts, row)
    place.does(*EMPTY, *OLD)
    yield place
    steprun.stopping.clear()


def asked(place: Place, seconds: int = LONG) -> Job:
    """Ask for the new firewall."""
    probe_host(place.row.pk)
    host = Host.objects.get(pk=place.row.pk)
    wish = Wish(seconds, was_applied(host, NEW).pk)
    plan = prospect(host, wish).plan
    return firewall_apply_request(actor=PANEL, host=host, wish=wish, agreed=Agreed(plan.hash, "k"))


def work(job: Job) -> None:
    """Be a worker; when it is killed, its lease runs out."""
    with suppress(Killed):
        engine.advance_lane(job.host_id)
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(lease_until=timezone.now())
    job.refresh_from_db()


def at_boot(line: str) -> str:
    """Return what is typed as a file of the panel's has it."""
    words = shlex.split(line.removeprefix("ipfw -q "))
    if words[0] == "add":
        words[2:2] = ["set", "17"]
    return " ".join(words).replace("type addr", "type addr missing or-flush")


def switch_of(job: Job) -> Step:
    return job.steps.get(argv__1="switch-firewall")


def became(job: Job) -> str:
    return AppliedFirewall.objects.get(job_id=job.pk).state


def strikes(monkeypatch, place: Place, strike: Callable[[], None]) -> set[object]:
    """Strike once before, in and after each step, and when the host waits; first look at the firewall."""
    struck: set[object] = set()

    def once(*key: object, is_still: bool = True) -> None:
        if key not in struck:
            struck.add(key)
            if is_still:
                place.look()
            strike()

    do, judge, look = engine._do, engine._judge, confirming.Confirming.look
    start, write = Agent.start, Agent.write

    def before(lease, job, step, agent):
        once("before", step.position)
        return do(lease, job, step, agent)

    def after(lease, step, end):
        once("after", step.position)
        judge(lease, step, end)

    async def started(self, run_id, argv, *rest):
        done = await start(self, run_id, argv, *rest)
        once("in", run_id, is_still=argv[1] != "switch-firewall")  # which sets NAT and tables just now
        return done

    async def written(self, path, *rest):
        done = await write(self, path, *rest)
        once("in", path)
        return done

    def waits(self):
        if is_waiting(last_text(self._step)):
            once("waits")
        look(self)

    monkeypatch.setattr(engine, "_do", before)
    monkeypatch.setattr(engine, "_judge", after)
    monkeypatch.setattr(Agent, "start", started)
    monkeypatch.setattr(Agent, "write", written)
    monkeypatch.setattr(confirming.Confirming, "look", waits)
    return struck


@pytest.mark.parametrize("blow", ["killed", "cut"])
def test_struck_at_each_step_the_old_or_the_new_firewall_is_whole(place, monkeypatch, blow):
    def strike() -> None:
        if blow == "killed":
            raise Killed
        place.cut()

    old = place.stands()
    job = asked(place)
    struck = strikes(monkeypatch, place, strike)
    while job.is_open:
        work(job)
    assert (job.state, job.outcome, became(job)) == (JobState.SUCCEEDED, "", AppliedState.KEPT)
    steps = job.steps.count()
    assert len(struck) == 3 * steps + 1
    assert job.takeovers == (len(struck) if blow == "killed" else 0)
    new = place.stands()
    assert old != new == place.seen[-1]
    changed_at = place.seen.index(new)
    assert place.seen == [old] * changed_at + [new] * (len(place.seen) - changed_at)
    log = (place.hosts.root("alpha") / "var/log/messages").read_text()
    starts = Counter(re.findall(r"verb=start run=(\S+) (?!refused)", log))
    assert {starts[step.run_id] for step in job.steps.all()} <= {0, 1}


def waiting(place: Place, monkeypatch, seconds: int = LONG) -> Job:
    """Have a worker die while the host waits for its word."""
    job = asked(place, seconds)

    def die(self) -> None:
        if is_waiting(last_text(self._step)):
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(confirming.Confirming, "look", die)
        work(job)
    assert job.is_open
    return job


def test_without_a_worker_the_host_takes_the_old_one_back(place, monkeypatch):
    old = place.stands()
    job = waiting(place, monkeypatch, seconds=1)
    eventually(lambda: place.stands() == old)
    work(job)
    assert (job.state, became(job), place.stands()) == (JobState.FAILED, AppliedState.TAKEN_BACK, old)


def test_a_run_that_is_killed_alone_is_taken_back(place, monkeypatch):
    old = place.stands()
    job = waiting(place, monkeypatch)
    place.kill_run(job, whole=False)
    eventually(lambda: place.stands() == old)
    work(job)
    assert (job.state, became(job), place.stands()) == (JobState.FAILED, AppliedState.TAKEN_BACK, old)


def test_a_run_that_is_killed_with_all_of_it_leaves_the_new_one_and_the_panel_says_so(place, monkeypatch):
    job = waiting(place, monkeypatch)
    new = place.stands()
    place.kill_run(job, whole=True)
    work(job)
    assert (job.state, switch_of(job).state) == (JobState.LOST, StepState.LOST)
    assert (became(job), place.stands()) == (AppliedState.UNCONFIRMED, new)


def test_a_boot_in_the_wait_brings_the_old_one(place, monkeypatch):
    place.does(*(f"sysrc {name}={value}" for name, value in BOOT.items()))
    kept = place.hosts.root("alpha") / KEPT_RULES.lstrip("/")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("enable one_pass\n" + "".join(f"{at_boot(line)}\n" for line in OLD))
    old = place.stands()
    job = waiting(place, monkeypatch)
    place.hosts.run(place.hosts.simulation.hosts["alpha"].reboot(0))
    assert place.stands() == old
    work(job)
    assert (job.state, became(job), place.stands()) == (JobState.LOST, AppliedState.FAILED, old)
