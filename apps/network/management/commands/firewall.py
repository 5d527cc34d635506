"""`manage.py firewall`: the firewall of hosts on a terminal (apps/network/command_line)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.actor import command_line_actor
from apps.freebsd.errors import PanelError
from apps.jobs.command_line.console import Console
from apps.network.command_line import VERBS

INTERRUPTED = 130


class Command(BaseCommand):
    """Trace packets, find what is odd about rules, and compare those that are wanted with those on a host."""

    help = "Trace packets through a host's rules, lint them, or compare what is wanted with what is live."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a verb and what belongs to it."""
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        for name, verb in VERBS.items():
            taken = verbs.add_parser(name, help=verb.HELP)
            taken.add_argument("host", metavar="HOST", help="the host's name")
            verb.add_arguments(taken)

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it; the exit status says what it came to."""
        console = Console(self.stdout, self.stderr, self.style)
        try:
            status = VERBS[verb].run(console, command_line_actor(), options)
        except PanelError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            status = INTERRUPTED
        if status:
            sys.exit(status)
