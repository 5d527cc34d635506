"""The form for a new jail: from text to values, with each complaint next to its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, FlavourName, InterfaceAddress, JailAddresses, JailName
from apps.hosts.models import Host
from apps.jails import new_rules, rules
from apps.jails.filling import fill_in, first_pool, offered_pools, read_pools
from apps.jails.new_options import NewJailOptions
from apps.jails.offers import host_archives, storages
from apps.jails.options_form import OPTION_FIELDS, OptionsForm, typed_options
from apps.jails.queries import host_flavours, host_network
from apps.jails.rows import AddressRow
from apps.jails.services import NewJail

T = TypeVar("T")

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
MOST_ROWS = 32


class JailForm(OptionsForm):
    """Name, flavour and address rows of a new jail, and the options that are folded away.

    Rows come as repeated fields `interface`, `address` and `prefix`, so that a row can be added or
    taken away without numbering; their errors are kept under `address-<row>` and so on.
    """

    name = forms.CharField(
        label="Name",
        max_length=63,
        help_text="Letters, digits, dots, dashes and underscores. It is also the jail's host name.",
        widget=forms.TextInput(attrs=_PLAIN | {"autofocus": True}),
    )
    flavour = forms.ChoiceField(
        label="Flavour",
        required=False,
        help_text="A set of files that is laid over the new jail. Without one, the host's default is used.",
    )
    public_first = forms.BooleanField(label="A public first address is meant", required=False)
    public_first_reason = forms.CharField(
        label="Why",
        required=False,
        max_length=200,
        help_text="Kept in the record.",
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(
        self, host: Host, data: QueryDict | None = None, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(
            data, initial={"clean_stop": not new_rules.why_no_clean_stop(host)} | (initial or {})
        )
        self.host = host
        self.network = host_network(host)
        self.pools = offered_pools(host)
        self.rows = _rows(data) if data is not None else [self._first_row()]
        fill_in(self.rows, self.pools)
        self.has_too_many_rows = data is not None and len(data.getlist("address")) > MOST_ROWS
        self.notes: list[str] = []
        self.row_errors: dict[str, list[str]] = {}
        self.warnings: list[str] = []
        self.is_public_first = False
        self.wanted: NewJail | None = None
        self._offer(host_flavours(host))

    def _offer(self, flavours: list[str]) -> None:
        """Fill in what the host has to choose from."""
        named = [(name, name) for name in flavours]
        choices = {
            "flavour": [("", "(the host's default)"), *named],
            "more_flavours": named,
            "archive": [("", "(the template)"), *host_archives(self.host)],
            "storage": storages(self.host),
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    @property
    def more_open(self) -> bool:
        """Whether the folded part is shown: something in it is filled in, or amiss."""
        return self.is_used() or any(name in self.errors for name in OPTION_FIELDS if self.is_bound)

    @property
    def has_zfs(self) -> bool:
        """Whether a jail can be a dataset on the host."""
        return new_rules.makes_datasets(self.host)

    @property
    def zfs_properties(self) -> str:
        """What ezjail.conf gives to each jail's dataset."""
        return new_rules.defaults_of(self.host).text("ezjail_zfs_jail_properties")

    @property
    def clean_stop_note(self) -> str:
        """Why there is no choice of how its services end; empty where there is one."""
        return new_rules.why_no_clean_stop(self.host)

    @classmethod
    def with_another_row(cls, host: Host, data: QueryDict) -> JailForm:
        """Return the form as it was filled in so far with one more row, and no complaint yet.

        With `fill_in` it only gets what the chosen pools give.
        """
        form = cls(host, initial={**{name: str(data[name]) for name in data}, **typed_options(data)})
        form.rows = _rows(data)
        fill_in(form.rows, form.pools)
        if "fill_in" not in data and len(form.rows) < MOST_ROWS:
            form.rows.append(form.blank_row)
        return form

    @property
    def shows_public_first(self) -> bool:
        """Whether the override for a public first address is on the page: only where it matters."""
        typed = self.data if self.is_bound else self.initial
        return (self.is_bound and self.is_public_first) or bool(typed.get("public_first"))

    @property
    def public_first_changed(self) -> bool:
        """Whether the override has to come onto the page, or go."""
        was_shown = "public_first_reason" in self.data
        return was_shown != self.shows_public_first

    @property
    def blank_row(self) -> AddressRow:
        """The row that is added next: most likely it differs in its address alone."""
        last = self.rows[-1] if self.rows else AddressRow(0)
        prefix = last.prefix if last.prefix.isdecimal() else ""
        return AddressRow(len(self.rows), interface=last.interface, prefix=prefix)

    def _first_row(self) -> AddressRow:
        loopbacks = [name for name in self.network.interfaces if name.startswith("lo")]
        pool = first_pool(self.pools, self.interfaces)
        return AddressRow(0, interface=max(loopbacks, default=""), prefix="24", pool=pool)

    @property
    def interfaces(self) -> list[str]:
        """The interfaces that the host has."""
        return list(self.network.interfaces)

    def as_typed(self) -> NewJail | None:
        """Return the jail that is asked for, whatever the host's rules say; None when it is none at all."""
        filled = [row for row in self.rows if not row.is_empty]
        flavour: str = self.data.get("flavour", "")
        try:
            return NewJail(
                JailName.parse(self.data.get("name", "").strip()),
                JailAddresses(tuple(row.parsed() for row in filled)),
                FlavourName.parse(flavour) if flavour else None,
                options=self.options(new_rules.defaults_of(self.host).jailzfs),
            )
        except InvalidInput:
            return None

    def clean_name(self) -> JailName:
        """Parse the name and compare it with the host's jails."""
        name = _parsed(JailName.parse, self.cleaned_data["name"])
        for _field, message in rules.check_name(name, self.network):
            raise forms.ValidationError(message)
        return name

    def clean_flavour(self) -> FlavourName | None:
        """Parse the flavour."""
        text: str = self.cleaned_data["flavour"]
        return _parsed(FlavourName.parse, text) if text else None

    def clean(self) -> dict[str, Any]:
        """Check the address rows, one by one and together."""
        data = super().clean() or {}
        if self.has_too_many_rows:
            self.add_error(None, f"A jail can have at most {MOST_ROWS} addresses here.")
        addresses = self._addresses(data)
        options = self._options(data)
        if addresses is not None and options is not None and data.get("name") and not self.errors:
            self.wanted = NewJail(data["name"], addresses, data.get("flavour"), self._reason(data), options)
        return data

    def archive_path(self, _file_name: str) -> AbsolutePath:
        """Return where an archive of the host is."""
        return new_rules.archive_path(self.host, _file_name)

    def _options(self, data: dict[str, Any]) -> NewJailOptions | None:
        """Return the options, or None with a complaint at its field."""
        name = data.get("name") or JailName.parse("a")
        try:
            options = self.options(new_rules.defaults_of(self.host).jailzfs)
        except InvalidInput as error:
            self._complain(error.field, error.message)
            return None
        for field, message in new_rules.check_options(self.host, name, data.get("flavour"), options):
            self._complain(field, message)
        return options

    def _complain(self, field: str | None, message: str) -> None:
        named = field if field in self.fields else None
        if named is None or not self.has_error(named):
            self.add_error(named, message)

    def _addresses(self, data: dict[str, Any]) -> JailAddresses | None:
        filled = [row for row in self.rows if not row.is_empty]
        parsed = [(row.number, self._parse(row)) for row in filled]
        whole = [(number, item) for number, item in parsed if item is not None]
        findings = rules.check_addresses(whole, self.network)
        self.warnings = findings.warnings
        for name, message in findings.errors:
            self.row_error(name, message)
        for row in self.rows:
            if row.why_not:
                self.row_error(f"address-{row.number}", row.why_not)
        if not filled and not self.row_errors:
            self.row_error("address-0", "A jail needs at least one address.")
        if self.row_errors or len(whole) < len(filled):
            return None
        return self._in_order([item for _, item in whole], whole, data)

    def _parse(self, row: AddressRow) -> InterfaceAddress | None:
        try:
            return row.parsed()
        except InvalidInput as error:
            self.row_error(f"{error.field or 'address'}-{row.number}", error.message)
            return None

    def _in_order(
        self, items: list[InterfaceAddress], whole: list[tuple[int, InterfaceAddress]], data: dict[str, Any]
    ) -> JailAddresses | None:
        try:
            addresses = JailAddresses(tuple(items))
        except InvalidInput as error:
            self.row_error(f"address-{whole[-1][0]}", error.message)
            return None
        self.is_public_first = addresses.first_is_public
        for field, message in rules.check_order(addresses, self._reason(data)):
            self.add_error(field, message)
        return addresses

    def _reason(self, data: dict[str, Any]) -> str:
        reason: str = data.get("public_first_reason", "").strip()
        if data.get("public_first") and not reason and "public_first_reason" not in self.errors:
            self.add_error("public_first_reason", "Say why, for whoever reads the record later.")
        return reason if data.get("public_first") else ""

    def row_error(self, name: str, message: str) -> None:
        """Put a complaint at a part of a row."""
        self.row_errors.setdefault(name, []).append(message)
        if not self.has_error("__all__", code="rows"):
            self.add_error(None, forms.ValidationError("Look at the addresses below.", code="rows"))


def _rows(data: QueryDict) -> list[AddressRow]:
    interfaces, prefixes = data.getlist("interface"), data.getlist("prefix")
    rows = [
        AddressRow(
            number,
            interfaces[number] if number < len(interfaces) else "",
            address,
            prefixes[number] if number < len(prefixes) else "",
        )
        for number, address in enumerate(data.getlist("address")[:MOST_ROWS])
    ]
    rows = rows or [AddressRow(0)]
    read_pools(data, rows)
    return rows


def _parsed(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except InvalidInput as error:
        raise forms.ValidationError(error.message) from error
