"""What others did to a rule set since one opened it, from the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.audit.models import AuditEvent
from apps.network.models import RuleSet

MOST = 10


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a rule set.

    Args:
        who: Who made it.
        at: When.
        gone: Written rules that it took away.
        new: Written rules that it added.
        more: What else it changed, in a word.
    """

    who: str
    at: datetime
    gone: tuple[str, ...]
    new: tuple[str, ...]
    more: str


def changes_since(rule_set: RuleSet, version: int) -> list[Change]:
    """Return the changes after a version, oldest first; the last ten of them at most."""
    events = AuditEvent.objects.filter(object_type="rule_set", object_id=str(rule_set.pk))
    newest = events.order_by("-sequence")[:MOST]
    return [_change(event) for event in reversed(newest) if int(event.detail.get("version", 0)) > version]


def _change(event: AuditEvent) -> Change:
    detail = event.detail
    more = "the generated part" if "choices_after" in detail else ""
    if event.action == "rule_set.described":
        more = "name or note"
    if "table" in event.action:
        more = f"the table {(detail.get('after') or detail.get('before') or {}).get('name', '')}"
    gone, new = tuple(detail.get("rules_gone", ())), tuple(detail.get("rules_new", ()))
    return Change(event.actor_name, event.at, gone, new, more)
