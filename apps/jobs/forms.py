"""Forms about approvals: a policy, and why a job is rejected."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.jobs.approvals import MOST_REASON
from apps.jobs.models import ApprovalPolicy
from apps.jobs.policies import MOST_HOURS, Rule, group_model
from apps.jobs.ports import job_kinds


class PolicyForm(forms.Form):
    """Which hosts, which kind of change, and for how long an approval is waited for and valid."""

    group = forms.ModelChoiceField(
        label="Hosts",
        queryset=ApprovalPolicy.objects.none(),
        required=False,
        empty_label="Every host",
        help_text="Every host, or those of a group.",
        # The warning about too few approvers is about the group that is chosen.
        widget=forms.Select(attrs={"hx-get": "", "hx-target": "#policy-warning", "hx-trigger": "change"}),
    )
    kind = forms.ChoiceField(label="Kind of change", required=False)
    valid_h = forms.IntegerField(
        label="Runs out after (hours)",
        min_value=1,
        max_value=MOST_HOURS,
        initial=24,
        help_text="A job waits so long for its approval, and an approval is good for so long.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group: Any = self.fields["group"]
        group.queryset = group_model()._default_manager.order_by("name")  # noqa: SLF001  its public name is per model
        kind: Any = self.fields["kind"]
        kind.choices = [("", "Every kind of change"), *((kind.name, kind.label) for kind in job_kinds())]

    @classmethod
    def about(cls, policy: ApprovalPolicy) -> PolicyForm:
        """Return the form as a policy fills it in."""
        return cls(initial={"group": policy.group_id, "kind": policy.kind, "valid_h": policy.valid_h})

    @property
    def rule(self) -> Rule:
        """What was filled in."""
        group = self.cleaned_data["group"]
        return Rule(group.pk if group else None, self.cleaned_data["kind"], self.cleaned_data["valid_h"])


class RejectForm(forms.Form):
    """Why a job is rejected."""

    reason = forms.CharField(
        label="Why",
        max_length=MOST_REASON,
        help_text="The one who asked reads it on the job's page; it stays in the record.",
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
