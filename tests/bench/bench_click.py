"""From the click on a form's button to the command's beginning on the host, above the bare SSH round trip.

The click is the POST of a confirmed form by a signed-in client to a real web process; Redis, a worker and the
hosts are real processes, too, and all on this machine, so that one clock times them. The host's own times are
those of the run's files: `argv` is written when the whole command has arrived, `pgid.own` by the process that
becomes the command. The round trip is that of a request which the host answers without starting anything.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

from tests.bench.panel import Panel, apart, loads, panel, percentile
from tests.services import eventually

if TYPE_CHECKING:
    from apps.jails.models import Jail
    from apps.jobs.models import Job

HOSTS, JAILS, CLICKS = 5, 5, 20
GOAL_MS = 100
ROUND_TRIPS = 100
JOB_S = 60
STAGES = {
    "answered": "the click was answered",
    "arrived": "the command was on the host",
    "began": "the command began",
}


def main(hosts: int = HOSTS, jails: int = JAILS, clicks: int = CLICKS) -> None:
    """Print the table.

    Args:
        hosts: How many hosts; the first click on each finds no connection.
        jails: Jails a host, all running; each is stopped and started again.
        clicks: How many clicks after the first ones.
    """
    found = apart("tests.bench.bench_click", hosts=hosts, jails=jails, clicks=clicks)
    trip_ms = statistics.median(found["round_trip"])
    print(f"\nFrom the click to the host, in ms above a bare SSH round trip of {trip_ms:.1f} ms; {loads()}")
    print(f"{'until':>28} {'connection':>11} {'clicks':>7} {'median':>7} {'95 %':>7} {'goal':>6}")
    for connection in ("new", "kept"):
        for stage, words in STAGES.items():
            values = [value - trip_ms * (stage != "answered") for value in found[connection][stage]]
            median, high = statistics.median(values), percentile(values, 0.95)
            goal = f"{GOAL_MS:>6}  {'met' if high < GOAL_MS else 'MISSED'}" if stage == "began" else ""
            print(f"{words:>28} {connection:>11} {len(values):>7} {median:>7.0f} {high:>7.0f} {goal}")


def measure(hosts: int, jails: int, clicks: int) -> dict[str, Any]:
    """Click; called in a process of its own. Gives milliseconds."""
    with panel(hosts=hosts, jails=jails, workers=1) as running, web(running) as client:
        return {
            "new": click_all(running, client, one_of_each_host()),
            "kept": click_all(running, client, _some(clicks)),
            "round_trip": asyncio.run(_round_trips(running)),
        }


@contextlib.contextmanager
def web(running: Panel) -> Iterator[httpx.Client]:
    """Run a web process, and give a client that is signed in."""
    from django.test import Client

    from apps.accounts.models import Grant, User
    from apps.accounts.permissions import Role

    user = User.objects.create_user("bench")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    browser = Client()
    browser.force_login(user, backend="apps.accounts.backends.GrantBackend")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "jailpanel.asgi:application", "--port", str(port)]
    options = ["--lifespan", "off", "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([*command, *options], env=running.environment)
    cookies = {"sessionid": browser.cookies["sessionid"].value}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=30) as client:
            eventually(lambda: _answers(client), 30)
            yield client
    finally:
        process.terminate()
        process.wait(10)


def _answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/jails/").status_code == 200
    return False


def one_of_each_host() -> list[Jail]:
    from apps.jails.models import Jail

    return list(Jail.objects.select_related("host").filter(name="jail0").order_by("host__name"))


def _some(count: int) -> list[Jail]:
    """Give jails that run, of one host after the other, never the first."""
    from apps.jails.models import Jail

    rows = Jail.objects.select_related("host").exclude(name="jail0").order_by("name", "host__name")
    return list(rows[:count])


def click_all(running: Panel, client: httpx.Client, jails: list[Jail]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for jail in jails:
        for stage, value in _click(running, client, jail).items():
            times[stage].append(value)
    return times


def _click(running: Panel, client: httpx.Client, jail: Jail) -> dict[str, float]:
    """Stop a jail by its form, and wait for the end of its job."""
    from apps.jobs.models import Job

    url = f"{jail.get_absolute_url()}stop/"
    page = client.get(url).text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    fields["csrfmiddlewaretoken"] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    clicked = time.time()
    answer = client.post(url, data=fields)
    answered = time.time()
    if answer.status_code not in {302, 204}:
        raise RuntimeError(f"the form was answered with {answer.status_code}: {answer.text[:300]}")
    job = Job.objects.filter(host=jail.host).latest("created_at")
    eventually(lambda: not Job.objects.get(pk=job.pk).is_open, JOB_S)
    return {"answered": (answered - clicked) * 1000, **_on_the_host(running, job, clicked)}


def _on_the_host(running: Panel, job: Job, clicked: float) -> dict[str, float]:
    step = job.steps.get()
    job.refresh_from_db()
    if job.state != "succeeded":
        raise RuntimeError(f"a job did not succeed: {job.outcome}")
    run = running.host_root(job.host.name) / "var/db/jailpanel/runs" / step.run_id
    written = {"arrived": run / "argv", "began": run / "pgid.own"}
    return {stage: (file.stat().st_mtime - clicked) * 1000 for stage, file in written.items()}


async def _round_trips(running: Panel) -> list[float]:
    from apps.freebsd.channel.ssh import SshChannel

    channel, times = SshChannel(running.hosts.targets[0]), []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        await channel.request(("version",), timeout_s=10)
        times.append((time.perf_counter() - began) * 1000)
    await channel.close()
    return times[1:]


if __name__ == "__main__":
    main()
