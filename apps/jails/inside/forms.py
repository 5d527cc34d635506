"""Forms of a jail's inside: packages by name, and a one-off command."""

from __future__ import annotations

from django import forms

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class PackagesForm(forms.Form):
    """Names of packages, with blanks between."""

    names = forms.CharField(
        label="Packages",
        required=False,
        max_length=2000,
        help_text="Names with blanks between, as in nginx ca_root_nss.",
        widget=forms.TextInput(attrs=_PLAIN | {"autofocus": True, "class": "font-monospace"}),
    )

    @property
    def words(self) -> tuple[str, ...]:
        """The names as they were typed."""
        return tuple(self.cleaned_data["names"].split())


class CommandForm(forms.Form):
    """A program and its arguments, as one would type them."""

    line = forms.CharField(
        label="Command",
        max_length=8000,
        help_text="A program and its arguments, as in /usr/bin/du -sh /var/log. Words are split at blanks; "
        "quotes keep words together. Nothing else is read into it: no shell runs.",
        widget=forms.TextInput(attrs=_PLAIN | {"autofocus": True, "class": "font-monospace"}),
    )
