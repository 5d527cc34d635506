"""Starting, stopping and restarting jails on schedule: the same services as by hand, asked by the owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from apps.freebsd.errors import Conflict, PanelError
from apps.jails import services
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.models import Job
from apps.schedules.kinds import Outcome, Run
from apps.schedules.models import Target

# How many refusals a message repeats.
MOST_SAID = 5
RUNS = Q(jid__isnull=False, is_dying=False)


@dataclass(frozen=True, slots=True)
class JailWork:
    """Something that is done to jails.

    Args:
        request: The service for one of them.
        to: Which of a host's jails it is meant for.
        none: What is said when it is meant for none.
    """

    request: Callable[..., Job]
    to: Q
    none: str


RESTART = JailWork(services.jail_restart_request, RUNS, "No jail runs there.")
START = JailWork(services.jail_start_request, ~RUNS, "No jail is stopped there.")
STOP = JailWork(services.jail_stop_request, RUNS, "No jail runs there.")


def restart(run: Run) -> Outcome:
    """Restart the jails that run."""
    return _do(run, RESTART)


def start(run: Run) -> Outcome:
    """Start the jails that are stopped."""
    return _do(run, START)


def stop(run: Run) -> Outcome:
    """Stop the jails that run."""
    return _do(run, STOP)


def _do(run: Run, work: JailWork) -> Outcome:
    jails = _jails_of(run)
    if run.schedule.target == Target.JAIL:
        jail = jails.filter(safe_name=run.schedule.jail).first()
        if jail is None:
            raise Conflict(f"There is no jail {run.schedule.jail} on its host any more.")
        if not jails.filter(work.to, pk=jail.pk).exists():
            return Outcome(work.none)
        job = work.request(actor=run.actor, jail=jail, agreed=Agreed(idempotency_key=run.key))
        return Outcome(f"Asked for “{job.title}”.", job=job)
    return _do_many(run, work, list(jails.filter(work.to)))


def _jails_of(run: Run) -> QuerySet[Jail]:
    return Jail.objects.select_related("host").filter(host__in=run.hosts).order_by("host__name", "name")


def _do_many(run: Run, work: JailWork, jails: list[Jail]) -> Outcome:
    """Ask for many jobs; what one jail refuses keeps no other from its own."""
    job, refused = None, []
    for jail in jails:
        key = f"{run.key}-{jail.pk}"
        try:
            job = work.request(actor=run.actor, jail=jail, agreed=Agreed(idempotency_key=key))
        except PanelError as error:
            refused.append(f"{jail.name} on {jail.host.name}: {error.message}")
    if not jails:
        return Outcome(work.none)
    asked = f"{len(jails) - len(refused)} of {len(jails)} jails asked."
    return Outcome(" ".join([asked, *refused[:MOST_SAID]]), job=job, is_good=not refused)
