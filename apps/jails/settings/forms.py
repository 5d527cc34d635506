"""The form of all that can be changed of a jail: what nobody touched follows the host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.accounts.permissions import REASON, Perm
from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.jail_params import JailParameter, Parameters
from apps.jails.filling import fill_in, offered_pools
from apps.jails.forms import MOST_ROWS
from apps.jails.models import Jail
from apps.jails.rows import AddressRow
from apps.jails.settings.addresses import jail_network, parts_of, row_of, text_of
from apps.jails.settings.catalogue import BY_HAND, GROUPS, Group, Setting
from apps.jails.settings.fields import ON, PLAIN, doubt, field_of, shown, written
from apps.jails.settings.keeping import kept_settings
from apps.jails.settings.rules import lacks
from apps.jails.settings.typed import ROWS, as_text, base_of, field_for, typed_rows
from apps.jails.settings.wishes import Prepared, Wish, file_of, prepare


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of settings as it stands in the form.

    Args:
        group: The group.
        fields: Its bound fields, each with why it cannot be changed (or nothing) and its setting.
        is_open: Whether it is unfolded.
    """

    group: Group
    fields: list[tuple[Any, str, Setting]]
    is_open: bool


class SettingsForm(forms.Form):
    """All settings of a jail that have a field, as its file has them.

    When the file changes on the host while someone fills the form in, what they touched stays and the rest
    follows the host: `base` carries what each field held when the page was made.
    """

    runs_at_boot = forms.BooleanField(
        label="It starts when the host boots",
        required=False,
        help_text="Otherwise ezjail passes over it, and also skips starts and stops of it by name; the "
        "panel's own work all the same.",
    )
    public_first = forms.BooleanField(label="A public first address is meant", required=False)
    public_first_reason = forms.CharField(
        label="Why", required=False, max_length=200, help_text="Kept in the record.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    restart = forms.BooleanField(
        label="Restart it with the new settings",
        required=False,
        help_text="It is stopped before its file changes and started afterwards.",
    )

    def __init__(self, jail: Jail, actor: Actor, data: QueryDict | None = None) -> None:
        self.jail, self.actor, self.file = jail, actor, file_of(jail)
        self.settings = [one for group in GROUPS for one in group.settings if self._has_a_field(one)]
        self.first = {one.name: shown(one, self.file) for one in self.settings}
        self.first |= {"ip": self.file.value("ip"), "runs_at_boot": ON if jail.runs_at_boot else ""}
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.row_errors: dict[str, list[str]] = {}
        self.prepared: Prepared | None = None
        self.network = jail_network(jail)
        self.reasons = {name: why for name, why in self._all_reasons() if why}
        was = base_of(data)
        super().__init__(self._merged(data, was) if data is not None else None, initial=self.first)
        self._add_fields()
        self.pools = offered_pools(jail.host)
        self.rows = self._first_rows() if data is None else typed_rows(self.data)
        if "ip" not in self.reasons:
            fill_in(self.rows, self.pools)
        self.shows_public_first = bool(self.data.get("public_first"))

    # -- what the template asks for ----------------------------------------------------------------------

    @property
    def base(self) -> str:
        """What the fields hold without anyone's touch, for the next time that the form is sent."""
        return json.dumps(self.first, sort_keys=True)

    @property
    def interfaces(self) -> list[str]:
        """The interfaces that the host has; and none, where the file names none."""
        lacks = any(not row.interface for row in self.rows)
        return [*([""] if lacks else []), *self.network.interfaces]

    @property
    def blank_row(self) -> AddressRow:
        """The row that is added next."""
        last = self.rows[-1] if self.rows else AddressRow(0)
        names = list(self.network.interfaces)
        interface = last.interface or next(iter(names), "")
        return AddressRow(len(self.rows), interface, prefix=last.prefix if last.prefix.isdecimal() else "")

    @property
    def groups(self) -> list[ShownGroup]:
        """The settings as they stand together."""
        names = {one.name for one in self.settings}
        return [
            self._shown(group, names) for group in GROUPS if any(one.name in names for one in group.settings)
        ]

    @property
    def more_addresses(self) -> list[tuple[str, str]]:
        """Variables with further addresses that someone wrote by hand, with their values."""
        return [(name, self.file.value(name)) for name in self.file.numbered("ip_multi")]

    @property
    def kept(self) -> list[tuple[str, str, str]]:
        """What the file says besides, and the panel does not change here: name, value, why."""
        return kept_settings(self.file)

    @property
    def public_first_changed(self) -> bool:
        """Whether the override has to come onto the page, or go."""
        return self.shows_public_first != ("public_first_reason" in self.data)

    def _shown(self, group: Group, names: set[str]) -> ShownGroup:
        mine = [one for one in group.settings if one.name in names]
        fields = [(self[one.name], self.reasons.get(one.name, ""), one) for one in mine]
        touched = any(self[one.name].errors or self.first[one.name] for one in mine)
        return ShownGroup(group, fields, not group.is_folded or touched)

    # -- making it ---------------------------------------------------------------------------------------

    def _has_a_field(self, setting: Setting) -> bool:
        return setting not in BY_HAND or setting.key in self.file.variables

    def _all_reasons(self) -> Iterator[tuple[str, str]]:
        """Give why each field cannot be changed, or nothing."""
        yield "ip", self.file.doubt("ip")
        yield "runs_at_boot", self._no_name()
        no_restart = "" if self.jail.is_running else "It does not run."
        may_not = self._may_not(Perm.JAIL_STOP) or self._may_not(Perm.JAIL_START)
        yield "restart", no_restart or self._no_name() or may_not
        for setting in self.settings:
            yield setting.name, doubt(setting, self.file) or self._lacks(setting)

    def _add_fields(self) -> None:
        for setting in self.settings:
            self.fields[setting.name] = field_of(setting, self.first[setting.name])
        for name in self.reasons:
            if name in self.fields:
                self.fields[name].disabled = True

    def _lacks(self, setting: Setting) -> str:
        known = setting.known
        if isinstance(known, JailParameter) and not self.first[setting.name] and lacks(self.jail, known):
            return "The host's FreeBSD has no such parameter."
        return self._may_not(setting.perm) if setting.perm else ""

    def _may_not(self, perm: Perm) -> str:
        if self.actor.may(perm, self.jail.host_id):
            return ""
        return f"It takes the right to {REASON[perm]}. An administrator can grant it."

    def _no_name(self) -> str:
        return (
            "" if self.jail.has_manageable_name else "The jail's name is one that the panel gives no command."
        )

    def _first_rows(self) -> list[AddressRow]:
        parts = parts_of(self.first["ip"])
        return [row_of(number, part) for number, part in enumerate(parts)] or [AddressRow(0)]

    # -- what changed on the host meanwhile --------------------------------------------------------------

    def _merged(self, data: QueryDict, was: Mapping[str, str]) -> QueryDict:
        """Return what was typed, with what nobody touched as the host has it by now."""
        merged = data.copy()
        moved = [name for name, value in was.items() if name in self.first and self.first[name] != value]
        for name in moved:
            if name in self.reasons or self._typed(data, name, was[name]) == was[name]:
                self._follow(merged, name)
                said = "It is shown as the host has it."
            else:
                said = f"The host has “{self.first[name]}” now; what you typed is kept. Look at it again."
            self.notes.append(f"{self._label(name)}: changed on the host since you opened this page. {said}")
        return merged

    def _label(self, name: str) -> str:
        plain = {"ip": "The addresses", "runs_at_boot": "The start at boot"}
        return plain.get(name) or next(one.label for one in self.settings if one.name == name)

    def _typed(self, data: QueryDict, name: str, was: str) -> str:
        if name != "ip":
            return data.get(name, "").replace("\r\n", "\n")
        try:
            return text_of([row for row in typed_rows(data) if not row.is_empty], parts_of(was))
        except InvalidInput:
            return "\0"

    def _follow(self, merged: QueryDict, name: str) -> None:
        if name != "ip":
            merged[name] = self.first[name]
            return
        rows = self._first_rows()
        for column in ROWS:
            merged.setlist(column, [getattr(row, column) for row in rows])

    # -- reading it --------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Turn what was touched into a wish, and the wish into a plan."""
        data = super().clean() or {}
        wish = self._wish(data)
        if not self.errors and wish is not None:
            self._prepare(wish)
        return data

    def _wish(self, data: Mapping[str, Any]) -> Wish | None:
        values = self._values(data) | self._addresses()
        reason = str(data.get("public_first_reason", "")).strip()
        if data.get("public_first") and not reason:
            self.add_error("public_first_reason", "Say why, for whoever reads the record later.")
        return Wish(
            values=values,
            runs_at_boot=bool(data.get("runs_at_boot")),
            restart=bool(data.get("restart")),
            public_first_reason=reason if data.get("public_first") else "",
        )

    def _values(self, data: Mapping[str, Any]) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        words = Parameters.parse(self.file.value("parameters"))
        for setting in self.settings:
            text = as_text(data.get(setting.name, ""))
            if setting.name in self.errors or text == self.first[setting.name]:
                continue
            try:
                if setting.is_parameter:
                    words = words.set(setting.key, text) if text else words.unset(setting.key)
                else:
                    values |= written(setting, text, self.file)
            except InvalidInput as error:
                self.add_error(setting.name, error.message)
        if str(words) != str(Parameters.parse(self.file.value("parameters"))):
            values["parameters"] = str(words)
        return values

    def _addresses(self) -> dict[str, str | None]:
        filled = [row for row in self.rows if not row.is_empty]
        if "ip" in self.reasons:
            return {}
        for row in self.rows:
            if row.why_not:
                self._row_error(f"address-{row.number}", row.why_not)
        if len(self.data.getlist("address")) > MOST_ROWS:  # type: ignore[attr-defined]
            self.add_error(None, f"A jail can have at most {MOST_ROWS} addresses here.")
        try:
            text = text_of(filled, parts_of(self.first["ip"]))
        except InvalidInput as error:
            self._complain(error)
            return {}
        return {} if text == self.first["ip"] else {"ip": text}

    def _prepare(self, wish: Wish) -> None:
        try:
            self.prepared = prepare(self.jail, wish)
        except PanelError as error:
            self._complain(error)
            return
        self.warnings = self.prepared.notes
        for need in self.prepared.needs:
            if not self.actor.may(need.perm, self.jail.host_id):
                self._complain(InvalidInput(need.sentence, field=need.field))
                self.prepared = None
                return
        self.wish = wish

    def _complain(self, error: PanelError) -> None:
        """Put a complaint next to its field, or above the form."""
        name = getattr(error, "field", None) or ""
        at = field_for(name, self.fields)
        if name.partition("-")[0] in ROWS:
            self._row_error(name, error.message)
        elif at == "public_first":
            self.shows_public_first = True
            self.add_error(at, error.message)
        else:
            self.add_error(at, error.message)

    def _row_error(self, name: str, message: str) -> None:
        self.row_errors.setdefault(name, []).append(message)
        if not self.has_error("__all__", code="rows"):
            self.add_error(None, forms.ValidationError("Look at the addresses below.", code="rows"))
