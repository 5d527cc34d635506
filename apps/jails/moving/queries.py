"""What became of moves: read from the jobs, for a move is nothing but its two jobs."""

from __future__ import annotations

from dataclasses import dataclass

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.hosts.queries import host_list
from apps.jails.models import Jail
from apps.jobs.models import Job, JobState

MOVE = "jails.move"


@dataclass(frozen=True, slots=True)
class Move:
    """A jail's move to another host, as far as it came.

    Args:
        out: The job on the host that it leaves.
        into: The job on the host that gets it.
        arrived: The jail there, when it is known there.
    """

    out: Job
    into: Job
    arrived: Jail | None

    @property
    def is_open(self) -> bool:
        """Whether it is still under way."""
        return self.out.is_open or self.into.is_open

    @property
    def has_arrived(self) -> bool:
        """Whether all of it went well."""
        return self.into.state == JobState.SUCCEEDED

    @property
    def why_not_back(self) -> str:
        """Why the jail cannot be taken back now; empty when it can."""
        if self.is_open:
            return "The move is still under way. Cancel it first, or wait for its end."
        there = self.into.host.name
        if self.arrived is not None and self.arrived.is_running:
            return f"It runs on {there}. Stop it there first, or it would run on both hosts."
        if self.arrived is not None and self.arrived.runs_at_boot:
            return f"{there} would start it when it boots: delete it there first, or keep it from that."
        return ""


def move_from(jail: Jail) -> Move | None:
    """Return the last move of a jail away from its host, unless something was done about it since."""
    jobs = Job.objects.filter(host_id=jail.host_id, subject=jail.safe_name, started_at__isnull=False)
    last = jobs.filter(state=JobState.SUCCEEDED).order_by("-ended_at").first()
    moving = jobs.filter(kind=MOVE, intent__part="out").order_by("-created_at").first()
    if moving is None or (jail.is_running and not moving.is_open):
        return None
    if (
        last
        and moving.ended_at
        and last.pk != moving.pk
        and last.ended_at
        and last.ended_at > moving.ended_at
    ):
        return None
    return _move(moving)


def move_to(jail: Jail) -> Move | None:
    """Return the move that brought a jail to its host, while the old host still has it."""
    jobs = Job.objects.filter(host_id=jail.host_id, subject=jail.safe_name, kind=MOVE, intent__part="in")
    into = jobs.order_by("-created_at").first()
    if into is None or into.state != JobState.SUCCEEDED:
        return None
    old = Jail.objects.filter(host_id=into.intent["source"], safe_name=jail.safe_name).first()
    move = move_from(old) if old else None
    return move if move and move.into.pk == into.pk else None


def _move(out: Job) -> Move | None:
    if out.batch is None:
        return None
    into = out.batch.jobs.filter(intent__part="in").select_related("host").first()
    if into is None:
        return None
    arrived = Jail.objects.filter(
        host_id=into.host_id, safe_name=into.subject, observed_at__isnull=False, missing_since__isnull=True
    ).first()
    return Move(out, into, arrived)


def hosts_for(actor: Actor) -> list[Host]:
    """Return the hosts that one may see, with their basejails, for a choice of one."""
    return list(host_list(actor, Perm.HOST_VIEW).select_related("basejail").order_by("name"))
