"""Django settings. Everything that may differ between machines comes from jailpanel.environment."""

from __future__ import annotations

import os

from csp.constants import NONE, SELF

from jailpanel import environment as env

BASE_DIR = env.BASE_DIR
STATE_DIR = env.state_dir()

SECRET_KEY = env.secret_key(STATE_DIR)
DEBUG = env.flag("JAILPANEL_DEBUG")
ALLOWED_HOSTS = env.words("JAILPANEL_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("JAILPANEL_TRUSTED_ORIGINS", "")
BEHIND_TLS = env.flag("JAILPANEL_TLS")

INSTALLED_APPS = [
    "apps.web",
    "apps.schedules",
    "apps.jails",
    "apps.network",
    "apps.updates",
    "apps.hosts",
    "apps.jobs",
    "apps.audit",
    "apps.accounts",
    "allauth",
    "allauth.account",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apps.web.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.middleware.ActorMiddleware",
    "apps.web.middleware.HtmxRedirectMiddleware",
    "apps.web.middleware.PanelErrorMiddleware",
]

ROOT_URLCONF = "jailpanel.urls"
ASGI_APPLICATION = "jailpanel.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.web.context.shell",
            ],
        },
    },
]

FORM_RENDERER = "apps.pages.forms.PanelRenderer"

DATABASES = {"default": env.database(STATE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.GrantBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:dashboard"
ACCOUNT_ADAPTER = "apps.accounts.adapter.ClosedSignUpAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if BEHIND_TLS else 0
# Strict transport for other names below the panel's, or in browsers' own lists, is not the panel's to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # Tabler draws its check marks and select arrows as data: images.
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# -- Redis: broker, live events, shared cache --------------------------------------------------------
REDIS_URL = os.environ.get("REDIS_URL", f"unix://{STATE_DIR / 'redis.sock'}")
CACHES = {
    "default": {
        "BACKEND": "jailpanel.cache.PanelCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# redis+socket:// is what kombu calls a Unix socket (docs/decisions: Redis only carries wake-ups).
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Who sends a wake-up is a page that someone waits for: with the broker away it is not tried again, and a
# broker that hangs is given up. A worker that waits for messages asks anew each second: never too short.
# Nothing is acknowledged: a wake-up may get lost, and a worker whose broker went away in between would end
# over messages that it cannot put back.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 0,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "ack_emulation": False,
}
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULER = "apps.schedules.beat:PanelScheduler"
# The panel's own clock; what people schedule is in the database beside it.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "apps.jobs.tasks.sweep", "schedule": 5.0},
    "probe": {"task": "apps.hosts.tasks.probe_due_hosts", "schedule": 5.0},
    "schedules": {"task": "apps.schedules.tasks.sweep", "schedule": 30.0},
    "kept jails": {"task": "apps.jails.tasks.remove_kept", "schedule": 3600.0},
}

# -- the engine ------------------------------------------------------------------------------------
JOB_LEASE_S = 20
# Of a worker's threads (its --concurrency); the rest is for looks and sweeps.
JOB_THREADS = 32
JOB_OUTPUT_FLUSH_S = 0.25
# How long a line to a host may be silent while a command runs there: the agent gives a sign of life every ten
# seconds, however quiet the command is.
JOB_SILENCE_S = 25
# Of each command's output, beside its end; the whole lies on the host.
JOB_OUTPUT_KEEP_BYTES = 4 * 1024 * 1024
# How long a host waits to hear that the panel still reaches it, before it takes a new firewall back.
FIREWALL_CONFIRM_S = int(os.environ.get("JAILPANEL_FIREWALL_CONFIRM_S", "60"))
PROBE_INTERVAL_S = int(os.environ.get("JAILPANEL_PROBE_INTERVAL_S", "60"))
SSH_CONNECT_TIMEOUT_S = 10

# -- FreeBSD's updates: asked about, never fetched by the panel itself ------------------------------
UPDATE_MIRROR = os.environ.get("JAILPANEL_UPDATE_MIRROR", "http://update.FreeBSD.org").rstrip("/")
UPDATE_KEY_PRINT = os.environ.get("JAILPANEL_UPDATE_KEY_PRINT", "").lower()

# -- FreeBSD's releases: what a basejail is made of -------------------------------------------------
MIRROR = os.environ.get("JAILPANEL_MIRROR", "https://download.freebsd.org").rstrip("/")
_OLD_RELEASES = "https://archive.freebsd.org/old-releases"
ARCHIVE_MIRROR = os.environ.get("JAILPANEL_ARCHIVE_MIRROR", _OLD_RELEASES).rstrip("/")
# Looked into before a mirror is asked: <machine>/<processor>/<release>/MANIFEST, laid there by hand.
MIRROR_DIR = STATE_DIR / "mirror"

# -- language, time, files --------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("JAILPANEL_TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"apps": {"level": "INFO"}, "asyncssh": {"level": "WARNING"}},
}
