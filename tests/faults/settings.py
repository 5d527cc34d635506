"""The panel's settings with quicker clocks, so that a round does not take minutes, and cheap pages."""

from __future__ import annotations

import os

from jailpanel.settings import *  # noqa: F403
from jailpanel.settings import CELERY_BEAT_SCHEDULE

if not os.environ.get("FAULTS_REAL_TIMES"):
    # The tool of a round is never quiet for longer than a moment.
    JOB_LEASE_S, JOB_SILENCE_S = (3, 3) if os.environ.get("FAULTS_SHORT") else (6, 5)
    CELERY_BEAT_SCHEDULE = {"sweep": {**CELERY_BEAT_SCHEDULE["sweep"], "schedule": 1.0}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
