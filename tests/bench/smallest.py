"""The measurements of a panel at their smallest, on one panel: what `make test` tries of them."""

from __future__ import annotations

from typing import Any

from tests.bench import bench_click, bench_jobs
from tests.bench.panel import panel


def measure() -> dict[str, Any]:
    """Click once, then let the other jail be stopped as a lot; called in a process of its own."""
    with panel(hosts=1, jails=2, workers=1) as running:
        with bench_click.web(running) as client:
            clicks = bench_click.click_all(running, client, bench_click.one_of_each_host())
        return {"click": clicks, "jobs": bench_jobs.stop_all(running)}
