"""Tags for drift: `{% load drift %}`."""

from __future__ import annotations

from typing import Any

from django import template

from apps.jails.drift.compare import FILE, FSTAB, MISSING, ROOT
from apps.jails.drift.notes import file_notes
from apps.jails.drift.plans import heading
from apps.jails.models import Drift, Jail

register = template.Library()
MOST = 80


@register.inclusion_tag("jails/drift/_of_jail.html")
def drift_of_jail(jail: Jail) -> dict[str, Any]:
    """Say on a jail's page that it is not as it is wanted, or that its file is gone."""
    return {"jail": jail, "count": jail.drifts.count()}


@register.inclusion_tag("jails/drift/_odd_lines.html")
def odd_lines(jail: Jail) -> dict[str, Any]:
    """Say above a jail's file what in it is not ezjail's own or not certain."""
    return {"notes": file_notes(jail)}


@register.filter
def field_label(field: str) -> str:
    """Return what people call a field."""
    return heading(field)


@register.filter
def side(row: Drift, which: str) -> str:
    """Return one side of a difference in a few words; of texts, how long they are."""
    text = str(getattr(row, which))
    if row.field in (FILE, FSTAB):
        count = len(text.splitlines())
        return f"{count} line{'' if count == 1 else 's'}" if text else "none"
    if row.field in (ROOT, MISSING) and which == "observed":
        return "not there"
    if not text:
        return "(empty)"
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
