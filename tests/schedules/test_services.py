"""Making, changing, switching and removing schedules."""

from __future__ import annotations

from typing import Any

from apps.schedules.models import Schedule, Target
from apps.schedules.services import Wanted


def wanted_of(schedule: Schedule, **values: Any) -> Wanted:
    """What a schedule is, with some of it changed."""
    is_now = {
        "name": schedule.name,
        "kind": schedule.kind,
        "target": Target(schedule.target),
        "line": schedule.line,
        "host": schedule.host,
        "group": schedule.group,
        "jail": schedule.jail,
    }
    return Wanted(**(is_now | values))
