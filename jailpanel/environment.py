"""What the panel reads from its environment, with a safe default for everything.

The table in docs/operators/settings.md lists the same names.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str) -> bool:
    """Read a yes/no variable; anything but 1, true, yes or on is no."""
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str) -> list[str]:
    """Read a comma-separated list without empty parts."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def state_dir() -> Path:
    """Return the one folder that holds all state, made on first use, readable by its owner only."""
    path = Path(os.environ.get("JAILPANEL_VAR", BASE_DIR / "var")).resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def secret_key(folder: Path) -> str:
    """Return Django's secret key: JAILPANEL_SECRET_KEY, or one made on first run, kept in `folder` (0600)."""
    if given := os.environ.get("JAILPANEL_SECRET_KEY"):
        return given
    path = folder / "secret-key"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Put the whole file in place at once (0600); when another process was first, its file stays."""
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()


def database(folder: Path) -> dict[str, object]:
    """Return Django's database settings: DATABASE_URL (postgresql://…), or SQLite in `folder`.

    The host may be the folder of a Unix socket, percent-encoded; what follows `?` goes to libpq
    as it is (`sslmode=verify-full`).

    SQLite runs in WAL mode with IMMEDIATE transactions: with Django's defaults two workers
    and a web process get "database is locked" errors (docs/decisions/0003-sqlite-wal-immediate.md).

    Raises:
        ValueError: DATABASE_URL names a database that the panel does not run on.
    """
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "jailpanel.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # Not `parts.hostname`, which is in lower case: a socket's folder need not be.
        "HOST": unquote(_host(parts.netloc)),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {},
        "CONN_HEALTH_CHECKS": True,
    }


def _host(netloc: str) -> str:
    place = netloc.rpartition("@")[2]
    if place.startswith("["):
        return place[1 : place.index("]")]
    return place.partition(":")[0]
