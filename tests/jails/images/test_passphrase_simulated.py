"""An encrypted jail on a simulated host: its passphrase is asked for when it is needed, and kept nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps
from django.urls import reverse

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.models import Jail
from apps.jails.new_options import NewJailOptions
from apps.jails.services import Agreed, NewJail, jail_create_request, jail_start_request
from apps.jobs import asking, steprun
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.jobs.prompts import asking_step
from tests.answers import text
from tests.places import make_host
from tests.simulated import simulated_hosts
from tests.simulator.machines import READY

SECRET = "Zwölf Boxkämpfer 'jagen' $(Viktor)"


@pytest.fixture
def hosts(tmp_path):
    with simulated_hosts(tmp_path, [replace(READY, name="crypt")], pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def host(db, hosts, settings, monkeypatch):
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target("crypt")
    row = make_host("crypt", address=target.address, port=target.port, host_key=target.host_key)
    probe_host(row.pk)
    return Host.objects.get(pk=row.pk)


@pytest.fixture
def answers(owner, monkeypatch):
    """Answer in the browser as soon as a job's page is told that it asks; say what was asked."""
    monkeypatch.setattr(asking, "PATIENCE_S", 60)
    monkeypatch.setattr(asking, "SEEN_S", 0)
    given: list[str] = []
    announce = steprun.announce

    def use(passphrase: str):
        def told(job: Job) -> None:
            announce(job)
            fresh = Job.objects.get(pk=job.pk)
            if found := asking_step(fresh):
                page = text(owner.client.get(fresh.get_absolute_url()))
                assert "This step asks for a" in page
                data = {"passphrase": passphrase, "again": passphrase}
                answer = owner.client.post(reverse("jobs:job-answer", args=[job.pk]), data)
                # Until what follows has come over, the prompt that was answered is the last output still.
                assert answer.status_code in (302, 409)
                given.extend([found[1].value] * (answer.status_code == 302))

        monkeypatch.setattr(steprun, "announce", told)
        return given

    return use


def run(host: Host, job: Job) -> Job:
    advance_lane(host.pk)
    return Job.objects.get(pk=job.pk)


def every_row() -> str:
    rows = [row for model in apps.get_models() for row in model._default_manager.values_list()]
    return repr([[bytes(one) if isinstance(one, memoryview) else one for one in row] for row in rows])


def test_an_encrypted_jail_is_made_and_started_and_its_passphrase_is_nowhere(host, hosts, answers, caplog):
    name, addresses = JailName.parse("vault"), JailAddresses.parse("lo1|10.0.0.7/24")
    options = NewJailOptions(CreateOptions(storage=Storage.ELI, size="1m"), (("cpuset", "0"),))
    wanted = NewJail(name, addresses, options=options)
    asked = answers(SECRET)
    made = run(host, jail_create_request(actor=PANEL, host=host, wanted=wanted, agreed=Agreed()))
    assert (made.state, made.outcome, asked) == (JobState.SUCCEEDED, "", ["new"])
    jail = Jail.objects.get(safe_name="vault")
    assert (jail.kind, jail.is_running) == ("E", False)

    answers("wrong")
    failed = run(host, jail_start_request(actor=PANEL, jail=jail, agreed=Agreed()))
    assert failed.state == JobState.FAILED
    assert "Could not onestart vault" in failed.outcome

    answers(SECRET)
    started = run(host, jail_start_request(actor=PANEL, jail=jail, agreed=Agreed()))
    assert (started.state, started.outcome) == (JobState.SUCCEEDED, "")
    assert asked == ["new", "old", "old"]
    events = AuditEvent.objects.filter(action="job.passphrase_given")
    assert set(events.values_list("job_id", flat=True)) == {made.pk, failed.pk, started.pk}

    kept = [every_row(), caplog.text]
    files = [path for path in hosts.root("crypt").rglob("*") if path.is_file() and not path.is_symlink()]
    kept += [path.read_bytes().decode("utf-8", "replace") for path in files]
    assert not [one for one in kept if "Boxk" in one]
    assert not list(hosts.root("crypt").glob("var/db/jailpanel/runs/*/answers"))
