"""What is asked before a jail is restored."""

from __future__ import annotations

from django import forms

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailAddresses, JailName


class RestoreForm(forms.Form):
    """The name and the addresses of a restored jail."""

    name = forms.CharField(label="Name", max_length=63)
    addresses = forms.CharField(
        label="Addresses",
        max_length=4000,
        help_text="As ezjail writes them, with commas between: lo1|10.0.0.2/24,em0|2001:db8::5/64",
    )

    def clean_name(self) -> JailName:
        """Return the name."""
        try:
            return JailName.parse(self.cleaned_data["name"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error

    def clean_addresses(self) -> JailAddresses:
        """Return the addresses."""
        try:
            return JailAddresses.parse(self.cleaned_data["addresses"].replace(" ", ""))
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
