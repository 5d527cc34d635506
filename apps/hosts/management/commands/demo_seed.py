"""Give the demo its accounts and hosts."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.demo import demo_accounts_ensure
from apps.hosts.demo import DemoHost, demo_hosts_ensure

POLL_S = 0.05


class Command(BaseCommand):
    """`manage.py demo_seed`: accounts and simulated hosts; may be run again at any time."""

    help = "Make the demo's accounts, and rows for the simulated hosts."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a time to wait for."""
        parser.add_argument(
            "--wait-s", type=float, default=0, help="seconds to wait for the simulator's listing (0)"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  Django's signature
        """Make what is missing."""
        state = Path(settings.STATE_DIR)
        demo_accounts_ensure(state / "demo-accounts.json")
        listing = _await_listing(state / "simulator" / "hosts.json", options["wait_s"])
        demo_hosts_ensure(listing)
        self.stdout.write(f"{len(listing)} simulated hosts are known to the panel.")


def _await_listing(path: Path, wait_s: float) -> list[DemoHost]:
    deadline = time.monotonic() + wait_s
    while not path.exists():
        if time.monotonic() > deadline:
            raise CommandError(f"The simulator has not said where its hosts are: there is no {path}.")
        time.sleep(POLL_S)
    fields = [field.name for field in dataclasses.fields(DemoHost)]
    return [DemoHost(**{name: entry[name] for name in fields}) for entry in json.loads(path.read_text())]
