"""A jail on a simulated host from one set of settings to the next: the panel's own agent, engine, probe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from apps.accounts.actor import PANEL
from apps.freebsd.values import JailName
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails import remains
from apps.jails.models import Drift, Jail
from apps.jails.services import Agreed
from apps.jails.settings import services
from apps.jails.settings.renaming import prepare_rename
from apps.jails.settings.wishes import Wish
from apps.jobs.engine import advance_lane
from apps.jobs.models import Job, JobState
from apps.jobs.retries import job_retry, retry_plan
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import READY

FILE = "/usr/local/etc/ezjail/web"
EXTRAS = """# a note at the end
export jail_web_exec_prestart0="/bin/echo before"
export jail_web_unheard_of='kept  as it is'   # and why
web_of_mine="x"
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    spec = replace(READY, name="plain")
    with simulated_hosts(tmp_path_factory.mktemp("settings"), [spec], pace=0.0, in_process=True) as running:
        yield running


@dataclass(slots=True)
class Place:
    """The simulated host, and its row in the panel."""

    hosts: Simulated
    row: Host

    def does(self, line: str) -> str:
        done = self.hosts.run(self.hosts.simulation.hosts["plain"].run(line))
        assert done.status == 0, (line, done)
        return done.stdout

    def reads(self, path: str) -> str:
        return (self.hosts.root("plain") / path.lstrip("/")).read_text()

    def adds(self, path: str, text: str) -> None:
        file = self.hosts.root("plain") / path.lstrip("/")
        file.write_text(file.read_text() + text)

    def jail(self, safe_name: str) -> Jail:
        probe_host(self.row.pk)
        return Jail.objects.select_related("host").get(host=self.row, safe_name=safe_name)

    def works(self, job: Job) -> Job:
        """Let the engine do a job, and see that it did."""
        advance_lane(self.row.pk)
        job = Job.objects.get(pk=job.pk)
        assert (job.state, job.outcome) == (JobState.SUCCEEDED, "")
        return job

    def changes(self, jail: Jail, wish: Wish) -> Job:
        return self.works(services.jail_change_request(actor=PANEL, jail=jail, wish=wish, agreed=Agreed()))


@pytest.fixture
def place(db, hosts, settings, monkeypatch) -> Iterator[Place]:
    """The host with a jail web, to whose files someone added something."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)
    target = hosts.target("plain")
    row = make_host("plain", address=target.address, port=target.port, host_key=target.host_key)
    place = Place(hosts, row)
    place.does("ezjail-admin create web 'lo1|10.0.0.2/24'")
    place.adds(FILE, EXTRAS)
    yield place
    for name in ("web", "new.name"):
        place.does(f"ezjail-admin config -r run {name}; ezjail-admin delete -wf {name}; true")


def without(text: str, *parts: str) -> list[str]:
    return [line for line in text.splitlines() if not any(part in line for part in parts)]


def test_a_running_jail_gets_other_addresses_and_leaves_none_behind(place):
    place.does("ezjail-admin onestart web")
    before = place.reads(FILE)
    jail = place.jail("web")
    wish = Wish({"ip": "lo1|10.0.0.9/24", "fib": "0"}, runs_at_boot=False, restart=True)
    place.changes(jail, wish)
    after, now = place.reads(f"{FILE}.norun"), place.jail("web")
    assert without(after, "_ip=", "_fib=") == without(before, "_ip=", "_fib=")
    assert (now.is_running, now.jid != jail.jid, now.runs_at_boot) == (True, True, False)
    assert not Drift.objects.exists()
    shown = place.does("ifconfig lo1")
    assert "10.0.0.9 " in shown
    assert "10.0.0.2 " not in shown
    # It is norun by now: a restart has to make it runnable for a moment, or ezjail would skip it.
    place.changes(now, Wish({"exec_afterstart0": "/usr/bin/true"}, restart=True))
    again = place.jail("web")
    assert (again.is_running, again.jid != now.jid, again.runs_at_boot) == (True, True, False)


def test_a_rename_loses_nothing_that_someone_wrote_by_hand(place):
    place.adds("/etc/fstab.web", "/var/tmp /usr/jails/web/mnt nullfs ro 0 0\n")
    jail = place.jail("web")
    new = JailName.parse("new.name")
    plan, _ = prepare_rename(jail, new)
    place.works(services.jail_rename_request(actor=PANEL, jail=jail, new=new, agreed=Agreed(plan.hash)))
    text = place.reads("/usr/local/etc/ezjail/new_name")
    assert 'export jail_new_name_exec_prestart0="/bin/echo before"\n' in text
    assert "export jail_new_name_unheard_of='kept  as it is'" in text
    assert text.endswith('web_of_mine="x"\n')
    assert "# and why\n" in text
    assert text.count("# a note at the end") == 1
    assert place.reads("/etc/fstab.new_name").splitlines() == [
        "/usr/jails/basejail /usr/jails/new.name/basejail nullfs ro 0 0",
        "/var/tmp /usr/jails/new.name/mnt nullfs ro 0 0",
    ]
    assert not Jail.objects.filter(safe_name="web", missing_since=None).exists()
    renamed = place.jail("new_name")
    assert (renamed.name, renamed.root, renamed.problem) == ("new.name", "/usr/jails/new.name", "")
    assert (renamed.pk, Drift.objects.count()) == (jail.pk, 0)
    place.does("ezjail-admin onestart new.name")
    assert place.jail("new_name").is_running


BEGUN = {
    "ezjail was done": "ezjail-admin config -n new.name web",
    "the root was moved": "mv /usr/jails/web /usr/jails/new.name",
    "both files are there": (
        "cp /usr/local/etc/ezjail/web /root/was; cp /etc/fstab.web /root/fstab; "
        "ezjail-admin config -n new.name web; "
        "cp /root/was /usr/local/etc/ezjail/web; cp /root/fstab /etc/fstab.web"
    ),
}


@pytest.mark.parametrize("begun", BEGUN)
def test_a_rename_that_was_cut_is_finished_by_trying_again(place, begun):
    place.adds("/etc/fstab.web", "/var/tmp /usr/jails/web/mnt nullfs ro 0 0\n")
    jail, new = place.jail("web"), JailName.parse("new.name")
    job = services.jail_rename_request(actor=PANEL, jail=jail, new=new, agreed=Agreed())
    place.does(BEGUN[begun])
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    probe_host(place.row.pk)
    job = Job.objects.select_related("host").get(pk=job.pk)
    fresh = retry_plan(job, PANEL)
    place.works(job_retry(actor=PANEL, job=job, plan_hash=fresh.plan.hash, idempotency_key="again"))
    assert "jail_new_name_exec_prestart0" in place.reads("/usr/local/etc/ezjail/new_name")
    assert "/var/tmp /usr/jails/new.name/mnt nullfs ro 0 0" in place.reads("/etc/fstab.new_name")
    place.does("ezjail-admin onestart new.name")
    assert place.jail("new_name").is_running


def test_a_rename_that_was_cut_is_one_finding_and_nothing_offers_to_destroy_its_root(place):
    jail, new = place.jail("web"), JailName.parse("new.name")
    job = services.jail_rename_request(actor=PANEL, jail=jail, new=new, agreed=Agreed())
    place.does(BEGUN["the root was moved"])
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    probe_host(place.row.pk)
    host = Host.objects.get(pk=place.row.pk)
    (finding,) = remains.host_findings(host)
    assert (finding.key, [one.way for one in finding.repairs]) == ("rename-web", ["finish"])
    mended = remains.repair_request(
        actor=PANEL, host=host, key=finding.key, way="finish", origin=job, typed_name="", agreed=Agreed()
    )
    place.works(mended)
    assert remains.host_findings(Host.objects.get(pk=place.row.pk)) == []
    assert (place.jail("new_name").pk, Drift.objects.count()) == (jail.pk, 0)


def test_fstab_and_file_are_changed_as_text(place):
    jail = place.jail("web")
    line = "tmpfs /usr/jails/web/tmp tmpfs rw,size=64m 0 0\n"
    place.changes(jail, Wish(fstab=jail.fstab_text + line))
    assert place.reads("/etc/fstab.web").endswith(line)
    jail = place.jail("web")
    text = jail.config_text.replace('jail_web_cpuset=""', 'jail_web_cpuset="0"')
    place.changes(jail, Wish(text=text))
    assert place.reads(FILE) == text
