"""Making, changing and removing rule sets, each with its entry in the record. No host is touched by it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host, HostGroup
from apps.jobs.events import publish
from apps.jobs.file_diff import compare_texts
from apps.network.models import Layout, RuleSet
from apps.network.rulesets.queries import require_on

_NAME = re.compile(r"[^\W_](?:[\w .,()+-]{0,61}[\w.)+])?")
_NAME_SAYS = "A name is 1 to 63 letters, digits, blanks and . , ( ) + -, and begins with a letter or digit."
TAKEN = "There is a rule set of this name already."


@dataclass(frozen=True, slots=True)
class Content:
    """What a rule set says.

    Args:
        layout: How its rules come about.
        choices: What the generated part is made from.
        written: The written rules, one a line.
    """

    layout: str = Layout.RECOMMENDED
    choices: dict[str, Any] = field(default_factory=dict)
    written: str = ""


class Stale(Conflict):
    """Someone else changed the rule set since it was read."""


def content_of(rule_set: RuleSet) -> Content:
    """Return what a rule set says."""
    return Content(rule_set.layout, rule_set.choices, rule_set.written)


def content_mark(content: Content) -> str:
    """Return what stands for a content, so that only what was shown is kept."""
    content = tidy(content)
    text = json.dumps([content.layout, content.choices, content.written], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rule_set_add(
    *, actor: Actor, name: str, host: Host | None, group: HostGroup | None, content: Content, note: str = ""
) -> RuleSet:
    """Make a rule set for a host, or for a group's hosts.

    Raises:
        NotAllowed: The actor may not, on these hosts.
        InvalidInput: The name is taken or none, or the host or group has a rule set already.
    """
    require_on(actor, host, group, Perm.FIREWALL_CHANGE)
    if (host is None) == (group is None):
        raise InvalidInput("A rule set is for a host or for a group.", field="owner")
    made = RuleSet(name=name_checked(name), host=host, group=group, note=note.strip())
    _put(made, content)
    with transaction.atomic():
        _refuse_second(host, group)
        _save(made, force_insert=True)
        record(actor=actor, action="rule_set.added", subject=subject_of(made), **said(Content(), content))
        announce(made)
    return made


def _refuse_second(host: Host | None, group: HostGroup | None) -> None:
    taken = RuleSet.objects.filter(host=host, group=group).values_list("name", flat=True).first()
    if taken is not None:
        raise InvalidInput(f"The rule set “{taken}” is for it already.", field="owner")


def rule_set_change(*, actor: Actor, rule_set: RuleSet, version: int, content: Content) -> RuleSet:
    """Have a rule set say something else. Its hosts keep their rules until it is applied.

    Args:
        actor: Who changes it.
        rule_set: Which one.
        version: The version that was read before it was changed.
        content: What it is to say.

    Raises:
        NotAllowed: The actor may not, on its hosts.
        Stale: Someone else changed it since.
        Conflict: It was removed meanwhile.
    """
    require_on(actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    with transaction.atomic():
        row = locked(rule_set)
        if row.version != version:
            raise Stale("Someone else changed this rule set since you opened it. Nothing was saved.")
        before, content = content_of(row), tidy(content)
        if before == content:
            return row
        _put(row, content)
        touch(actor, row, "rule_set.changed", said(before, content), "layout", "choices", "written")
    return row


def touch(actor: Actor, row: RuleSet, action: str, detail: dict[str, Any], *fields: str) -> None:
    """Count a change of a locked rule set, save and record it, and tell open pages."""
    row.version += 1
    _save(row, update_fields=[*fields, "version", "changed_at"])
    record(actor=actor, action=action, subject=subject_of(row), version=row.version, **detail)
    announce(row)


def rule_set_describe(*, actor: Actor, rule_set: RuleSet, name: str, note: str) -> None:
    """Give a rule set another name or note.

    Raises:
        NotAllowed: The actor may not, on its hosts.
        InvalidInput: The name is taken or none.
        Conflict: It was removed meanwhile.
    """
    require_on(actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    name = name_checked(name)
    with transaction.atomic():
        row = locked(rule_set)
        before = {"name": row.name, "note": row.note}
        row.name, row.note = name, note.strip()
        after = {"name": row.name, "note": row.note}
        touch(actor, row, "rule_set.described", {"before": before, "after": after}, "name", "note")


def rule_set_remove(*, actor: Actor, rule_set: RuleSet) -> None:
    """Remove a rule set. Its hosts keep the rules that they have; the panel wants none of them any more.

    Raises:
        NotAllowed: The actor may not, on its hosts.
        Conflict: It was removed already.
    """
    require_on(actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    with transaction.atomic():
        row = locked(rule_set)
        detail = said(content_of(row), Content(layout=row.layout))
        record(actor=actor, action="rule_set.removed", subject=subject_of(row), **detail)
        announce(row)
        row.delete()


def said(before: Content, after: Content) -> dict[str, Any]:
    """Return what changes, for the record: of the written rules only the lines that come and go."""
    lines = compare_texts(before.written, after.written)
    found: dict[str, Any] = {"layout": after.layout}
    names = sorted({*before.choices, *after.choices})
    changed = [name for name in names if before.choices.get(name) != after.choices.get(name)]
    if changed:
        found["choices_before"] = {name: before.choices.get(name) for name in changed}
        found["choices_after"] = {name: after.choices.get(name) for name in changed}
    for mark in ("gone", "new"):
        texts = [line.text for line in lines if line.mark == mark]
        found |= {f"rules_{mark}": texts} if texts else {}
    return found


def name_checked(name: str) -> str:
    """Return a name without blanks around it.

    Raises:
        InvalidInput: It has characters that do not belong there.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInput(_NAME_SAYS, field="name")
    return name


def locked(rule_set: RuleSet) -> RuleSet:
    """Return a rule set's row for a change, until the transaction ends.

    Raises:
        Conflict: It was removed meanwhile.
    """
    rows = RuleSet.objects.select_related("host", "group").select_for_update(of=("self",))
    row = rows.filter(pk=rule_set.pk).first()
    if row is None:
        raise Conflict("This rule set was removed meanwhile.")
    return row


def subject_of(rule_set: RuleSet) -> Subject:
    """Return a rule set as the record names it."""
    return Subject("rule_set", str(rule_set.pk or ""), rule_set.name, host_id=rule_set.host_id)


def announce(rule_set: RuleSet) -> None:
    """Tell open pages, once the transaction has committed, that a rule set changed."""
    transaction.on_commit(partial(publish, "rules", str(rule_set.pk)))


def tidy(content: Content) -> Content:
    """Return a content whose written rules have plain line ends, and one at the end."""
    text = content.written.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return replace(content, written=f"{text}\n" if text else "")


def _put(row: RuleSet, content: Content) -> None:
    row.layout, row.choices, row.written = content.layout, content.choices, tidy(content).written


def _save(row: RuleSet, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        raise InvalidInput(TAKEN, field="name") from error
