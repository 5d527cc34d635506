"""What the engine needs of the rooms above it, filled in by them when the panel starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from apps.accounts.actor import Actor
from apps.freebsd.channel.agent import Agent
from apps.jobs.models import Batch, Job


class HostGateway(Protocol):
    """How the engine reaches a host; apps.hosts registers the real one."""

    def agent(self, host_id: UUID) -> Agent:
        """Return the host's agent over this process's kept connection."""
        ...

    def observe(self, host_id: UUID) -> None:
        """Probe the host and store what is true now.

        Raises:
            PanelError: The host could not be looked at.
        """
        ...


@dataclass(frozen=True, slots=True)
class NextLink:
    """Where someone may want to go from a job that has ended.

    Args:
        label: The button's words.
        url: Where it leads.
        icon: A symbol of static/icons.svg.
        in_dialog: Whether the page there is one that can be shown as a dialog.
    """

    label: str
    url: str
    icon: str = ""
    in_dialog: bool = False


def _nowhere(_job: Job, _actor: Actor) -> list[NextLink]:
    return []


@dataclass(frozen=True, slots=True)
class JobKind:
    """What the engine must know of a kind of job.

    Args:
        name: `app.verb`.
        label: What people call it.
        verify: Looks at the observed state after the probe and returns sentences about
            what is not as it should be; none means that the job did what it was for.
        next_links: What a person may want to do once it has ended, the likeliest first.
    """

    name: str
    label: str
    verify: Callable[[Job], list[str]]
    next_links: Callable[[Job, Actor], list[NextLink]] = _nowhere


_kinds: dict[str, JobKind] = {}
_batch_retries: dict[str, Callable[[Batch], str]] = {}
_gateway: list[HostGateway] = []


def register_kind(kind: JobKind) -> None:
    """Make a kind known; each app does so for its own when it is ready."""
    _kinds[kind.name] = kind


def register_gateway(gateway: HostGateway) -> None:
    """Set how hosts are reached."""
    _gateway[:] = [gateway]


def register_batch_retry(kind: str, url_of: Callable[[Batch], str]) -> None:
    """Say where the jobs of a batch that came to nothing are asked for once more, with fresh plans."""
    _batch_retries[kind] = url_of


def batch_retry_url(batch: Batch) -> str:
    """Return where a batch's jobs that came to nothing are asked for once more; empty when nowhere."""
    url_of = _batch_retries.get(batch.kind)
    return url_of(batch) if url_of else ""


def job_kind(name: str) -> JobKind:
    """Return the kind called `name`."""
    return _kinds[name]


def next_links(job: Job, actor: Actor) -> list[NextLink]:
    """Return where to go from a job that has ended; a job of a kind that is gone leads nowhere."""
    kind = _kinds.get(job.kind)
    return kind.next_links(job, actor) if kind and not job.is_open else []


def job_kinds() -> list[JobKind]:
    """Return all kinds, by label."""
    return sorted(_kinds.values(), key=lambda kind: kind.label)


def gateway() -> HostGateway:
    """Return how hosts are reached."""
    return _gateway[0]
