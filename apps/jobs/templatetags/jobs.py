"""Tags for jobs and their commands: `{% load jobs %}`."""

from __future__ import annotations

from django import template

from apps.freebsd.commands import Command
from apps.jobs.models import Step
from apps.jobs.reasons import Purpose, purpose_of

register = template.Library()


@register.filter
def reasons(command: Command | Step) -> Purpose:
    """Return the purpose of a command, or of a step that ran one, in pieces."""
    return purpose_of(command.purpose, command.argv)
