"""Patching basejails on schedule: the same plans as by hand, asked by the owner, as one batch."""

from __future__ import annotations

from apps.accounts.permissions import Perm
from apps.jails.archives.moments import now
from apps.jails.basejail.many import patch_many
from apps.schedules.jail_work import PACE
from apps.schedules.kinds import HOSTS, Outcome, Run, ScheduleKind


def patch(run: Run) -> Outcome:
    """Patch the basejails for which a newer patch level may be out."""
    hosts = list(run.hosts.select_related("basejail"))
    done = patch_many(actor=run.actor, hosts=hosts, at=now(), pace=PACE, key=run.key)
    reasons = "; ".join(f"{host.name}: {reason.removesuffix('.')}" for host, reason in done.left_out[:5])
    left_out = f" {len(done.left_out)} left out: {reasons}." if done.left_out else ""
    if done.batch is None:
        return Outcome(f"Nothing to do.{left_out}")
    return Outcome(f"Asked for “{done.batch.title}”.{left_out}", batch=done.batch)


KIND = ScheduleKind(
    "jails.basejail_update",
    "Patch basejails",
    "Brings the basejails to the newest patch level of their release. Jails that run are not restarted.",
    HOSTS,
    Perm.BASEJAIL_INSTALL,
    patch,
    "stack-2",
    is_made_up_for=False,
)
