"""2 GB from one simulated host to another through one worker: how fast, and how much memory it takes.

The file is the archive of a jail that is copied to the other host. All is on this machine: both hosts' SSH
servers and agents, the worker between them, and the disk that takes the copy.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tests.bench.panel import Panel, apart, loads, panel
from tests.services import eventually

if TYPE_CHECKING:
    from apps.jobs.models import Job

SIZE_MB = 2048
FOLDER, NAME = "usr/jails/ezjail_archives", "bench-202611241200.00.tar.gz"
WAIT_S = 1800


def main(size_mb: int = SIZE_MB) -> None:
    """Print the table."""
    found = apart("tests.bench.bench_transfer", size_mb=size_mb)
    print(f"\n{size_mb} MB from host to host through one worker; {loads()}")
    print(f"{'MB/s':>8} {'took':>8} {'worker CPU':>11} {'hosts CPU':>10} {'worker before':>14} {'peak':>8}")
    print(
        f"{size_mb / found['took_s']:>8.1f} {found['took_s']:>6.1f} s {found['cpu_s']:>9.1f} s"
        f" {found['hosts_s']:>8.1f} s {found['before_mb']:>11.0f} MB {found['peak_mb']:>5.0f} MB"
    )


def measure(size_mb: int) -> dict[str, Any]:
    """Copy one archive; called in a process of its own."""
    with panel(hosts=2, jails=1, workers=1) as running:
        _make_archive(running, size_mb)
        small = _copy(running, "small-202611241200.00.tar.gz")
        before_mb, cpu_s, hosts_s = running.peak_mb(), running.cpu_s(), running.hosts.cpu_s()
        job = _copy(running, NAME)
        there = running.host_root("host001") / FOLDER / NAME
        assert there.stat().st_size == size_mb * 2**20
        assert small.ended_at
        return {
            "took_s": (job.ended_at - job.started_at).total_seconds()
            if job.ended_at and job.started_at
            else 0,
            "cpu_s": running.cpu_s() - cpu_s,
            "hosts_s": running.hosts.cpu_s() - hosts_s,
            "before_mb": before_mb,
            "peak_mb": running.peak_mb(),
        }


def _make_archive(running: Panel, size_mb: int) -> None:
    """Lay a large file, and a small one for what a worker needs in any case, on the first host."""
    folder = running.host_root("host000") / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in ((NAME, size_mb * 2**20), ("small-202611241200.00.tar.gz", 2**20)):
        (folder / name).touch(0o600)
        os.truncate(folder / name, size)


def _copy(running: Panel, name: str) -> Job:
    from apps.accounts.actor import PANEL
    from apps.hosts.models import Host
    from apps.hosts.probe import probe_host
    from apps.jails.models import Archive
    from apps.jails.moving.services import archive_copy_request
    from apps.jails.services import Agreed
    from apps.jobs.models import OPEN_STATES, Job, JobState

    source, target = Host.objects.order_by("name")
    probe_host(source.pk)
    archive = Archive.objects.select_related("host").get(host=source, file_name=name)
    asked = archive_copy_request(actor=PANEL, archive=archive, target=target, agreed=Agreed())
    eventually(lambda: Job.objects.get(pk=asked.pk).state not in OPEN_STATES, WAIT_S)
    job = Job.objects.get(pk=asked.pk)
    if job.state != JobState.SUCCEEDED:
        raise RuntimeError(f"the copy {job.state}: {job.outcome}; see {running.folder}")
    return job
