"""Forms of pools: from text to values, with each complaint at its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django import forms

from apps.accounts.actor import Actor
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import InterfaceName, IpNetwork, is_private
from apps.hosts.models import Host, HostGroup
from apps.network.models import AddressPool
from apps.network.pools.numbers import parse_network
from apps.network.pools.queries import groups_for, hosts_for
from apps.network.pools.services import PoolWish

T = TypeVar("T")

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_MONO = _PLAIN | {"class": "font-monospace"}
KINDS = (("", "As its addresses say"), ("private", "Private"), ("public", "Public"))


class PoolForm(forms.Form):
    """A pool: its name, network, where it is used and by which hosts."""

    name = forms.CharField(
        label="Name", max_length=63, widget=forms.TextInput(attrs=_PLAIN | {"placeholder": "Jails of alpha"})
    )
    network = forms.CharField(
        label="Network",
        max_length=49,
        help_text="Such as 10.0.0.0/24 or fd00:0:0:1::/64. Jails get addresses with its prefix.",
        widget=forms.TextInput(attrs=_MONO | {"placeholder": "10.0.0.0/24"}),
    )
    interface = forms.CharField(
        label="Interface",
        max_length=15,
        help_text="Where they go on the host: lo1 for private ones, or one that leads out, such as em0.",
        widget=forms.TextInput(attrs=_MONO | {"placeholder": "lo1"}),
    )
    hosts = forms.ChoiceField(label="For", help_text="Jails of these hosts get its addresses.")
    kind = forms.ChoiceField(
        label="Reachable",
        choices=KINDS,
        required=False,
        help_text="Public addresses can be reached from outside; a jail's first one should be private.",
    )
    gateway = forms.CharField(
        label="Gateway",
        max_length=45,
        required=False,
        help_text="Never given to a jail. Leave it empty where there is none, as on a loopback interface.",
        widget=forms.TextInput(attrs=_MONO),
    )
    note = forms.CharField(label="Note", max_length=200, required=False, widget=forms.TextInput(attrs=_PLAIN))

    def __init__(self, actor: Actor, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.groups = {str(group.pk): group for group in groups_for(actor)}
        self.known = {str(host.pk): host for host in hosts_for(actor)}
        choices: list[tuple[str, Any]] = [("all", "Every host")]
        if self.groups:
            choices.append(("Groups", [(f"group:{key}", group.name) for key, group in self.groups.items()]))
        choices.append(("Hosts", [(f"host:{key}", host.name) for key, host in self.known.items()]))
        self.fields["hosts"].choices = choices  # type: ignore[attr-defined]

    @classmethod
    def about(cls, actor: Actor, pool: AddressPool) -> PoolForm:
        """Return the form as it stands for a pool that is there."""
        hosts = (
            f"host:{pool.host_id}" if pool.host_id else f"group:{pool.group_id}" if pool.group_id else "all"
        )
        return cls(
            actor,
            initial={
                "name": pool.name,
                "network": pool.network,
                "interface": pool.interface,
                "hosts": hosts,
                "kind": "private" if pool.is_private else "public",
                "gateway": pool.gateway,
                "note": pool.note,
            },
        )

    def clean_network(self) -> IpNetwork:
        """Parse the network."""
        return _parsed(parse_network, self.cleaned_data["network"])

    def clean_interface(self) -> InterfaceName:
        """Parse the interface's name."""
        return _parsed(InterfaceName.parse, self.cleaned_data["interface"].strip())

    def clean_hosts(self) -> tuple[Host | None, HostGroup | None]:
        """Look up what the pool is for."""
        kind, _, key = self.cleaned_data["hosts"].partition(":")
        return (self.known.get(key), None) if kind == "host" else (None, self.groups.get(key))

    @property
    def wish(self) -> PoolWish:
        """What a valid form asks for."""
        data = self.cleaned_data
        host, group = data["hosts"]
        network: IpNetwork = data["network"]
        private = (
            data["kind"] == "private" if data["kind"] else is_private(network[0]) and is_private(network[-1])
        )
        return PoolWish(
            data["name"],
            network,
            data["interface"],
            private,
            data["gateway"].strip(),
            host,
            group,
            data["note"],
        )


class RangeForm(forms.Form):
    """Addresses that are not given out."""

    first = forms.CharField(label="From", max_length=45, widget=forms.TextInput(attrs=_MONO))
    last = forms.CharField(
        label="To", max_length=45, required=False, widget=forms.TextInput(attrs=_MONO),
        help_text="Empty for one address alone.",
    )  # fmt: skip
    note = forms.CharField(
        label="What for", max_length=200, required=False, widget=forms.TextInput(attrs=_PLAIN)
    )


class KeepForm(forms.Form):
    """An address that is kept by hand."""

    address = forms.CharField(label="Address", max_length=45, widget=forms.TextInput(attrs=_MONO))
    note = forms.CharField(
        label="Keep for", max_length=200,
        widget=forms.TextInput(attrs=_PLAIN | {"placeholder": "the printer on the second floor"}),
    )  # fmt: skip


def chosen(text: str) -> UUID | None:
    """Return the id of a host in an address, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _parsed(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except InvalidInput as error:
        raise forms.ValidationError(error.message) from error
