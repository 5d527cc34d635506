"""`make bench`: every measurement as a test that prints; the smallest of each belongs to `make test`, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import bench_click, bench_jobs
from tests.bench.modules import bench_modules
from tests.bench.panel import apart


@pytest.mark.bench
@pytest.mark.parametrize("module", bench_modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_bench(module) -> None:
    module.main()


@pytest.mark.host
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are watched in /proc")
def test_click_and_a_lot_of_jobs_at_their_smallest() -> None:
    found = apart("tests.bench.smallest")
    click, jobs = found["click"], found["jobs"]
    assert [len(click[stage]) for stage in bench_click.STAGES] == [1, 1, 1]
    # a file's time is that of the kernel's last tick
    assert 0 < click["arrived"][0] <= click["began"][0] + 10 < 60_000
    assert jobs["jobs_a_second"] > 0
    assert jobs["transactions"] > 1
    assert 0 < jobs["p99_ms"] <= jobs["longest_ms"]


def test_table_of_clicks_holds_them_against_the_goal(monkeypatch, capsys) -> None:
    times = {"answered": [20.0] * 20, "arrived": [70.0] * 20, "began": [80.0] * 18 + [120.0] * 2}
    found = {"new": times, "kept": {**times, "began": [80.0] * 20}, "round_trip": [4.0, 5.0, 9.0]}
    monkeypatch.setattr(bench_click, "apart", lambda *_args, **_options: found)
    bench_click.main()
    began = [line.split() for line in capsys.readouterr().out.splitlines() if "began" in line]
    assert [row[3:] for row in began] == [
        ["new", "20", "75", "115", "100", "MISSED"],
        ["kept", "20", "75", "75", "100", "met"],
    ]


def test_table_of_jobs_has_a_line_for_each_database(monkeypatch, capsys) -> None:
    names = (
        "jobs_a_second", "cpu_ms", "hosts_ms", "peak_mb", "transactions", "p99_ms", "longest_ms", "waited_ms"
    )  # fmt: skip
    monkeypatch.setattr(bench_jobs, "apart", lambda *_args, **_options: dict.fromkeys(names, 7.0))
    bench_jobs.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["sqlite", "postgresql"]
    assert len(lines[-1]) == len(lines[-3])
