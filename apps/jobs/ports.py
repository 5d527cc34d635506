"""What the engine needs of the rooms above it, filled in by them when the panel starts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.channel.agent import Agent
from apps.jobs.models import Batch, Job, JobState
from apps.jobs.plan import Plan


class HostGateway(Protocol):
    """How the engine reaches a host; apps.hosts registers the real one."""

    def agent(self, host_id: UUID) -> Agent:
        """Return the host's agent over this process's kept connection."""
        ...

    def confirm(self, host_id: UUID, run_id: str, user: str, job: str) -> Coroutine[object, object, None]:
        """Tell a run that waits for it that the panel reaches its host, over a connection made for that.

        Raises:
            Conflict: The run does not wait, or no longer.
            PanelError: The host was not reached.
        """
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


def _no_name(_job: Job) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Again:
    """How the wish of a job that came to nothing is asked for once more.

    Args:
        perm: What one must hold on the job's host.
        replan: Plans the same wish against what is true now. Raises Conflict or InvalidInput, with a
            sentence, when there is nothing left to do or it cannot be done.
        ask: Asks for it as the service does that it was first asked of: job, actor, the hash of the plan
            that was shown and the form's key in, the new job out.
        typed_name: The name that has to be typed first, where something is destroyed; or empty.
    """

    perm: Perm
    replan: Callable[[Job], Plan]
    ask: Callable[[Job, Actor, str, str], Job]
    typed_name: Callable[[Job], str] = _no_name


@dataclass(frozen=True, slots=True)
class JobKind:
    """What the engine must know of a kind of job.

    Args:
        name: `app.verb`.
        label: What people call it.
        verify: Looks at the observed state after the probe and returns sentences about
            what is not as it should be; none means that the job did what it was for.
        next_links: What a person may want to do once it has ended, the likeliest first.
        again: How one that came to nothing is tried again; None when it cannot be.
    """

    name: str
    label: str
    verify: Callable[[Job], list[str]]
    next_links: Callable[[Job, Actor], list[NextLink]] = _nowhere
    again: Again | None = None


_kinds: dict[str, JobKind] = {}
_batch_retries: dict[str, Callable[[Batch], str]] = {}
_gateway: list[HostGateway] = []
_endings: list[Callable[[Job], None]] = []


def register_kind(kind: JobKind) -> None:
    """Make a kind known; each app does so for its own when it is ready."""
    _kinds[kind.name] = kind


def register_gateway(gateway: HostGateway) -> None:
    """Set how hosts are reached."""
    _gateway[:] = [gateway]


def register_ending(listener: Callable[[Job], None]) -> None:
    """Have `listener` called with every job that ends, in the transaction that stores its end."""
    if listener not in _endings:
        _endings.append(listener)


def tell_ended(job: Job) -> None:
    """Tell all who asked for it that a job has ended; its state says how."""
    for listener in _endings:
        listener(job)


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


def again(name: str) -> Again | None:
    """Return how jobs of a kind are tried again; None when they cannot be, or no room knows the kind."""
    kind = _kinds.get(name)
    return kind.again if kind else None


def next_links(job: Job, actor: Actor) -> list[NextLink]:
    """Return where to go from a job that has ended; a job of a kind that is gone leads nowhere."""
    kind = _kinds.get(job.kind)
    if kind is None or job.is_open:
        return []
    return [*_try_again(kind, job, actor), *kind.next_links(job, actor)]


def _try_again(kind: JobKind, job: Job, actor: Actor) -> list[NextLink]:
    if kind.again is None or job.state == JobState.SUCCEEDED or not actor.may(kind.again.perm, job.host_id):
        return []
    url = reverse("jobs:job-retry", args=[job.pk])
    return [NextLink("Try again", url, "rotate-clockwise", in_dialog=True)]


def job_kinds() -> list[JobKind]:
    """Return all kinds, by label."""
    return sorted(_kinds.values(), key=lambda kind: kind.label)


def gateway() -> HostGateway:
    """Return how hosts are reached."""
    return _gateway[0]
