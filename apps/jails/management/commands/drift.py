"""`manage.py drift`: in what jails are not as they are wanted, and the two ways out."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.actor import command_line_actor
from apps.freebsd.errors import PanelError
from apps.jails.drift import command_line
from apps.jobs.command_line.console import Console


class Command(BaseCommand):
    """List drift, apply what is wanted or adopt what was seen; the status is 1 where something differs."""

    help = "Show in what jails are not as they are wanted; --apply or --adopt settles it for one of them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a host, and one jail with a way out."""
        parser.add_argument("--host", default="", metavar="NAME", help="only jails of this host")
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--apply", default="", metavar="JAIL", help="make this jail as it is wanted")
        ways.add_argument("--adopt", default="", metavar="JAIL", help="want this jail as it was seen")
        parser.add_argument("--yes", action="store_true", help="agree to --apply without being asked")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; the exit status says whether it went well, or of the list whether nothing differs."""
        try:
            status = self._do(options)
        except PanelError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            status = 130
        if status:
            sys.exit(status)

    def _do(self, options: dict[str, Any]) -> int:
        console = Console(self.stdout, self.stderr, self.style)
        actor, host = command_line_actor(), options["host"]
        if options["apply"]:
            jail = command_line.jail_find(actor, options["apply"], host)
            return command_line.drift_apply(console, actor, jail, agreed=options["yes"], ask=input)
        if options["adopt"]:
            jail = command_line.jail_find(actor, options["adopt"], host)
            return command_line.drift_adopt(console, actor, jail)
        return command_line.drift_show(console, actor, host)
