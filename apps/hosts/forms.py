"""Forms with which a host is added, a group is named, and a host put into one."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from django import forms

from apps.hosts.models import ChannelKind, HostGroup

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class HostAddForm(forms.Form):
    """Name, channel, address, port and user of a new host."""

    name = forms.CharField(
        label="Name",
        max_length=63,
        help_text="What people here call the machine: letters, digits, dots and dashes.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )
    channel = forms.ChoiceField(label="Reached by", choices=ChannelKind.choices, initial=ChannelKind.SSH)
    address = forms.CharField(
        label="Address",
        required=False,
        max_length=253,
        help_text="Host name or IP address of its SSH server. Not needed for this machine itself.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    port = forms.IntegerField(label="Port", min_value=1, max_value=65535, initial=22, required=False)
    user = forms.CharField(
        label="User",
        max_length=32,
        initial="root",
        required=False,
        help_text="Whom the panel signs in as; the key it uses can run nothing but the agent.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    group = forms.ModelChoiceField(
        label="Group",
        queryset=HostGroup.objects.order_by("name"),
        required=False,
        empty_label="In no group",
        help_text="Policies and schedules can be about a group. It can be changed later.",
    )

    def clean_name(self) -> str:
        """Accept what can stand in a URL, a log line and a shell without harm."""
        name: str = self.cleaned_data["name"]
        if not _NAME.fullmatch(name):
            raise forms.ValidationError("Use letters, digits, dots and dashes; begin with a letter or digit.")
        return name

    def clean_address(self) -> str:
        """Accept an IP address or a host name in its one spelling, nothing that could be an option."""
        address: str = self.cleaned_data["address"]
        if ip := _ip(address):
            return ip
        if address and not _HOST_NAME.fullmatch(address):
            raise forms.ValidationError("This is neither a host name nor an IP address.")
        return address.lower().removesuffix(".")

    def clean_user(self) -> str:
        """Accept a FreeBSD user name."""
        user: str = self.cleaned_data["user"] or "root"
        if not _USER.fullmatch(user):
            raise forms.ValidationError("This is no FreeBSD user name.")
        return user

    def clean_port(self) -> int:
        """Fill in SSH's own port."""
        return self.cleaned_data["port"] or 22

    def clean(self) -> dict[str, Any]:
        """Ask for an address where there is a line to it."""
        data = super().clean() or {}
        over_ssh = data.get("channel") == ChannelKind.SSH
        if over_ssh and not data.get("address") and "address" not in self.errors:
            self.add_error("address", "Say where its SSH server is.")
        return data


class GroupForm(forms.Form):
    """What a group of hosts is called; the service says what a name may be."""

    name = forms.CharField(
        label="Name",
        max_length=63,
        help_text="Policies name it: production, customers, staging.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )


class HostGroupForm(forms.Form):
    """Which group a host is in."""

    group = forms.ModelChoiceField(
        label="Group", queryset=HostGroup.objects.order_by("name"), required=False, empty_label="In no group"
    )


def _ip(text: str) -> str:
    """Return the address in its shortest form, or nothing when it is none."""
    try:
        return "" if "%" in text else str(ip_address(text))
    except ValueError:
        return ""
