"""What the end of a job means for a host's history of firewalls."""

from __future__ import annotations

from contextlib import suppress

from django.utils import timezone

from apps.freebsd.commands.guarded import TAKEN_BACK, is_guarded
from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.codec import from_json
from apps.jobs.models import Job, Step, StepState
from apps.network.firewall.drift import in_force
from apps.network.firewall.observed import live_of
from apps.network.firewall.plans import KIND
from apps.network.models import AppliedFirewall, AppliedState, HostFirewall


def job_ended(job: Job) -> None:
    """Note what became of the firewall that a job sent. Called in the transaction that ends the job.

    What counts is the guarded switch: once the host kept it, it is in force, whatever came after. Of one that
    the host lost, the look after it tells.
    """
    if job.kind != KIND:
        return
    applied = AppliedFirewall.objects.filter(job_id=job.pk).first()
    if applied is None:
        return
    switch = next((step for step in job.steps.all() if is_guarded(step.argv)), None)
    state = state_of(switch)
    if switch and switch.state == StepState.LOST and _is_there(applied, switch):
        state = AppliedState.UNCONFIRMED
    AppliedFirewall.objects.filter(pk=applied.pk).update(state=state, ended_at=timezone.now())
    if state in (AppliedState.KEPT, AppliedState.UNCONFIRMED):  # the panel put it there, and nobody's hand
        HostFirewall.objects.filter(host_id=job.host_id).update(kept=applied.content, differs_since=None)


def _is_there(applied: AppliedFirewall, switch: Step) -> bool:
    """Whether a look after the switch began has seen the rules that were sent.

    NAT and tables come before them; instances that nobody wants go afterwards.
    """
    row = HostFirewall.objects.filter(host_id=applied.host_id).first()
    with suppress(ParseError):
        live = live_of(row)
        is_new = row and row.observed_at and switch.started_at and row.observed_at >= switch.started_at
        sent = in_force(from_json(applied.content["firewall"]))
        return bool(live and is_new and sent.rules == in_force(live.firewall).rules)
    return False


def state_of(switch: Step | None) -> AppliedState:
    """Return what became of a firewall, by the step that put it in force."""
    if switch is None:
        return AppliedState.FAILED
    if switch.state == StepState.SUCCEEDED:
        return AppliedState.KEPT
    was_cancelled = switch.state == StepState.CANCELLED and switch.started_at is not None
    return (
        AppliedState.TAKEN_BACK if was_cancelled or switch.exit_status == TAKEN_BACK else AppliedState.FAILED
    )
