"""What the end of a job means for a host's history of firewalls."""

from __future__ import annotations

from django.utils import timezone

from apps.freebsd.commands.guarded import TAKEN_BACK, is_guarded
from apps.jobs.models import Job, Step, StepState
from apps.network.firewall.plans import KIND
from apps.network.models import AppliedFirewall, AppliedState, HostFirewall


def job_ended(job: Job) -> None:
    """Note what became of the firewall that a job sent. Called in the transaction that ends the job.

    What counts is the guarded switch: once the host kept it, it is in force, whatever came after.
    """
    if job.kind != KIND:
        return
    state = state_of(next((step for step in job.steps.all() if is_guarded(step.argv)), None))
    applied = AppliedFirewall.objects.filter(job_id=job.pk).first()
    if applied is None:
        return
    AppliedFirewall.objects.filter(pk=applied.pk).update(state=state, ended_at=timezone.now())
    if state == AppliedState.KEPT:
        HostFirewall.objects.filter(host_id=job.host_id).update(kept=applied.content, differs_since=None)


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
