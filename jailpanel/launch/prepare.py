"""The launcher's one errand into Django, run before the web process: database, static files, first accounts.

Prints what the person at the terminal should see below the address. In a production without the launcher
it is run by hand: `python -m jailpanel.launch.prepare --url https://panel.example`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Bring the state folder up to date."""
    parser = argparse.ArgumentParser(prog="jailpanel.launch.prepare", description=__doc__)
    parser.add_argument("--url", required=True, help="the panel's address, for the one-time link")
    parser.add_argument("--demo", action="store_true", help="with the demo's accounts and hosts")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jailpanel.settings")
    import django  # noqa: PLC0415  the launcher's other modules must not pay for it

    django.setup()
    migrate()
    collect_static()
    lines = demo_lines() if options.demo else run_lines(options.url)
    sys.stdout.writelines(f"{line}\n" for line in lines)


def migrate() -> None:
    """Apply the migrations that are missing; looking costs a tenth of applying none."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)


def collect_static() -> None:
    """Copy, name by content and compress the static files, when any of them changed since the last time."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    root = Path(settings.STATIC_ROOT)
    note = root / "collected"
    found = fingerprint(static_sources())
    if note.exists() and note.read_text() == found:
        return
    # Older versions stay: pages that are open while others upgrade still ask for them.
    call_command("collectstatic", interactive=False, verbosity=1, stdout=sys.stderr)
    note.write_text(found)


def static_sources() -> Iterator[Path]:
    """Yield every static file, and the settings that say how they are stored."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415

    for finder in get_finders():
        for path, storage in finder.list([]):
            yield Path(storage.path(path))
    yield Path(__file__).parent.parent / "settings.py"


def fingerprint(paths: Iterator[Path]) -> str:
    """Return a hash over names, times and sizes."""
    facts = sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def demo_lines() -> list[str]:
    """Make the demo's accounts and hosts, and return how to sign in."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("demo_seed", wait_s=30, stdout=sys.stderr)
    accounts = json.loads((Path(settings.STATE_DIR) / "demo-accounts.json").read_text())
    width = max(len(name) for name in accounts)
    return [f"  user {name:<{width}}  password {password}" for name, password in accounts.items()]


def run_lines(url: str) -> list[str]:
    """Return the one-time link while there is no administrator."""
    from apps.accounts.services import setup_link_create  # noqa: PLC0415

    path = setup_link_create()
    return [f"  There is no administrator yet. Make the first one here, once: {url}{path}"] if path else []


if __name__ == "__main__":
    main()
