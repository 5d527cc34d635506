"""What is asked before many jails are changed: how fast, how careful, and what comes first."""

from __future__ import annotations

from django import forms

from apps.jails.bulk import SAY_SO, Bulk, BulkAgreed
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace

MOST_HOSTS, MOST_FAILURES = 100, 1000
SMALL = 2


class BulkForm(forms.Form):
    """How a batch goes through its jails.

    Args:
        bulk: What would run now.
        data: What was posted; None shows what is usual.
    """

    at_once = forms.IntegerField(
        label="Hosts at once", min_value=1, max_value=MOST_HOSTS, initial=1,
        help_text="A host works on one jail at a time.",
    )  # fmt: skip
    stop_after = forms.IntegerField(
        label="Stop after failures", min_value=0, max_value=MOST_FAILURES, initial=1,
        help_text="Then no other begins. 0: never stop.",
    )  # fmt: skip
    canary = forms.BooleanField(
        label="Canary first",
        required=False,
        help_text="The first jail alone has to succeed before any other begins.",
    )
    without = forms.BooleanField(label="Go without those that are left out", required=False)

    def __init__(self, bulk: Bulk, data: object = None) -> None:
        super().__init__(data, initial={"canary": len(bulk.parts) > SMALL})  # type: ignore[arg-type]
        if not bulk.left_out:
            del self.fields["without"]

    def clean_without(self) -> bool:
        """Insist that what is left out was seen."""
        if not self.cleaned_data["without"]:
            raise forms.ValidationError(SAY_SO)
        return True

    def agreed(self, shown: Agreed, first: int | None) -> BulkAgreed:
        """Return what the person agreed to."""
        values = self.cleaned_data
        pace = Pace(values["at_once"], values["stop_after"], values["canary"])
        return BulkAgreed(shown, pace, without=values.get("without", False), first=first)
