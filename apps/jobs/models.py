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

    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    LOST = "lost", "lost"
    CANCELLED = "cancelled", "cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """One plan to be run on one host.

    `lease_until` is renewed by the worker `lease_owner` that runs it; `fence` grows with every
    hand-over, so that a worker that was thought dead cannot write any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    subject = models.CharField(max_length=64, blank=True)
    intent = models.JSONField(default=dict)
    plan = models.JSONField()
    plan_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
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

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=Q(state=JobState.RUNNING), name="one_running_job_per_host"
            ),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_is_known"),
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
        return self.fence > 1

    @property
    def is_stalled(self) -> bool:
        """Whether the worker that runs it has not been heard from for longer than its lease."""
        late = self.lease_until is not None and self.lease_until < timezone.now()
        return self.state == JobState.RUNNING and late

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
    """One command of a job; the host starts its run id at most once."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    run_id = models.CharField(max_length=64, unique=True)
    argv = models.JSONField()
    purpose = models.TextField()
    timeout_s = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.PENDING)
    exit_status = models.IntegerField(null=True)
    output_bytes = models.PositiveBigIntegerField(default=0)
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
