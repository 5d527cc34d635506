"""Tags for what is out: `{% load updates %}`."""

from __future__ import annotations

from typing import Any

from django import template

from apps.updates.queries import update_note as note_of

register = template.Library()


@register.inclusion_tag("updates/_note.html")
def update_note(release: str, arch: str) -> dict[str, Any]:
    """Say below a release whether a newer patch level is out, and until when it is supported."""
    return {"note": note_of(str(release or ""), str(arch or ""))}
