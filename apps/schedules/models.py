"""Schedules: what is done when, on what and with whose rights, and what the last time came to."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.hosts.models import Host, HostGroup
from apps.jobs.models import Batch, Job
from apps.schedules.when import Timing

# A run that has said nothing for so long was cut off: the next one may begin.
RUN_BOUND = timedelta(minutes=30)


class Target(models.TextChoices):
    """What a schedule is about."""

    ALL = "all", "all hosts"
    GROUP = "group", "a group of hosts"
    HOST = "host", "one host"
    JAIL = "jail", "one jail"
    PANEL = "panel", "the panel itself"


class RunState(models.TextChoices):
    """What the last run came to."""

    NEVER = "", "has not run yet"
    RAN = "ran", "ran"
    FAILED = "failed", "failed"
    SKIPPED = "skipped", "skipped"


class Schedule(models.Model):
    """Something that is done again and again, with the rights that its owner holds at that moment.

    `task` holds when, and whether at all; beat reads it there (beat.py). `last_due_at` is the moment that was
    taken care of last: each is taken by one run only, however often it is woken. `asked_at` is set while
    someone waits for a run out of turn; `running_since` while one is at work, and `run_token` names it, so
    that one that was given up writes nothing more. `skips` counts the runs left out in a row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=64)
    target = models.CharField(max_length=8, choices=Target.choices)
    host = models.ForeignKey(Host, on_delete=models.CASCADE, null=True, blank=True, related_name="schedules")
    group = models.ForeignKey(HostGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    jail = models.CharField(max_length=255, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    owner_name = models.CharField(max_length=150)
    task = models.OneToOneField(PeriodicTask, on_delete=models.CASCADE, related_name="schedule_row")
    created_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True)
    last_due_at = models.DateTimeField(null=True)
    running_since = models.DateTimeField(null=True)
    run_token = models.UUIDField(null=True)
    last_started_at = models.DateTimeField(null=True)
    last_ended_at = models.DateTimeField(null=True)
    last_state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.NEVER, blank=True)
    last_message = models.TextField(blank=True)
    last_job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    last_batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, related_name="+")
    skips = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(target__in=Target.values), name="schedule_target_is_known"),
            models.CheckConstraint(
                condition=Q(target__in=("host", "jail"), host__isnull=False)
                | Q(target__in=("all", "group", "panel"), host__isnull=True),
                name="schedule_names_its_host",
            ),
            models.CheckConstraint(
                condition=Q(target="jail") ^ Q(jail=""), name="schedule_names_a_jail_when_it_is_about_one"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return its page."""
        return reverse("schedules:schedule-detail", args=[self.pk])

    @property
    def line(self) -> str:
        """Its cron line."""
        row = self.task.crontab
        fields = (row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week) if row else ()
        return " ".join(fields)

    @property
    def timing(self) -> Timing:
        """When it is due."""
        return Timing.parse(self.line)

    @property
    def is_enabled(self) -> bool:
        """Whether it runs by itself."""
        return bool(self.task.enabled)

    @property
    def counts_from(self) -> datetime:
        """The moment up to which nothing is due: it was taken care of, or was before the last change."""
        began = self.task.start_time or self.created_at
        return max(began, self.last_due_at or began)

    def next_due(self, now: datetime | None = None) -> datetime | None:
        """Return when it is due next, in UTC; None while it is switched off."""
        return self.timing.next_after(now or timezone.now()) if self.is_enabled else None

    @property
    def is_at_work(self) -> bool:
        """Whether a run is on; one that was cut off is not."""
        return self.running_since is not None and self.running_since > timezone.now() - RUN_BOUND

    def still_on(self) -> str:
        """Return what of the last run goes on, as a sentence's beginning, or nothing."""
        if self.is_at_work:
            return "The run before"
        if self.last_batch and self.last_batch.ended_at is None:
            return f"“{self.last_batch.title}”"
        return f"“{self.last_job.title}”" if self.last_job and self.last_job.is_open else ""
