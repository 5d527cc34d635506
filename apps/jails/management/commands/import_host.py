"""`manage.py import_host NAME`: look at a host now and take over what is there."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.actor import command_line_actor
from apps.freebsd.errors import PanelError
from apps.jails.drift import command_line
from apps.jobs.command_line.console import Console


class Command(BaseCommand):
    """Look at a host, say which jails are there, which are new to the panel, and what was not understood."""

    help = "Look at a host now and take over its jails as they are. Nothing is changed on the host."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the host's name."""
        parser.add_argument("name", help="the host's name in the panel")

    def handle(self, *_args: Any, name: str, **_options: Any) -> None:
        """Do it; the exit status is 1 when the host could not be looked at."""
        console = Console(self.stdout, self.stderr, self.style)
        try:
            command_line.host_import(console, command_line_actor(), command_line.host_find(name))
        except PanelError as error:
            raise CommandError(error.message) from None
