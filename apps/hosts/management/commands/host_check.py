"""`manage.py host_check NAME`: try a host's agent without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from apps.freebsd.channel import loop
from apps.freebsd.errors import PanelError
from apps.hosts.gateway import agent_of
from apps.hosts.host_check import host_check
from apps.hosts.models import Host

if TYPE_CHECKING:
    from argparse import ArgumentParser

_TIMEOUT_S = 300


class Command(BaseCommand):
    """Print what holds and what does not; the status is 1 when something does not."""

    help = "Try a host's agent, changing nothing: version, a whole probe, and that it refuses what it must."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the host's name."""
        parser.add_argument("name", help="the host's name in the panel")

    def handle(self, *_args: Any, name: str, **_options: Any) -> None:
        """Try the host and print a line for each check."""
        try:
            host = Host.objects.get(name=name)
            checks = loop.run(host_check(agent_of(host)), timeout_s=_TIMEOUT_S)
        except Host.DoesNotExist:
            raise CommandError(f"There is no host “{name}”.") from None
        except PanelError as error:
            raise CommandError(error.message) from None
        for check in checks:
            self.stdout.write(f"{'holds ' if check.ok else 'FAILS '} {check.check}: {check.detail}")
        failed = sum(not check.ok for check in checks)
        if failed:
            raise CommandError(f"{failed} of {len(checks)} checks failed on {name}.")
        self.stdout.write(f"All {len(checks)} checks hold on {name}.")
