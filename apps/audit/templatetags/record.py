"""Tags for the record: `{% load record %}`."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()

NOTHING = "–"
MUTE = frozenset({"plan_hash"})


@register.filter
def said(value: Any) -> str:
    """Say a value of an event's detail in words: nothing, yes and no, lists and what is below names."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{label(name)}: {said(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(said(item) for item in value)
    return str(value)


@register.filter
def label(name: str) -> str:
    """Say a name as words: `plan_hash` is "plan hash"."""
    return str(name).replace("_", " ")


@register.filter
def in_short(detail: dict[str, Any]) -> str:
    """Say an event's detail in one line, without what is empty or tells a person nothing."""
    filled = {name: value for name, value in detail.items() if said(value) != NOTHING and name not in MUTE}
    return " · ".join(f"{label(name)} {said(value)}" for name, value in filled.items())
