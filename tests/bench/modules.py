"""Which measurements there are."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import tests.bench


def bench_modules() -> list[ModuleType]:
    """Return the modules bench_*, each of which has a `main()` that prints."""
    found = pkgutil.iter_modules(tests.bench.__path__)
    names = sorted(module.name for module in found if module.name.startswith("bench_"))
    return [importlib.import_module(f"tests.bench.{name}") for name in names]
