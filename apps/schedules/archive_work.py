"""Archives and snapshots on schedule: the same services as by hand, asked by the owner."""

from __future__ import annotations

from apps.freebsd.errors import Conflict
from apps.jails.archives import changes
from apps.jails.archives.moments import now
from apps.jails.archives.services import Wish, jail_wish_request
from apps.jails.bulk import BulkAgreed, bulk_of, bulk_request, jails_of_hosts
from apps.jails.changes import Change
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.schedules.jail_work import PACE
from apps.schedules.kinds import Outcome, Run
from apps.schedules.models import Target


def archive(run: Run) -> Outcome:
    """Archive the jails."""
    return _do(run, changes.archive_at(now()))


def snapshot(run: Run) -> Outcome:
    """Take snapshots of the jails."""
    return _do(run, changes.snapshot_at(now()))


def thin(days: int, run: Run) -> Outcome:
    """Destroy the panel's own snapshots that are older than so many days."""
    jails = Jail.objects.filter(host__in=run.hosts).select_related("host").defer("config_text", "fstab_text")
    return _do(run, changes.thin(days, jails))


def _do(run: Run, change: Change) -> Outcome:
    return _do_one(run, change) if run.schedule.target == Target.JAIL else _do_many(run, change)


def _do_one(run: Run, change: Change) -> Outcome:
    jails = Jail.objects.select_related("host").filter(host__in=run.hosts)
    jail = jails.filter(safe_name=run.schedule.jail).first()
    if jail is None:
        raise Conflict(f"There is no jail {run.schedule.jail} on its host any more.")
    if jail.host.is_online and (why := change.nothing_to_do(jail)):
        return Outcome(f"Nothing to do. {why}")
    wish = Wish(change.perm, change.action, change.plan, change.intent(jail))
    job = jail_wish_request(actor=run.actor, jail=jail, wish=wish, agreed=Agreed(idempotency_key=run.key))
    return Outcome(f"Asked for “{job.title}”.", job=job)


def _do_many(run: Run, change: Change) -> Outcome:
    hosts = run.hosts.values_list("pk", flat=True)
    wanted = jails_of_hosts(actor=run.actor, change=change, host_ids=hosts)
    parts = bulk_of(actor=run.actor, change=change, jail_ids=wanted).parts if wanted else ()
    if not parts:
        return Outcome("Nothing to do: there is no jail that this is for.")
    agreed = BulkAgreed(Agreed(idempotency_key=run.key), PACE, without=True)
    batch = bulk_request(actor=run.actor, change=change, jail_ids=wanted, agreed=agreed)
    left_out = len(wanted) - batch.jobs.count()
    note = f" {left_out} could not take part, or need it not." if left_out else ""
    return Outcome(f"Asked for “{batch.title}”.{note}", batch=batch)
