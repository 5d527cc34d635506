"""The Celery application: wake-ups over Redis, nothing more. The database is the truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jailpanel.settings")

app = Celery("jailpanel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
