"""Forms for the basejail: from text to values, with each complaint next to its field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.jails.queries import host_release

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class BasejailForm(forms.Form):
    """Which release to install, with ports and sources or not."""

    release = forms.CharField(
        label="Release",
        max_length=32,
        help_text="As mirrors call it, for example 13.2-RELEASE. No newer than the host's own.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    sources = forms.BooleanField(
        label="With sources",
        required=False,
        help_text="Also fetch the src set into /usr/src of the basejail.",
    )
    ports = forms.BooleanField(
        label="With the ports tree",
        required=False,
        help_text="Also fetch the ports tree with portsnap. FreeBSD 14 and later have no portsnap.",
    )

    def __init__(self, host: Host, data: QueryDict | None = None) -> None:
        self.host_release = host_release(host)
        self.notes: list[str] = []
        super().__init__(data, initial={"release": self.host_release.name})

    def first_values(self) -> dict[str, Any]:
        """Return what the untouched form stands for: the host's own release, nothing more."""
        return {"release": self.host_release, "sources": False, "ports": False}

    def clean_release(self) -> Release:
        """Parse the release."""
        try:
            return Release.parse(self.cleaned_data["release"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
