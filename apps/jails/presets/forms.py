"""The form of a preset: the folded part of a new jail's form, without what belongs to one host."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.actor import Actor
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName
from apps.hosts.models import HostGroup
from apps.jails.models import JailPreset
from apps.jails.options_form import OPTION_FIELDS, OptionsForm
from apps.jails.presets.queries import groups_for
from apps.jails.presets.services import Wish

_OF_ONE_HOST = ("more_flavours", "archive", "root")
CHOICES = tuple(name for name in OPTION_FIELDS if name not in _OF_ONE_HOST)
_ANY_DATASET = "zroot/ezjail"  # where none is typed, each host has its own


class PresetForm(OptionsForm):
    """Name, hosts, flavours, and the options of a new jail."""

    name = forms.CharField(label="Name", max_length=63, widget=forms.TextInput(attrs={"autofocus": True}))
    group = forms.ModelChoiceField(
        label="Hosts",
        queryset=HostGroup.objects.none(),
        required=False,
        empty_label="Every host",
        help_text="Every host, or those of a group.",
    )
    flavours = forms.CharField(
        label="Flavours",
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="In order, with blanks between them. A host that lacks one says so when a jail is made.",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _OF_ONE_HOST:
            del self.fields[name]
        group: Any = self.fields["group"]
        group.queryset = groups_for(actor)
        storage: Any = self.fields["storage"]
        storage.choices = [("", "As each host's ezjail.conf says"), *storage.choices[1:]]

    @classmethod
    def about(cls, actor: Actor, preset: JailPreset) -> PresetForm:
        """Return the form as a preset fills it in."""
        choices = dict(preset.choices)
        words = [choices.pop("flavour", ""), *choices.pop("more_flavours", [])]
        first = {"name": preset.name, "group": preset.group_id, "flavours": " ".join(filter(None, words))}
        return cls(actor, initial={**choices, **first})

    @property
    def wish(self) -> Wish:
        """What was filled in."""
        data = self.cleaned_data
        names = data["flavours"].split()
        choices = {name: data[name] for name in CHOICES if data[name]}
        if names:
            choices |= {"flavour": names[0], "more_flavours": names[1:]}
        choices["clean_stop"] = data["clean_stop"]
        return Wish(data["name"], data["group"], choices)

    def clean_flavours(self) -> str:
        """Check each name."""
        names: list[str] = self.cleaned_data["flavours"].split()
        try:
            parsed = [str(FlavourName.parse(name)) for name in names]
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
        if len(set(parsed)) < len(parsed):
            raise forms.ValidationError("A flavour stands here twice.")
        return " ".join(parsed)

    def clean(self) -> dict[str, Any]:
        """Check the options by themselves; what a host makes of them shows when a jail is made."""
        data = super().clean() or {}
        try:
            self.options(_ANY_DATASET)
        except InvalidInput as error:
            named = error.field if error.field in self.fields else None
            if named is None or not self.has_error(named):
                self.add_error(named, error.message)
        return data
