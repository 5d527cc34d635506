"""Jobs as one names them on a command line: by the beginning of their id, as far as only one begins so."""

from __future__ import annotations

import re
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.actor import Actor
from apps.freebsd.errors import InvalidInput
from apps.jobs.models import Job
from apps.jobs.queries import job_list

SHORT = 8
_DIGITS = re.compile(r"[0-9a-f]{1,32}")


def short_id(job: Job) -> str:
    """Return the beginning of a job's id, as lists show it."""
    return job.pk.hex[:SHORT]


def job_find(actor: Actor, text: str) -> Job:
    """Return the one job whose id begins with `text`.

    Raises:
        InvalidInput: It is no id, no job has it, or several have.
    """
    digits = text.strip().lower().replace("-", "")
    if not _DIGITS.fullmatch(digits):
        raise InvalidInput("A job is named by its id, or the beginning of it: 0 to 9 and a to f.")
    found = list(_beginning_with(job_list(actor), digits).order_by("pk")[:5])
    if not found:
        raise InvalidInput(f"No job's id begins with {digits}.")
    if len(found) > 1:
        names = ", ".join(job.pk.hex[: max(SHORT, len(digits) + 4)] for job in found)
        raise InvalidInput(f"Several ids begin with {digits}: {names}. Give more of it.")
    return found[0]


def _beginning_with(jobs: QuerySet[Job], digits: str) -> QuerySet[Job]:
    """As a range, which both databases look up in the index."""
    return jobs.filter(pk__gte=UUID(digits.ljust(32, "0")), pk__lte=UUID(digits.ljust(32, "f")))
