"""Tags for jobs and their commands: `{% load jobs %}`."""

from __future__ import annotations

from typing import Any

from django import template

from apps.freebsd.commands import FileChange, PlanStep
from apps.jobs import policies
from apps.jobs.file_diff import diff_lines
from apps.jobs.models import ApprovalPolicy, Job, Step
from apps.jobs.plan import Plan
from apps.jobs.progress import Progress, progress_of
from apps.jobs.reasons import Purpose, purpose_of
from apps.jobs.second_person import SecondPerson
from apps.jobs.second_person import second_person as second_person_for

register = template.Library()


@register.filter
def progress(job: Job) -> Progress:
    """Return how far a job is; its steps have been fetched with it."""
    return progress_of(job)


@register.filter
def reasons(command: PlanStep | Step) -> Purpose:
    """Return the purpose of a command, or of a step that ran one, in pieces."""
    return purpose_of(command.purpose, command.argv)


@register.simple_tag(takes_context=True)
def second_person(context: template.Context, plan: Plan, host: Any) -> SecondPerson | None:
    """Return what a preview says of a second person; nothing where no host is named, or none is needed.

    Here and not in each view: no preview can forget it.
    """
    actor = getattr(context.get("request"), "actor", None)
    return second_person_for(actor, host.pk, plan.kind) if actor and host else None


@register.filter
def planned(job: Job, step: Step) -> PlanStep:
    """Return what the job's plan says of one of its steps."""
    return job.stored_plan.commands[step.position]


@register.inclusion_tag("jobs/_step_text.html")
def step_text(step: PlanStep) -> dict[str, Any]:
    """Show what a step of a plan does, exact to the byte: a command, or a file line by line."""
    return {"step": step, "lines": diff_lines(step) if isinstance(step, FileChange) else []}


@register.filter
def kind_label(kind: str) -> str:
    """Return what people call a kind of job."""
    return policies.kind_label(kind)


@register.filter
def warning_in(policy: ApprovalPolicy, warnings: dict[int | None, str]) -> str:
    """Return why a policy can leave jobs waiting for nobody, if it can."""
    return warnings.get(policy.group_id, "")
