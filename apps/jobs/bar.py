"""What the bar at the foot of every page shows: jobs that run, wait or have just ended, a batch as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Case, Count, Q, QuerySet, Value, When, prefetch_related_objects
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.jobs.models import WAITING_STATES, Batch, BatchState, Job, JobState
from apps.jobs.progress import Progress, light_steps, progress_of
from apps.jobs.queries import job_list
from apps.pages.status import look_of

JUST_ENDED = timedelta(minutes=3)
# A job that ended just now was asked for within this time: it lets the database use an index.
LONGEST = timedelta(days=3)
MOST_ROWS = 5
ENDED_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.LOST, JobState.CANCELLED)
# What takes the first rows, and how many of them; what is left goes to the rest in the same order.
SHARES = {"running": 3, "ended": 1, "waiting": 1}


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the bar: a job, or a batch of them.

    Args:
        key: Its id.
        title: What it does.
        url: Its page.
        place: The host; empty for a batch.
        state: A `JobState`.
        asked_by: Who asked.
        progress: How far it is.
        since: When it was asked for, began, or ended, whichever came last.
        is_own: Whether the person who looks asked for it.
    """

    key: UUID
    title: str
    url: str
    place: str
    state: str
    asked_by: str
    progress: Progress
    since: datetime
    is_own: bool

    @property
    def stage(self) -> str:
        """Whether it is running, waiting or ended."""
        return stage_of(self.state)

    @property
    def says(self) -> str:
        """What a screen reader is told when it has changed."""
        where = f" on {self.place}" if self.place else ""
        return f"{self.title}{where}: {look_of(self.state, 'job').label.lower()}."


@dataclass(frozen=True, slots=True)
class Bar:
    """The whole bar.

    Args:
        tasks: Its rows, at most MOST_ROWS: what runs, what has just ended, what waits.
        counts: State → how many there are in all.
        approvals: How many jobs wait for the approval of the one who looks.
    """

    tasks: tuple[Task, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    approvals: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.tasks or self.approvals)

    @property
    def summary(self) -> list[tuple[str, int]]:
        """Words and counts in the order of the rows, without those of which there are none."""
        words = {
            "running": self._count(JobState.RUNNING),
            "failed": self._count(JobState.FAILED, JobState.LOST),
            "done": self._count(JobState.SUCCEEDED),
            "waiting": self._count(*WAITING_STATES),
        }
        return [(word, count) for word, count in words.items() if count]

    def _count(self, *states: str) -> int:
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def again_s(self) -> int:
        """After how many seconds it is fetched again without an event: no event tells of a percentage."""
        is_measured = any(task.progress.percent is not None for task in self.tasks)
        return 5 if is_measured else 30

    @property
    def newest_own(self) -> Task | None:
        """What changed last of what the person asked for."""
        own = [task for task in self.tasks if task.is_own]
        return max(own, key=lambda task: task.since, default=None)

    @property
    def says(self) -> str:
        """What a screen reader is told, once, when it has become another: nothing of other people's jobs."""
        said = [self.newest_own.says] if self.newest_own else []
        if self.approvals:
            jobs = "1 job waits" if self.approvals == 1 else f"{self.approvals} jobs wait"
            said.append(f"{jobs} for your approval.")
        return " ".join(said)


def stage_of(state: str) -> str:
    """Return whether a job in this state is running, waiting or ended."""
    if state == JobState.RUNNING:
        return "running"
    return "waiting" if state in WAITING_STATES else "ended"


def bar_for(actor: Actor) -> Bar:
    """Return the bar as `actor` may see it; it takes as many queries for many jobs as for few."""
    approvals = _approvals(actor).count() if actor.may_anywhere(Perm.JOB_APPROVE) else 0
    now = timezone.now()
    stages = [_running(actor), _just_ended(actor, now), _waiting(actor)]
    counts = Counter[str]()
    for stage in stages:
        counts.update(dict(_single(stage).order_by().values_list("state").annotate(Count("pk"))))
    batches = _batches(actor, now)
    counts.update(task.state for task in batches)
    return Bar(_choose([*batches, *_tasks(stages, actor)]), counts, approvals)


def _approvals(actor: Actor) -> QuerySet[Job]:
    """Jobs that this person could approve now (second_person.py says the same of one job)."""
    waiting = _on_hosts(Job.objects.all(), actor.scope(Perm.JOB_APPROVE))
    waiting = waiting.filter(state=JobState.AWAITING, approval_until__gt=timezone.now())
    return waiting.exclude(requester_id=actor.user_id).exclude(requester_name=actor.name)


def _running(actor: Actor) -> QuerySet[Job]:
    return _visible(actor).filter(state=JobState.RUNNING).order_by(_own_first(actor), "-started_at")


def _just_ended(actor: Actor, now: datetime) -> QuerySet[Job]:
    ended = _visible(actor).filter(state__in=ENDED_STATES, created_at__gte=now - LONGEST)
    return ended.filter(ended_at__gte=now - JUST_ENDED).order_by(_own_first(actor), "-ended_at")


def _waiting(actor: Actor) -> QuerySet[Job]:
    return _visible(actor).filter(state__in=WAITING_STATES).order_by(_own_first(actor), "created_at")


def _visible(actor: Actor) -> QuerySet[Job]:
    return _on_hosts(job_list(actor).defer("plan", "intent"), actor.scope(Perm.JOB_VIEW))


def _on_hosts(jobs: QuerySet[Job], hosts: frozenset[UUID] | None) -> QuerySet[Job]:
    """Name the hosts even where these are all: the index of the lanes begins with the host."""
    if hosts is None:
        return jobs.filter(host__in=apps.get_model("hosts", "Host").objects.values("pk"))
    return jobs.filter(host_id__in=hosts)


def _own_first(actor: Actor) -> Case:
    return Case(When(requester_id=actor.user_id, then=Value(0)), default=Value(1))


def _single(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Jobs of no batch; in words that keep SQLite from looking up all of these in the batches' index."""
    return jobs.alias(is_single=Case(When(batch__isnull=True, then=Value(1)), default=Value(0))).filter(
        is_single=1
    )


def _tasks(stages: Iterable[QuerySet[Job]], actor: Actor) -> list[Task]:
    rows = [job for stage in stages for job in _single(stage)[:MOST_ROWS]]
    prefetch_related_objects(rows, light_steps())
    return [_task(job, actor) for job in rows]


def _task(job: Job, actor: Actor) -> Task:
    return Task(
        key=job.pk,
        title=job.title,
        url=job.get_absolute_url(),
        place=job.host.name,
        state=job.state,
        asked_by=job.requester_name,
        progress=progress_of(job),
        since=job.ended_at or job.started_at or job.created_at,
        is_own=job.requester_id is not None and job.requester_id == actor.user_id,
    )


def _batches(actor: Actor, now: datetime) -> list[Task]:
    """Batches of which one may see a job; how far they are is told of these jobs alone."""
    going_on = Q(state=BatchState.RUNNING) | Q(ended_at__gte=now - JUST_ENDED)
    batches = {batch.pk: batch for batch in Batch.objects.filter(going_on)}
    jobs = job_list(actor).filter(batch__in=batches).order_by()
    states: dict[UUID, dict[str, int]] = {}
    for batch_id, state, count in jobs.values_list("batch_id", "state").annotate(Count("pk")):
        states.setdefault(batch_id, {})[state] = count
    tasks = [_batch_task(batches[pk], found, actor) for pk, found in states.items()]
    return sorted(tasks, key=lambda task: (not task.is_own, -task.since.timestamp()))


def _batch_task(batch: Batch, states: dict[str, int], actor: Actor) -> Task:
    state = _batch_state(batch, states)
    progress = Progress(
        done=sum(states.get(ended, 0) for ended in ENDED_STATES),
        total=sum(states.values()),
        state=state,
        failed=_failed(states),
        unit="job",
    )
    return Task(
        key=batch.pk,
        title=batch.title,
        url=batch_url(batch),
        place="",
        state=state,
        asked_by=batch.requester_name,
        progress=progress,
        since=batch.ended_at or batch.created_at,
        is_own=batch.requester_id is not None and batch.requester_id == actor.user_id,
    )


def _batch_state(batch: Batch, states: dict[str, int]) -> JobState:
    """Say a batch's state in the words of jobs, whose looks it has."""
    if states.keys() & {JobState.RUNNING, *WAITING_STATES}:
        begun = states.keys() - set(WAITING_STATES)
        return JobState.RUNNING if begun else JobState.QUEUED
    if batch.state == BatchState.RUNNING:
        return JobState.RUNNING
    if _failed(states):
        return JobState.FAILED
    return JobState.CANCELLED if states.get(JobState.CANCELLED) else JobState.SUCCEEDED


def _failed(states: dict[str, int]) -> int:
    return states.get(JobState.FAILED, 0) + states.get(JobState.LOST, 0)


def batch_url(batch: Batch) -> str:
    """Return the page of a batch."""
    try:
        return reverse("jobs:batch-detail", args=[batch.pk])
    except NoReverseMatch:
        return reverse("jobs:job-list")


def _choose(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Take the rows: some of each stage, so that many running ones do not hide what failed just now."""
    by_stage: dict[str, list[Task]] = {stage: [] for stage in SHARES}
    for task in tasks:
        by_stage[task.stage].append(task)
    taken = {stage: min(share, len(by_stage[stage])) for stage, share in SHARES.items()}
    for stage in SHARES:
        left = MOST_ROWS - sum(taken.values())
        taken[stage] += min(left, len(by_stage[stage]) - taken[stage])
    return tuple(task for stage, rows in by_stage.items() for task in rows[: taken[stage]])
