"""Forms of flavours: a new one, and a text file of one."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.hosts.models import Host
from apps.jails.flavours.queries import LARGEST_BYTES, freezable_jails
from apps.jails.queries import host_flavours

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class NewFlavourForm(forms.Form):
    """A name, and what the new flavour is made of."""

    name = forms.CharField(
        label="Name",
        max_length=63,
        help_text="Letters, digits, dots, dashes and underscores.",
        widget=forms.TextInput(attrs=_PLAIN | {"autofocus": True}),
    )
    source = forms.ChoiceField(
        label="Made of",
        help_text="A jail can be frozen that is on ZFS and kept a snapshot when it was created (ezjail's "
        "option -k): the flavour then holds what the jail has changed since.",
    )

    def __init__(self, host: Host, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[Any] = [("empty", "Nothing: an empty flavour")]
        if names := host_flavours(host):
            choices.append(("A copy of", [(f"flavour:{name}", name) for name in names]))
        if jails := freezable_jails(host):
            choices.append(
                ("Frozen from the jail", [(f"jail:{jail.safe_name}", jail.name) for jail in jails])
            )
        cast("forms.ChoiceField", self.fields["source"]).choices = choices

    def clean_name(self) -> FlavourName:
        """Return the name as a value."""
        try:
            return FlavourName.parse(self.cleaned_data["name"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error


class FileForm(forms.Form):
    """A text file: its path, which is asked for a new one only, and its text."""

    path = forms.CharField(
        label="Path",
        max_length=255,
        help_text="Below the flavour, as in usr/local/etc/sudoers. Directories are made.",
        widget=forms.TextInput(attrs=_PLAIN | {"autofocus": True, "class": "font-monospace"}),
    )
    content = forms.CharField(
        label="Text",
        required=False,
        help_text="What is written is kept with the job, for all who see jobs of this host: no passwords.",
        strip=False,
        max_length=LARGEST_BYTES,
        widget=forms.Textarea(
            attrs=_PLAIN | {"rows": 22, "class": "font-monospace file-edit", "wrap": "off"}
        ),
    )

    def clean_path(self) -> FlavourPath:
        """Return the path as a value."""
        try:
            return FlavourPath.parse(self.cleaned_data["path"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error

    def clean_content(self) -> str:
        """Return the text as the host has it: a browser sends CR LF for each line's end."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")
