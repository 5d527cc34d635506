"""The panel's settings, with state in a folder of its own that goes with the test run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="jailpanel-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["JAILPANEL_VAR"] = _folder

from apps.simulator.mirrors import write_manifests  # noqa: E402
from apps.simulator.patches import RELEASES  # noqa: E402
from jailpanel.settings import *  # noqa: E402, F403
from jailpanel.settings import DATABASES, MIRROR_DIR  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as the panel has one: threads that share a database in memory lock each other out at once.
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}
# What the simulated mirrors' sets hash to; no test asks a mirror.
write_manifests(MIRROR_DIR, RELEASES)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files straight from their sources: nothing is collected for a test run.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
