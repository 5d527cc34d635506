"""What the panel's own jobs do to a host's jails, so that a probe takes none of it for a change by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from apps.hosts.models import Host
from apps.jails.drift import kinds
from apps.jails.models import Jail
from apps.jobs.models import OPEN_STATES, OPEN_STEPS, WAITING_STATES, Job, JobState


@dataclass(frozen=True, slots=True)
class Doings:
    """The jobs of a host, as far as they matter for what was seen there.

    Args:
        under_way: The safe names of jails that a job runs for right now.
        latest: The newest job of a jail that was begun, by safe name, of those asked for.
        awaited: The safe names of jails that an open job is still to make.
    """

    under_way: frozenset[str]
    latest: dict[str, Job]
    awaited: frozenset[str]

    @classmethod
    def of(cls, host: Host, names: Iterable[str]) -> Self:
        """Read what is under way on a host, and what was last done to the jails of some names."""
        jobs = Job.objects.filter(host=host).only("kind", "subject", "intent", "ended_at", "state")
        running = jobs.filter(state=JobState.RUNNING)
        asked = list(names)
        return cls(
            under_way=frozenset(name for job in running for name in names_of(job)),
            latest=_latest(host, asked) if asked else {},
            awaited=_awaited(host) if asked else frozenset(),
        )

    def made(self, safe_name: str) -> bool:
        """Whether a jail that is seen for the first time is the panel's own work."""
        job = self.latest.get(safe_name)
        return safe_name in self.under_way or (job is not None and kinds.makes(job.kind))

    def removed(self, jail: Jail) -> bool:
        """Whether a jail that is not seen any more was taken away by a job, rather than by hand."""
        job = self._since(jail)
        return job is not None and kinds.removes(job.kind)

    def renamed(self, jail: Jail) -> str:
        """Return the safe name that a job gave to a jail that is not seen any more, or empty."""
        job = self._since(jail)
        return str(job.intent.get("new_safe_name", "")) if job else ""

    def _since(self, jail: Jail) -> Job | None:
        """Return the job that may have done something to a jail since it was last seen."""
        job = self.latest.get(jail.safe_name)
        if job is None or jail.observed_at is None:
            return job
        return job if job.ended_at is None or job.ended_at >= jail.observed_at else None


def names_of(job: Job) -> tuple[str, ...]:
    """Return the safe names of the jail that a job is about: two, where it is renamed."""
    return tuple(filter(None, (job.subject, str(job.intent.get("new_safe_name", "")))))


def _latest(host: Host, names: list[str]) -> dict[str, Job]:
    begun = Job.objects.filter(host=host, subject__in=names).exclude(state__in=WAITING_STATES)
    begun = begun.exclude(state=JobState.CANCELLED, started_at__isnull=True)
    rows = begun.only("kind", "subject", "intent", "ended_at").order_by("created_at")
    return {job.subject: job for job in rows}


def _awaited(host: Host) -> frozenset[str]:
    """Return the jails that a command is still to make; one that ended without its jail makes none."""
    jobs = Job.objects.filter(host=host, kind__in=kinds.making(), state__in=OPEN_STATES)
    return frozenset(jobs.filter(steps__state__in=OPEN_STEPS).values_list("subject", flat=True))
