"""`manage.py jobs`: jobs on a terminal (apps/jobs/command_line)."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from apps.accounts.actor import command_line_actor
from apps.freebsd.errors import PanelError
from apps.jobs.command_line import change, find, follow, listing, show
from apps.jobs.command_line.console import Console
from apps.jobs.models import JobState

INTERRUPTED = 130


class Command(BaseCommand):
    """List, show, follow, cancel and retry jobs; what is changed is recorded with the system's user."""

    help = "List, show, follow, cancel or retry jobs. Whoever may run this may do all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a verb and what belongs to it."""
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        listed = verbs.add_parser("list", help="list jobs: open ones, and those of the last day")
        listed.add_argument("--state", choices=JobState.values, default="", help="only those in this state")
        listed.add_argument("--host", default="", metavar="NAME", help="only those of this host")
        listed.add_argument("--all", action="store_true", help="older ones, too")
        shown = verbs.add_parser("show", help="show a job's commands, and how far each came")
        for verb in (listed, shown):
            verb.add_argument("--json", action="store_true", help="as JSON")
        followed = verbs.add_parser(
            "follow", help="print what a job prints, until its end; 0 when it succeeded"
        )
        followed.add_argument("--from-end", action="store_true", help="without what it printed so far")
        cancelled = verbs.add_parser("cancel", help="end a job")
        retried = verbs.add_parser(
            "retry", help="ask for it once more, with a fresh plan that is shown first"
        )
        retried.add_argument("--yes", action="store_true", help="agree without being asked")
        for verb in (shown, followed, cancelled, retried):
            verb.add_argument("id", metavar="ID", help="the job's id, or the beginning of it")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it; the exit status says whether it went well."""
        try:
            status = self._do(verb, options)
        except PanelError as error:
            raise CommandError(error.message) from None
        except DatabaseError as error:
            first_line = str(error).partition("\n")[0]
            raise CommandError(f"The database does not answer: {first_line}") from None
        except BrokenPipeError:
            # Whoever read this has had enough; Python would complain once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except KeyboardInterrupt:
            status = self._interrupted(verb, options)
        if status:
            sys.exit(status)

    def _do(self, verb: str, options: dict[str, Any]) -> int:
        console = Console(self.stdout, self.stderr, self.style)
        actor = command_line_actor()
        if verb == "list":
            wanted = listing.Wanted(options["state"], options["host"], options["all"])
            return listing.jobs_list(console, actor, wanted, as_json=options["json"])
        job = find.job_find(actor, options["id"])
        if verb == "show":
            return show.job_show(console, job, as_json=options["json"])
        if verb == "follow":
            return follow.job_follow(console, job, from_end=options["from_end"])
        if verb == "cancel":
            return change.cancel(console, actor, job)
        return change.retry(console, actor, job, agreed=options["yes"], ask=input)

    def _interrupted(self, verb: str, options: dict[str, Any]) -> int:
        if verb == "follow":
            say = f"The job goes on. To see more of it: manage.py jobs follow {options['id']}"
            self.stderr.write(f"\n{say}", style_func=str)
        return INTERRUPTED
