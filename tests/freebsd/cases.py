"""Fixtures as data: a folder a function below fixtures/, a file a case.

A builder's case holds `arguments` (texts, parsed into values first) and `argv`, or `refused`. A parser's case
holds the text, or names a capture, and `expected`, or `refused`. `source` says where the text comes from.
"""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.freebsd.errors import PanelError

FIXTURES = Path(__file__).parent / "fixtures"
CAPTURES = Path(__file__).parent.parent / "fixtures" / "captures"


def cases(function: str) -> list[Any]:
    """Return a function's cases as pytest parameters, named by their files."""
    files = sorted((FIXTURES / function).glob("*.json"))
    assert files, f"no fixtures for {function}"
    return [pytest.param(json.loads(file.read_text()), id=file.stem) for file in files]


@cache
def captured(file: str) -> dict[str, dict[str, Any]]:
    """Return the cases of one file of captures by their ids."""
    return {case["id"]: case for case in json.loads((CAPTURES / f"{file}.json").read_text())["cases"]}


def text_of(case: dict[str, Any]) -> str:
    """Return what the tool printed on standard output in this case."""
    if "capture" in case:
        file, name = case["capture"].split("/")
        return str(captured(file)[name]["stdout"])
    return str(case["stdout"])


def check(case: dict[str, Any], parse: Callable[[], Any], error: type[PanelError]) -> None:
    """Compare what `parse` gives with what the case expects."""
    if "refused" in case:
        with pytest.raises(error) as caught:
            parse()
        assert case["refused"] in caught.value.message
    else:
        assert plain(parse()) == case["expected"]


def plain(value: Any) -> Any:
    """Return a parser's result as JSON holds it."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
