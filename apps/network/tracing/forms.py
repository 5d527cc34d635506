"""The form of one more packet."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.packet import From, World
from apps.network.tracing.spelling import FLAGS, WITH_PORTS, read_packet

_PROTOS = ("tcp", "udp", "icmp", "ipv6-icmp", "sctp", "gre", "esp")
_MONO = {"spellcheck": "false", "autocomplete": "off", "class": "font-monospace"}
_KINDS = (
    ("", "none"), ("syn", "syn: opens a connection"), ("syn,ack", "syn,ack"), ("ack", "ack: goes on"),
    ("fin,ack", "fin,ack: ends it"), ("rst", "rst: breaks it off"),
)  # fmt: skip


class PacketForm(forms.Form):
    """Who sends it, its protocol, addresses and ports."""

    sender = forms.ChoiceField(label="Sent by")
    proto = forms.ChoiceField(label="Protocol", choices=[(name, name) for name in _PROTOS])
    src = forms.GenericIPAddressField(
        label="From", required=False, help_text="Empty: what the sender has.", widget=forms.TextInput(_MONO)
    )
    sport = forms.IntegerField(label="Port", required=False, min_value=1, max_value=65535)
    dst = forms.GenericIPAddressField(label="To", widget=forms.TextInput(_MONO))
    dport = forms.IntegerField(label="Port", required=False, min_value=1, max_value=65535)
    flags = forms.ChoiceField(label="TCP flags", required=False, choices=_KINDS)
    icmp_type = forms.IntegerField(label="ICMP type", required=False, min_value=0, max_value=255)

    def __init__(self, world: World, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sender: Any = self.fields["sender"]
        sender.choices = [
            (str(From.OUTSIDE), "someone outside"), (str(From.HOST), "the host"),
            *((f"{From.JAIL}:{jail.name}", f"jail {jail.name}") for jail in world.jails),
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Read it as the words would be read."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data["sender"] == From.OUTSIDE and not data["src"]:
            self.add_error("src", "Someone outside has an address: say which.")
            return data
        try:
            read_packet(self.spelled)
        except InvalidInput as error:
            self.add_error(None, error.message)
        return data

    @property
    def spelled(self) -> str:
        """The packet in words."""
        data = self.cleaned_data
        ports = data["proto"] in WITH_PORTS
        source = [_end(data["src"], data["sport"] if ports else None)] if data["src"] else []
        words = [data["sender"], data["proto"], *source, _end(data["dst"], data["dport"] if ports else None)]
        if data["flags"] and data["proto"] == "tcp" and set(data["flags"].split(",")) <= set(FLAGS):
            words.append(data["flags"])
        if data["sport"] and ports and not data["src"]:
            words.append(f"sport={data['sport']}")
        if data["icmp_type"] is not None and "icmp" in data["proto"]:
            words.append(f"type={data['icmp_type']}")
        return " ".join(words)


def _end(address: str, port: int | None) -> str:
    shown = f"[{address}]" if ":" in address else address
    return f"{shown}:{port}" if port else shown
