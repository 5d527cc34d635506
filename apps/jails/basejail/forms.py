"""Forms for the basejail: from text to values, with each complaint next to its field."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Mirror, Release
from apps.hosts.models import Host
from apps.jails.basejail.plans import InstallWish
from apps.jails.basejail.services import parsed_mirror
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
        help_text="With portsnap up to FreeBSD 13; later from the release's own ports set.",
    )
    brings = forms.ChoiceField(
        label="Who fetches the sets",
        required=False,
        choices=[("", "The host, over HTTPS"), ("panel", "The panel, and brings them to the host")],
        help_text="Either way each file is compared with the release's MANIFEST before ezjail gets it.",
    )
    mirror = forms.CharField(
        label="Another mirror",
        required=False,
        max_length=200,
        help_text="Empty for the panel's own. Below it lie releases/amd64/amd64/13.2-RELEASE/ and the like.",
        widget=forms.TextInput(attrs=_PLAIN | {"placeholder": "https://"}),
    )

    def __init__(self, host: Host, data: QueryDict | None = None) -> None:
        self.host_release = host_release(host)
        self.notes: list[str] = []
        self.pending = ""
        super().__init__(data, initial={"release": self.host_release.name})

    @property
    def wish(self) -> InstallWish:
        """What is asked for; of the untouched form the host's own release, nothing more."""
        if not self.is_bound:
            return InstallWish(self.host_release)
        data = self.cleaned_data
        return InstallWish(
            data["release"],
            sources=data["sources"],
            ports=data["ports"],
            mirror=data["mirror"],
            brings=data["brings"] == "panel",
        )

    def clean_release(self) -> Release:
        """Parse the release."""
        try:
            return Release.parse(self.cleaned_data["release"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error

    def clean_mirror(self) -> Mirror | None:
        """Parse the mirror."""
        try:
            return parsed_mirror(self.cleaned_data["mirror"].strip())
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
