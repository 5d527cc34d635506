"""A whole panel for a measurement: Redis, a database, workers, simulated hosts; and what they use up.

It sets Django up, so it belongs into a process of its own: `apart` starts one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import postgres
from tests.bench.farm import KEY, Farm, farm
from tests.bench.transactions import FOLDER
from tests.services import RedisServer, eventually

SETTINGS = "tests.bench.settings"
TICKS = os.sysconf("SC_CLK_TCK")
START_S = 60


@dataclass
class Panel:
    """What runs, and where."""

    folder: Path
    environment: dict[str, str]
    hosts: Farm
    workers: list[subprocess.Popen[bytes]]

    def host_root(self, name: str) -> Path:
        """Return the folder that is a simulated host's root."""
        return self.folder / "farm" / name / "root"

    def cpu_s(self) -> float:
        """Return what the workers have computed by now, in seconds."""
        return sum(_cpu_s(worker.pid) for worker in self.workers)

    def peak_mb(self) -> float:
        """Return the most memory that any worker has had."""
        return max(_peak_kb(worker.pid) for worker in self.workers) / 1024

    def stop_workers(self) -> dict[str, list[float]]:
        """End the workers and return what they noted of their transactions."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(30)
        seen: dict[str, list[float]] = {"held_s": [], "waited_s": []}
        for note in self.folder.glob("transactions-*.json"):
            for name, values in json.loads(note.read_text()).items():
                seen[name] += values
        self.workers = []
        return seen


def apart(module: str, **options: Any) -> dict[str, Any]:
    """Run `module`'s `measure(**options)` in a process of its own and return what it gives."""
    command = [sys.executable, "-m", "tests.bench.panel", module, json.dumps(options)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def panel(*, hosts: int, jails: int, workers: int, database: str = "sqlite") -> Iterator[Panel]:
    """Run a panel with hosts that have been looked at; everything ends and goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="jp-bench-"))
    redis = RedisServer(folder)
    running: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(redis.kill)
        redis.start()
        url = stack.enter_context(postgres.private_server()) if database == "postgresql" else ""
        found = stack.enter_context(farm(folder / "farm", hosts, jails))
        environment = set_up(folder, redis.url, url)
        _add_hosts(folder, found)
        stack.callback(_end, running)
        running += [_worker(environment, folder) for _ in range(workers)]
        eventually(lambda: len(list(folder.glob("ready-*"))) == workers, START_S)
        yield Panel(folder, environment, found, running)


def set_up(folder: Path, redis_url: str, database_url: str) -> dict[str, str]:
    """Set Django up in this process, and make the tables."""
    import django
    from django.core.management import call_command

    ours = {
        "JAILPANEL_VAR": str(folder / "state"),
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        FOLDER: str(folder),
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(ours)
    django.setup()
    call_command("migrate", verbosity=0)
    return dict(os.environ)


def _add_hosts(folder: Path, hosts: Farm) -> None:
    from apps.hosts.away import probe_hosts
    from apps.hosts.models import Host, HostState
    from apps.hosts.panel_key import private_key_path

    shutil.copy(folder / "farm" / KEY, private_key_path())
    rows = [
        Host(
            name=f"host{number:03}", address=target.address, port=target.port, user=target.user,
            host_key=target.host_key, state=HostState.UNREACHABLE,
        )
        for number, target in enumerate(hosts.targets)
    ]  # fmt: skip
    Host.objects.bulk_create(rows)
    probe_hosts([row.pk for row in rows])
    if odd := list(Host.objects.exclude(state=HostState.ONLINE).values_list("name", "state_reason")[:3]):
        raise RuntimeError(f"hosts cannot be looked at: {odd}")


def _worker(environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a worker as the launcher does."""
    command = [
        sys.executable, "-m", "celery", "-A", "jailpanel", "worker", "--pool", "threads",
        "--concurrency", "40", "--without-gossip", "--without-mingle", "--without-heartbeat",
        "--loglevel", "WARNING", "--include", "tests.bench.transactions",
    ]  # fmt: skip
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _peak_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def loads() -> str:
    """Return how busy this machine is, for the line above a table."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at {time.strftime('%H:%M')}"


def percentile(values: list[float], part: float) -> float:
    """Return the value that `part` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


if __name__ == "__main__":
    import importlib

    module = importlib.import_module(sys.argv[1])
    sys.stdout.write(f"{json.dumps(module.measure(**json.loads(sys.argv[2])))}\n")
