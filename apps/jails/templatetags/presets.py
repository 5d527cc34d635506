"""Tags for presets: `{% load presets %}`."""

from __future__ import annotations

from django import template

from apps.accounts.actor import Actor
from apps.jails.models import JailPreset
from apps.jails.presets.queries import may_change
from apps.jails.presets.words import in_words

register = template.Library()


@register.filter
def preset_words(preset: JailPreset) -> list[str]:
    """Return what a new jail has with a preset."""
    return in_words(preset)


@register.filter
def changed_by(preset: JailPreset, actor: Actor) -> bool:
    """Say whether a person may change a preset."""
    return may_change(actor, preset.group)
