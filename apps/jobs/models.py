"""Jobs, their steps and what these printed. The database is the truth; Redis only carries wake-ups."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.jobs.plan import Plan


class JobState(models.TextChoices):
    """Where a job is (docs/contributors/architecture.md)."""

    AWAITING = "awaiting_approval", "awaiting approval"
    HELD = "held", "waiting for its turn in the batch"
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    LOST = "lost", "lost"
    CANCELLED = "cancelled", "cancelled"


# Nothing has run yet, and nothing will after a cancel.
WAITING_STATES = (JobState.AWAITING, JobState.HELD, JobState.QUEUED)
OPEN_STATES = (*WAITING_STATES, JobState.RUNNING)


class BatchState(models.TextChoices):
    """Where a batch is."""

    RUNNING = "running", "running"
    STOPPED = "stopped", "stopped"
    ENDED = "ended", "ended"


class Batch(models.Model):
    """One wish over many jails or hosts: jobs that are let go of one after the other (batches.py).

    `at_once` hosts work on it at a time; after `stop_after` failed jobs (0: never) the rest is cancelled;
    with `canary` the first job has to succeed before any other begins. `chained` ones are parts of one wish:
    each has to succeed before the next begins.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    state = models.CharField(max_length=16, choices=BatchState.choices, default=BatchState.RUNNING)
    outcome = models.TextField(blank=True)
    at_once = models.PositiveSmallIntegerField(default=1)
    stop_after = models.PositiveSmallIntegerField(default=1)
    canary = models.BooleanField(default=False)
    chained = models.BooleanField(default=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requester_name = models.CharField(max_length=150)
    requester_address = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="batch_state_is_known"),
            models.CheckConstraint(condition=Q(at_once__gte=1), name="batch_works_on_one_host_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    def get_absolute_url(self) -> str:
        """Return the batch's page."""
        return reverse("jobs:batch-detail", args=[self.pk])


class ApprovalPolicy(models.Model):
    """Which plans need a second person: those of a kind (empty: of any) on hosts of a group (none: on all).

    An approval, and the wait for one, runs out after `valid_h` hours.
    """

    kind = models.CharField(max_length=64, blank=True)
    group = models.ForeignKey(
        "hosts.HostGroup", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    valid_h = models.PositiveSmallIntegerField(default=24)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["group__name", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "group"], name="approval_policy_once_a_group"),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(group__isnull=True), name="approval_policy_once_for_all"
            ),
            models.CheckConstraint(
                condition=Q(valid_h__gte=1), name="approval_is_valid_for_an_hour_at_least"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'every change'} on {self.group_id or 'every host'}"


class Job(models.Model):
    """One plan to be run on one host.

    `lease_until` is renewed by the worker `lease_owner` that runs it; `fence` grows with every
    hand-over, so that a worker that was thought dead cannot write any more; `takeovers` counts the workers
    that stopped in its middle. `away_since` is set while its
    command runs on a host that does not answer: nobody works on it until `lease_until`.
    `approval_until` is set on a job that needs a second person; `approved_hash` is the plan that they saw.
    `origin` is the job that this one tries again or mends.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    subject = models.CharField(max_length=64, blank=True)
    intent = models.JSONField(default=dict)
    plan = models.JSONField()
    plan_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=JobState.choices, default=JobState.QUEUED)
    outcome = models.TextField(blank=True)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requester_name = models.CharField(max_length=150)
    requester_address = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=150, blank=True)
    lease_owner = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    takeovers = models.PositiveSmallIntegerField(default=0)
    away_since = models.DateTimeField(null=True)
    origin = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="followers")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="jobs")
    batch_position = models.PositiveIntegerField(null=True)
    approval_until = models.DateTimeField(null=True)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approver_name = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True)
    approved_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=Q(state=JobState.RUNNING), name="one_running_job_per_host"
            ),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_is_known"),
            models.UniqueConstraint(fields=["batch", "batch_position"], name="job_position_once_a_batch"),
        ]
        indexes = [
            models.Index(fields=["host", "state", "created_at"], name="job_lane"),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    def get_absolute_url(self) -> str:
        """Return the job's page."""
        return reverse("jobs:job-detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether the job may still change."""
        return self.state in OPEN_STATES

    @property
    def is_being_cancelled(self) -> bool:
        """Whether someone asked for its end and it has not come yet."""
        return self.cancel_requested_at is not None and self.is_open

    @property
    def was_taken_over(self) -> bool:
        """Whether a second worker had to go on where the first one stopped."""
        return self.takeovers > 0

    @property
    def is_waiting(self) -> bool:
        """Whether nothing of it has begun yet, but may."""
        return self.state in WAITING_STATES

    @property
    def is_waiting_for_host(self) -> bool:
        """Whether its host does not answer, so that nobody can work on it."""
        return self.state == JobState.RUNNING and self.away_since is not None

    @property
    def is_stalled(self) -> bool:
        """Whether the worker that runs it has not been heard from for longer than its lease."""
        late = self.lease_until is not None and self.lease_until < timezone.now()
        return self.state == JobState.RUNNING and late and not self.is_waiting_for_host

    @property
    def stored_plan(self) -> Plan:
        """The plan, as it was previewed."""
        return Plan.from_json(self.plan)


class StepState(models.TextChoices):
    """Where a step is."""

    PENDING = "pending", "pending"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    LOST = "lost", "lost"
    CANCELLED = "cancelled", "cancelled"
    SKIPPED = "skipped", "skipped"


OPEN_STEPS = (StepState.PENDING, StepState.RUNNING)


class Step(models.Model):
    """One command of a job; the host starts its run id at most once.

    `output_bytes` counts what the host has sent. `percent` is what the tool itself last printed of its
    progress. `may_still_run` marks one that was given up while its host was away: it is ended there before
    anything else is started.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    run_id = models.CharField(max_length=64, unique=True)
    argv = models.JSONField()
    purpose = models.TextField()
    timeout_s = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.PENDING)
    exit_status = models.IntegerField(null=True)
    output_bytes = models.PositiveBigIntegerField(default=0)
    percent = models.PositiveSmallIntegerField(null=True)
    may_still_run = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="step_position_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.position + 1} of {self.job_id}"


class OutputChunk(models.Model):
    """What a step printed from byte `offset` on, standard output and error in the order they came."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="chunks")
    offset = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["step", "offset"]
        constraints = [
            models.UniqueConstraint(fields=["step", "offset"], name="output_offset_once"),
        ]

    def __str__(self) -> str:
        return f"{len(self.data)} bytes from {self.offset} of step {self.step_id}"
