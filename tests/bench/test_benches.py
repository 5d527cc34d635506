"""`make bench`: every measurement as a test that prints; never part of `make test`."""

from __future__ import annotations

import pytest

from tests.bench.modules import bench_modules


@pytest.mark.bench
@pytest.mark.parametrize("module", bench_modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_bench(module) -> None:
    module.main()
