"""What an archive or a kept deletion leaves that was cut short: recognised, and finished or undone."""

from __future__ import annotations

import pytest

from apps.accounts.actor import PANEL
from apps.hosts.models import Host
from apps.jails import remains
from apps.jails.models import Jail
from apps.jails.repair_kinds import Finding
from apps.jobs.models import Job, JobState
from tests.jobs.conftest import make_job
from tests.places import FACTS, make_basejail, make_jail

DIRECTORY = "/usr/jails/ezjail_archives"
SETTINGS = {
    "jaildir": "/usr/jails", "archivedir": DIRECTORY, "jailzfs": "tank/j", "use_zfs_for_jails": True,
    "use_zfs": True,
}  # fmt: skip
AT = "20261124125900"
INTENT = {
    "wipe": True, "name": "web", "addresses": "lo0|10.0.0.2/24", "root": "/usr/jails/web", "jid": None,
    "place": f"tank/j/kept-web-{AT}", "at": AT, "days": 3,
}  # fmt: skip


@pytest.fixture
def host(host) -> Host:
    make_basejail(host)
    sizes = dict.fromkeys(("used_bytes", "refer_bytes", "written_bytes"), 1)
    host.facts = FACTS | {
        "ezjail": FACTS["ezjail"] | {"settings": SETTINGS},
        "basejail": {"present": True},
        "datasets": [{"name": "tank/j/web", "mountpoint": "none"} | sizes],
    }
    host.save()
    return host


def commands(finding: Finding, way: str) -> list[str]:
    repair = next(repair for repair in finding.repairs if repair.way == way)
    return [" ".join(command.argv) for command in repair.plan.commands]


def cut(host: Host) -> Job:
    job = make_job(host, subject="web")
    Job.objects.filter(pk=job.pk).update(kind="jails.delete", intent=INTENT, state=JobState.LOST)
    return job


def test_a_dataset_that_was_not_named_yet_is_kept_or_taken_back(host):
    cut(host)
    host.facts |= {"leftovers": FACTS["leftovers"] | {"datasets": ["tank/j/web"]}}
    host.save()
    (finding,) = remains.host_findings(host)
    assert commands(finding, "finish") == [f"/sbin/zfs rename tank/j/web tank/j/kept-web-{AT}"]
    assert commands(finding, "undo") == [
        "/sbin/zfs set mountpoint=/usr/jails/web tank/j/web",
        "/usr/local/bin/ezjail-admin create -x web lo0|10.0.0.2/24",
    ]


def test_a_root_that_was_put_aside_is_mounted_again(host):
    make_jail(host, "web", kind="Z", root_exists=False)
    (finding,) = remains.host_findings(host)
    assert commands(finding, "undo") == ["/sbin/zfs set mountpoint=/usr/jails/web tank/j/web"]
    assert Jail.objects.get().root in finding.sentence


def unfinished(host: Host, *names: str) -> None:
    host.facts |= {"leftovers": FACTS["leftovers"] | {"archives": list(names)}}
    host.save()


def test_an_unfinished_archive_is_deleted(host):
    unfinished(host, "partial.kept.db-202611241259.00.tar.gz", "partial.web-202611241259.00.tar.gz")
    first, second = remains.host_findings(host)
    assert (first.safe_name, second.safe_name) == ("db", "web")
    assert commands(second, "finish") == [f"/bin/unlink {DIRECTORY}/partial.web-202611241259.00.tar.gz"]
    job = remains.repair_request(
        actor=PANEL, host=host, key=second.key, way="finish", origin=None, typed_name="",
        agreed=remains.Agreed(),
    )  # fmt: skip
    assert job.subject == "web"


def test_an_archive_that_is_being_written_is_nothing_half_made(host):
    unfinished(host, "partial.web-202611241259.00.tar.gz")
    job = make_job(host, subject="web")
    Job.objects.filter(pk=job.pk).update(kind="jails.archive")
    assert remains.host_findings(host) == []
