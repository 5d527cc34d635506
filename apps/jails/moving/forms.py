"""The form for a move: the jail's addresses on its new host, checked there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from apps.hosts.models import Host
from apps.jails.archives.moments import moment
from apps.jails.forms import JailForm
from apps.jails.models import Jail
from apps.jails.moving.services import MoveWish
from apps.jails.new_options import NewJailOptions
from apps.jails.queries import host_network
from apps.jails.rows import AddressRow


class MoveForm(JailForm):
    """Where a jail goes: address rows on the new host, and whether it is started there.

    Args:
        jail: The jail, on the host that it leaves.
        target: The host that gets it.
        data: What was sent; the jail's name is not asked for.
    """

    starts = forms.BooleanField(label="Start it on the new host", required=False)
    at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, jail: Jail, target: Host, data: QueryDict | None = None) -> None:
        if data is not None:
            data = data.copy()
            data["name"] = jail.name
        super().__init__(target, data, initial={"starts": jail.is_running, "name": jail.name})
        self.jail = jail
        self.network = host_network(target, moved=jail)
        for name in [name for name in self.fields if name not in KEPT]:
            del self.fields[name]
        if data is None:
            self.rows = rows_of(jail, self.interfaces)

    @property
    def moment(self) -> str:
        """The moment in the archive's name: the one that was shown, or now."""
        return moment(self.data.get("at", "") if self.is_bound else "")

    @property
    def wish(self) -> MoveWish | None:
        """The move that is asked for, once the form holds all that it needs."""
        if self.wanted is None:
            return None
        return MoveWish(
            self.jail,
            self.host,
            self.wanted.addresses,
            self.wanted.public_first_reason,
            bool(self.cleaned_data.get("starts")),
            self.moment,
        )

    def _options(self, data: dict[str, Any]) -> NewJailOptions:  # noqa: ARG002  nothing of them is asked here
        return NewJailOptions()

    def with_one_more(self) -> MoveForm:
        """Return the form as it was filled in with one more row, or what its pools give; no complaint yet."""
        form = MoveForm(self.jail, self.host)
        typed: dict[str, Any] = {name: str(self.data[name]) for name in self.data}
        form.initial = {**form.initial, **typed, "starts": bool(typed.get("starts"))}
        form.rows = [*self.rows, self.blank_row] if "fill_in" not in self.data else self.rows
        return form


KEPT = ("name", "public_first", "public_first_reason", "starts", "at")


def rows_of(jail: Jail, interfaces: list[str]) -> list[AddressRow]:
    """Return the addresses that the jail has now: most likely the new ones differ in little."""
    rows = [
        AddressRow(
            number,
            address.interface if address.interface in interfaces else "",
            address.address,
            "" if address.prefix is None else str(address.prefix),
        )
        for number, address in enumerate(jail.addresses.all())
    ]
    return rows or [AddressRow(0)]
