"""Forms of NAT instances and port forwards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from apps.freebsd.firewall.nat_config import HIGHEST_NAT
from apps.hosts.models import Host
from apps.network.host_inputs import inputs_of
from apps.network.models import NatInstance, PortForward
from apps.network.nat.conflicts import port_ends
from apps.network.nat.options import FIRST_NUMBER, MEANINGS, USUAL
from apps.network.nat.queries import jail_addresses, next_number
from apps.network.nat.services import ForwardWish, NatWish
from apps.network.rulesets.values import interfaces_of, proposal

_MONO = {"spellcheck": "false", "autocomplete": "off", "class": "font-monospace"}
_KINDS = (
    ("port", "A port or a range of ports (redirect_port)"),
    ("addr", "A whole public address (redirect_addr)"),
    ("proto", "A protocol without ports (redirect_proto)"),
)
_PORT_PROTOS = ("tcp", "udp", "sctp")
_PROTOS = (*_PORT_PROTOS, "gre", "esp", "ah", "icmp")
_TYPED = ""


def _ipv4(label: str, **more: Any) -> forms.GenericIPAddressField:
    return forms.GenericIPAddressField(
        label=label, protocol="IPv4", required=False, widget=forms.TextInput(dict(_MONO)), **more
    )


def _ports(label: str, help_text: str) -> forms.RegexField:
    return forms.RegexField(
        r"\A[0-9]{1,5}(-[0-9]{1,5})?\Z",
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.TextInput(dict(_MONO)),
        error_messages={"invalid": "This is a port such as 8080 or a range such as 8000-8009."},
    )


class NatForm(forms.Form):
    """Number, public address or interface, options."""

    number = forms.IntegerField(
        label="Number", min_value=1, max_value=HIGHEST_NAT, help_text="Rules name it: nat 123."
    )
    address = _ipv4("Public address", help_text="What jails look like outside. Or choose an interface below.")
    interface = forms.ChoiceField(
        label="Or the address of an interface",
        required=False,
        help_text="Its first IPv4 address, whatever that becomes: right where DHCP gives it.",
    )
    options = forms.MultipleChoiceField(
        label="Options",
        required=False,
        choices=[(word, f"{word}: {said}") for word, said in MEANINGS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    networks = forms.MultipleChoiceField(
        label="Networks that leave by it",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label="Note", required=False, max_length=80)

    def __init__(self, host: Host, row: NatInstance | None, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=_first(host, row))
        names = [name for name in interfaces_of(host) if not name.startswith("lo")]
        extra = [row.interface] if row and row.interface and row.interface not in names else []
        interface: Any = self.fields["interface"]
        interface.choices = [("", "none"), *((name, name) for name in [*names, *extra])]
        networks: Any = self.fields["networks"]
        given = row.networks if row else []
        networks.choices = [(net, net) for net in dict.fromkeys([*inputs_of(host).translated, *given])]
        networks.help_text = "Those that no instance has leave by the one with the lowest number."
        if not networks.choices:
            del self.fields["networks"]

    def clean(self) -> dict[str, Any]:
        """Have either an address or an interface."""
        data = super().clean() or {}
        if not self.errors and bool(data["address"]) == bool(data["interface"]):
            self.add_error("address", "Say either an address or an interface.")
        return data

    @property
    def wish(self) -> NatWish:
        """What was filled in."""
        data = self.cleaned_data
        return NatWish(
            number=data["number"],
            address=data["address"] or "",
            interface=data["interface"],
            options=tuple(data["options"]),
            networks=tuple(data.get("networks", ())),
            note=data["note"],
        )


def _first(host: Host, row: NatInstance | None) -> dict[str, Any]:
    if row is not None:
        return {
            "number": row.number, "address": row.address, "interface": row.interface, "options": row.options,
            "networks": row.networks, "note": row.note,
        }  # fmt: skip
    taken = set(NatInstance.objects.filter(host=host).values_list("address", flat=True))
    public = (text for text in proposal(host).public_addresses if ":" not in text and text not in taken)
    number = next_number(host, FIRST_NUMBER)
    return {"number": number, "address": next(public, ""), "options": list(USUAL)}


class ForwardForm(forms.Form):
    """What comes in, and the jail that it is for."""

    kind = forms.ChoiceField(label="What is led in", choices=_KINDS, initial="port")
    proto = forms.ChoiceField(label="Protocol", choices=[(name, name) for name in _PROTOS], required=False)
    public_ports = _ports("Public port", "8080, or a range: 8000-8009.")
    public_address = _ipv4(
        "Public address", help_text="Empty: every address of the instance. A whole address has to be said."
    )
    target = forms.ChoiceField(label="Leads to", required=False)
    local_address = forms.RegexField(
        r"\A[0-9.]{7,15}(,[0-9.]{7,15}){0,15}\Z",
        label="Or this address",
        required=False,
        help_text="Where none of the jails above is meant. Several, with commas between them, take turns.",
        widget=forms.TextInput(dict(_MONO)),
        error_messages={"invalid": "This is an address such as 10.0.0.2, or several: 10.0.0.2,10.0.0.3."},
    )
    local_ports = _ports(
        "Port there", "Empty: the same as outside. A range has to be as long as the one outside."
    )
    remote = _ipv4("Only from", help_text="One address outside; empty: from anyone.")
    note = forms.CharField(label="Note", required=False, max_length=80)

    def __init__(self, host: Host, row: PortForward | None, data: QueryDict | None = None) -> None:
        jails = jail_addresses(host)
        super().__init__(data, initial=_first_forward(row, [one.key for one in jails]))
        target: Any = self.fields["target"]
        target.choices = [(one.key, f"{one.jail} ({one.address})") for one in jails] + [
            (_TYPED, "another address")
        ]

    def clean(self) -> dict[str, Any]:
        """Have what each kind needs."""
        data = super().clean() or {}
        if self.errors:
            return data
        self._check_target(data)
        check = {"port": self._check_ports, "addr": self._check_address, "proto": self._check_proto}
        check[data["kind"]](data)
        return data

    def _check_target(self, data: dict[str, Any]) -> None:
        if bool(data["target"]) == bool(data["local_address"]):
            name = "local_address" if data["local_address"] else "target"
            self.add_error(name, "Choose a jail, or say another address; not both.")

    def _check_ports(self, data: dict[str, Any]) -> None:
        if data["proto"] not in _PORT_PROTOS:
            self.add_error("proto", "Ports are of tcp, udp or sctp.")
        if not data["public_ports"]:
            self.add_error("public_ports", "Say which port comes in.")
            return
        data["local_ports"] = data["local_ports"] or data["public_ports"]
        for name in ("public_ports", "local_ports"):
            first, last = port_ends(data[name])
            if not 1 <= first <= last <= 65535:
                self.add_error(name, "A port is 1 to 65535, and a range goes from the lower to the higher.")
        if not self.errors and _size(data["public_ports"]) != _size(data["local_ports"]):
            public, local = _size(data["public_ports"]), _size(data["local_ports"])
            self.add_error(
                "local_ports", f"Outside there are {public} ports, here {local}: ranges have to be as long."
            )

    def _check_address(self, data: dict[str, Any]) -> None:
        if not data["public_address"]:
            self.add_error("public_address", "Say which address the jail gets.")
        if data["remote"]:
            self.add_error("remote", "A whole address cannot be for one sender alone.")

    def _check_proto(self, data: dict[str, Any]) -> None:
        if data["proto"] in _PORT_PROTOS:
            self.add_error("proto", "Lead in its ports instead.")
        if data["remote"] and not data["public_address"]:
            self.add_error("public_address", "With “only from” the public address has to be said.")

    @property
    def wish(self) -> ForwardWish:
        """What was filled in, without what its kind does not have."""
        data = self.cleaned_data
        jail, _, address = data["target"].rpartition("|")
        has_ports = data["kind"] == "port"
        return ForwardWish(
            kind=data["kind"],
            proto="" if data["kind"] == "addr" else data["proto"],
            local_address=address or data["local_address"],
            public_ports=data["public_ports"] if has_ports else "",
            local_ports=data["local_ports"] if has_ports else "",
            public_address=data["public_address"] or "",
            jail=jail,
            remote=data["remote"] or "",
            note=data["note"],
        )


def _size(ports: str) -> int:
    first, last = port_ends(ports)
    return last - first + 1


def _first_forward(row: PortForward | None, keys: list[str]) -> dict[str, Any]:
    if row is None:
        return {"kind": "port", "proto": "tcp", "target": (*keys, _TYPED)[0]}
    key = f"{row.jail}|{row.local_address}"
    names = ("kind", "proto", "public_ports", "public_address", "local_ports", "remote", "note")
    found = {name: getattr(row, name) for name in names}
    return found | (
        {"target": key} if key in keys else {"target": _TYPED, "local_address": row.local_address}
    )
