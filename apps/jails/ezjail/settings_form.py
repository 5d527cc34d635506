"""The form of ezjail.conf: a field a setting, of which those that were changed count and no others.

Each field travels with what it was when the page was made. So what someone else changed meanwhile stays, and
what was typed is put on top of the file as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from apps.freebsd.errors import InvalidInput
from apps.freebsd.setting_kinds import Kind
from apps.jails.ezjail import settings
from apps.jails.ezjail.settings import Changes, Row
from apps.jails.ezjail.situation import Situation

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
OFF = "off"


@dataclass(frozen=True, slots=True)
class Item:
    """One setting on the page.

    Args:
        row: What it is on the host.
        field: Its field; None where it is not changed here.
        was: What the field held when the page was made.
        resets: Whether “back to the default” is ticked.
    """

    row: Row
    field: BoundField | None
    was: str
    resets: bool


class SettingsForm(forms.Form):
    """Settings of one host.

    Args:
        seen: The host.
        flavours: Those that it has.
        query: Which settings are shown; all without words.
        data: What was typed.
    """

    def __init__(
        self, seen: Situation, flavours: list[str] | None, query: str = "", data: QueryDict | None = None
    ) -> None:
        self.seen, self.flavours, self.notes = seen, flavours, list[str]()
        self.changes: Changes = {}
        known = settings.rows(seen)
        self.shown = [
            (label, [row for item in items if (row := known[item.name]).matches(query)])
            for label, items in settings.GROUPS
        ]
        rows = [row for _, group in self.shown for row in group if not row.locked]
        super().__init__(data, initial={row.name: _typed(row) for row in rows})
        for row in rows:
            self.fields[row.name] = _field(row)

    @property
    def groups(self) -> list[tuple[str, list[Item]]]:
        """The settings by what they are about, groups without any left out."""
        return [(label, [self._item(row) for row in rows]) for label, rows in self.shown if rows]

    def _item(self, row: Row) -> Item:
        field = self[row.name] if row.name in self.fields else None
        return Item(row, field, self._was(row.name), f"reset-{row.name}" in self.data)

    def _was(self, name: str) -> str:
        return str(self.data.get(f"was-{name}", self.initial.get(name, "")))

    def clean(self) -> dict[str, Any]:
        """Take out what was changed, and check it together."""
        data = super().clean() or {}
        self.changes = {
            name: value for name in self.fields if name in data for value in self._change(name, data[name])
        }
        for name, sentence in settings.complaints(self.seen, self.changes, self.flavours):
            self.add_error(name if name in self.fields else None, sentence)
        return data

    def _change(self, name: str, typed: str) -> list[str | None]:
        """Return the new value of a setting, or nothing where it stays."""
        if f"reset-{name}" in self.data:
            return [None]
        if name not in self.data or typed == self._was(name):
            return []
        if not typed:
            return [None]
        is_off = typed == OFF and self.fields[name].__class__ is forms.ChoiceField
        return ["" if is_off else typed]


def _typed(row: Row) -> str:
    """Return what the field of a setting holds while the file says what it says."""
    if row.setting.kind is Kind.SWITCH and row.is_set:
        return "YES" if row.text else OFF
    return row.text


def _field(row: Row) -> forms.Field:
    choices = _choices(row)
    if choices:
        return forms.ChoiceField(label=row.name, choices=choices, required=False)
    attrs = _PLAIN | ({"placeholder": row.default} if row.default else {})
    return forms.CharField(
        label=row.name,
        required=False,
        strip=False,  # what was not touched has to come back as it was
        max_length=settings.LONGEST,
        widget=forms.TextInput(attrs=attrs),
    )


def _choices(row: Row) -> list[tuple[str, str]]:
    kind, default = row.setting.kind, row.default
    if kind is Kind.SWITCH:
        return [("", "default: on"), ("YES", "on"), (OFF, "off")]
    if kind not in (Kind.YES, Kind.RC_YES):
        return []
    found = [("", f"default: {default or 'NO'}"), ("YES", "YES"), ("NO", "NO")]
    odd = row.text and row.text not in ("YES", "NO")
    return [*found, (row.text, row.text)] if odd else found


def as_typed(seen: Situation, changes: Mapping[str, str | None]) -> QueryDict:
    """Return a job's wish as the form that it came from, on the file as it is now."""
    fields = QueryDict(mutable=True)
    known = settings.rows(seen)
    for name, row in known.items():
        fields[f"was-{name}"] = fields[name] = _typed(row)
        if name in changes and changes[name] is None and row.is_set:
            fields[f"reset-{name}"] = "on"
        elif changes.get(name) is not None:
            is_off = row.setting.kind is Kind.SWITCH and not changes[name]
            fields[name] = OFF if is_off else str(changes[name])
    return fields


def checked(form: SettingsForm) -> Changes:
    """Return what was changed.

    Raises:
        InvalidInput: Nothing was.
    """
    if not form.changes:
        raise InvalidInput("Nothing was changed: every field is as it was.")
    return form.changes
