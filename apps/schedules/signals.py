"""What goes with a schedule, however it goes: by hand, or with its host."""

from __future__ import annotations

from django.db.models.signals import post_delete
from django.dispatch import receiver
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.schedules.models import Schedule


@receiver(post_delete, sender=Schedule)
def _take_the_clock_away(instance: Schedule, **_: object) -> None:
    # Not by cascade: it goes the other way, and beat has to hear of it.
    task = PeriodicTask.objects.filter(pk=instance.task_id).first()
    if task is None:
        return
    task.delete()
    CrontabSchedule.objects.filter(pk=task.crontab_id).delete()
