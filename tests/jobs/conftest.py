from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from apps.accounts.actor import PANEL, Actor
from apps.freebsd.channel.agent import Agent
from apps.freebsd.commands import Command
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.jobs import ports, steprun
from apps.jobs.models import Job, OutputChunk
from apps.jobs.plan import Plan
from apps.jobs.services import job_create
from tests.fakehost import FakeHost, Program

KIND = "tests.work"


@dataclass
class FakeGateway:
    """Leads every host to one fake host; notes each look, and may fail it."""

    host: FakeHost
    looked_at: list[UUID] = field(default_factory=list)
    trouble: PanelError | None = None
    no_way: PanelError | None = None

    def agent(self, _host_id: UUID) -> Agent:
        if self.no_way:
            raise self.no_way
        return Agent(self.host)

    def observe(self, host_id: UUID) -> None:
        self.looked_at.append(host_id)
        if self.trouble:
            raise self.trouble


@pytest.fixture
def fake_host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def gateway(fake_host, monkeypatch) -> FakeGateway:
    """The engine's way to hosts, in place of the real one."""
    fake = FakeGateway(fake_host)
    monkeypatch.setattr(ports, "_gateway", [fake])
    return fake


@pytest.fixture
def problems(monkeypatch) -> list[str]:
    """What the look after a job finds wrong; a test fills it in."""
    found: list[str] = []
    kind = ports.JobKind(KIND, "Work", lambda _job: list(found))
    monkeypatch.setitem(ports._kinds, KIND, kind)
    return found


@pytest.fixture(autouse=True)
def _quick(settings, monkeypatch):
    """Look at output often, and try again at once."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr(steprun, "RETRY_S", 0.01)
    yield
    steprun.stopping.clear()


@pytest.fixture
def work(host, fake_host, gateway, problems):
    """Make a job of programs: each becomes a step that the fake host runs so."""

    def make(*programs: Program, on: Host = host, timeout_s: int = 60, key: str = "") -> Job:
        argvs = [(f"/bin/step{number}", "argument") for number in range(len(programs))]
        fake_host.programs |= dict(zip(argvs, programs, strict=True))
        return make_job(on, *argvs, timeout_s=timeout_s, key=key)

    return make


def make_plan(*argvs: tuple[str, ...], timeout_s: int = 60, title: str = "Work on it") -> Plan:
    commands = tuple(Command(argv, f"Run {argv[0]}.", timeout_s=timeout_s) for argv in argvs)
    return Plan(KIND, title, commands)


def make_job(
    host: Host,
    *argvs: tuple[str, ...],
    actor: Actor = PANEL,
    subject: str = "web",
    timeout_s: int = 60,
    key: str = "",
) -> Job:
    plan = make_plan(*(argvs or [("/bin/step0",)]), timeout_s=timeout_s)
    return job_create(
        actor=actor, host_id=host.pk, plan=plan, subject=subject, intent={}, idempotency_key=key
    )


def output_of(job: Job, position: int = 0) -> bytes:
    """What is stored of a step's output; each chunk has to begin where the one before ended."""
    step = job.steps.get(position=position)
    data = b""
    for chunk in OutputChunk.objects.filter(step=step).order_by("offset"):
        assert chunk.offset == len(data)
        data += bytes(chunk.data)
    assert step.output_bytes == len(data)
    return data
