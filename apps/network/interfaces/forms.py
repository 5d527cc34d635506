"""The form for an address of the host's own."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.freebsd.commands.host_setup import is_plain
from apps.freebsd.errors import InvalidInput, PanelError
from apps.hosts.models import Host
from apps.jobs.plan import Plan
from apps.network.interfaces.plans import address_plan
from apps.network.interfaces.rules import IpInterface, parse

_MONO = {
    "autocomplete": "off",
    "spellcheck": "false",
    "autocapitalize": "none",
    "class": "font-monospace",
    "placeholder": "10.0.0.1/24",
}


class AddressForm(forms.Form):
    """Where the host gets which address.

    Args:
        host: The host.
        data: What was typed.
        initial: What a hint proposes.
    """

    interface = forms.ChoiceField(label="Interface", help_text="Where its jails of that subnet have theirs.")
    address = forms.CharField(
        label="The host’s address there",
        max_length=50,
        help_text="With its prefix length. No jail gets it then: a pool that has it keeps it for the host.",
        widget=forms.TextInput(attrs=_MONO),
    )

    def __init__(self, host: Host, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.host = host
        self.plan: Plan | None = None
        names = [str(one["name"]) for one in host.facts.get("interfaces") or []]
        names = sorted(filter(is_plain, names), key=lambda name: (not name.startswith("lo"), name == "lo0"))
        self.fields["interface"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_address(self) -> IpInterface:
        """Read the address."""
        try:
            return parse(self.cleaned_data["address"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        """Ask the rules, and make the plan."""
        data = super().clean() or {}
        if not self.errors:
            try:
                self.plan = address_plan(self.host, data["interface"], data["address"])
            except PanelError as error:
                self.complain(error)
        return data

    def complain(self, error: PanelError) -> None:
        """Put a complaint next to its field, or above the form."""
        name = getattr(error, "field", None)
        self.add_error(name if name in self.fields else None, error.message)
