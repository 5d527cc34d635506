"""Starting, stopping and restarting jails on schedule: the same services as by hand, asked by the owner."""

from __future__ import annotations

from collections.abc import Callable

from apps.freebsd.errors import Conflict
from apps.jails import services
from apps.jails.bulk import BulkAgreed, bulk_request, jails_of_hosts
from apps.jails.changes import RESTART, START, STOP, Change
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.models import Job
from apps.schedules.kinds import Outcome, Run
from apps.schedules.models import Target

# Nobody watches: some hosts at a time, and no further once it goes wrong again and again.
PACE = Pace(at_once=4, stop_after=3)

Request = Callable[..., Job]


def restart(run: Run) -> Outcome:
    """Restart the jails that run."""
    return _do(run, RESTART, services.jail_restart_request)


def start(run: Run) -> Outcome:
    """Start the jails that are stopped and that a boot would start."""
    return _do(run, START, services.jail_start_request)


def stop(run: Run) -> Outcome:
    """Stop the jails that run."""
    return _do(run, STOP, services.jail_stop_request)


def _do(run: Run, change: Change, request: Request) -> Outcome:
    one = run.schedule.target == Target.JAIL
    return _do_one(run, change, request) if one else _do_many(run, change)


def _do_one(run: Run, change: Change, request: Request) -> Outcome:
    jails = Jail.objects.select_related("host").filter(host__in=run.hosts)
    jail = jails.filter(safe_name=run.schedule.jail).first()
    if jail is None:
        raise Conflict(f"There is no jail {run.schedule.jail} on its host any more.")
    if jail.host.is_online and (why := change.nothing_to_do(jail)):
        return Outcome(f"Nothing to do. {why}")
    job = request(actor=run.actor, jail=jail, agreed=Agreed(idempotency_key=run.key))
    return Outcome(f"Asked for “{job.title}”.", job=job)


def _do_many(run: Run, change: Change) -> Outcome:
    hosts = run.hosts.values_list("pk", flat=True)
    jails = jails_of_hosts(actor=run.actor, change=change, host_ids=hosts)
    if not jails:
        return Outcome(f"Nothing to do: there is no jail to {change.verb}.")
    agreed = BulkAgreed(Agreed(idempotency_key=run.key), PACE, without=True)
    batch = bulk_request(actor=run.actor, change=change, jail_ids=jails, agreed=agreed)
    left_out = len(jails) - batch.jobs.count()
    note = f" {left_out} could not take part." if left_out else ""
    return Outcome(f"Asked for “{batch.title}”.{note}", batch=batch)
