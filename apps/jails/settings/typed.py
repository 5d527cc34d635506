"""What a browser sent of the form of settings: as text, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from apps.jails.filling import read_pools
from apps.jails.forms import MOST_ROWS
from apps.jails.rows import AddressRow
from apps.jails.settings.catalogue import field_name
from apps.jails.settings.fields import ON

ROWS = ("interface", "address", "prefix")


def base_of(data: QueryDict | None) -> dict[str, str]:
    """Return what the fields held when the page was made, as the page says it."""
    try:
        found = json.loads(data.get("base", "") or "{}") if data else {}
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def typed_rows(data: Any) -> list[AddressRow]:
    """Return the rows of addresses, one at least."""
    columns = [data.getlist(name) for name in ROWS]
    count = min(len(columns[1]), MOST_ROWS)
    rows = [AddressRow(number) for number in range(count)]
    for name, column in zip(ROWS, columns, strict=True):
        for row, value in zip(rows, column, strict=False):
            setattr(row, name, value)
    rows = rows or [AddressRow(0)]
    read_pools(data, rows)
    return rows


def as_text(value: Any) -> str:
    """Return what a field was cleaned to as `shown` gives what the file holds."""
    if isinstance(value, bool):
        return ON if value else ""
    return str(value or "").replace("\r\n", "\n")


def field_for(variable: str, fields: Mapping[str, Any]) -> str | None:
    """Return the field that a variable's complaint belongs to; None for above the form."""
    stem = variable.rstrip("0123456789")
    names = (variable, field_name("v", variable), field_name("v", stem), field_name("p", variable))
    return next((name for name in names if name in fields), None)
