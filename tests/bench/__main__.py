"""`python -m tests.bench`: run every bench_*.py beside this file, one after the other."""

from __future__ import annotations

from tests.bench.modules import bench_modules


def main() -> None:
    """Run them all."""
    for module in bench_modules():
        module.main()


if __name__ == "__main__":
    main()
