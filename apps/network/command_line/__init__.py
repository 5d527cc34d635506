"""What `manage.py firewall` does: one module a verb, with HELP, add_arguments and run (an exit status)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Protocol

from apps.accounts.actor import Actor
from apps.jobs.command_line.console import Console
from apps.network.command_line import apply, diff, lint, trace


class Verb(Protocol):
    """A module of this package."""

    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the verb needs beside the host."""

    def run(self, console: Console, actor: Actor, options: dict[str, Any]) -> int:
        """Do it; return the exit status."""


VERBS: dict[str, Verb] = {"trace": trace, "lint": lint, "diff": diff, "apply": apply}
