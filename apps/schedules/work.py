"""The kinds that there are, and what each does. Called from a worker, with the owner's rights."""

from __future__ import annotations

from functools import partial

from apps.accounts.permissions import Perm
from apps.audit.models import AuditEvent
from apps.audit.queries import first_break
from apps.hosts.models import KEY_IN_DOUBT
from apps.jails.archives.changes import KEPT_ANYHOW
from apps.jobs.wakeups import send
from apps.schedules import basejail_work
from apps.schedules.archive_work import archive, snapshot, thin
from apps.schedules.jail_work import restart, start, stop
from apps.schedules.kinds import HOSTS, JAILS, Outcome, Run, ScheduleKind, register_kind
from apps.schedules.models import Target
from apps.updates.services import updates_check


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 host, 3 hosts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def probe(run: Run) -> Outcome:
    """Have the hosts looked at; each look is a task of its own."""
    asked = list(run.hosts.exclude(state__in=KEY_IN_DOUBT).values_list("pk", flat=True))
    for host_id in asked:
        send("apps.hosts.tasks.probe", str(host_id))
    left_out = run.hosts.count() - len(asked)
    note = f" {counted(left_out, 'host')} left out: the key is not confirmed." if left_out else ""
    return Outcome(f"{counted(len(asked), 'host')} asked.{note}", is_good=bool(asked) or not left_out)


def check_updates(run: Run) -> Outcome:
    """Ask the mirror which patch levels are out."""
    checked = updates_check(actor=run.actor, hosts=run.hosts.select_related("basejail"))
    return Outcome(checked.sentence, is_good=not checked.problems)


def verify_record(run: Run) -> Outcome:  # noqa: ARG001  every kind is called with its run
    """Walk the record's chain."""
    if broken := first_break():
        return Outcome(broken, is_good=False)
    return Outcome(f"The record is whole: {counted(AuditEvent.objects.count(), 'event')}.")


def register_kinds() -> None:
    """Make the kinds known that there are so far."""
    for kind in (
        ScheduleKind(
            "hosts.probe", "Probe", "Looks at the hosts, beside the probe that the panel does by itself.",
            HOSTS, Perm.HOST_PROBE, probe, "refresh",
        ),
        ScheduleKind(
            "updates.check", "Check for updates",
            "Asks FreeBSD's update mirror which patch level is newest for the releases of hosts and "
            "basejails. Nothing is changed on a host.",
            HOSTS, Perm.HOST_PROBE, check_updates, "download",
        ),
        ScheduleKind(
            "jails.restart", "Restart jails", "Restarts the jails that run. Those that are stopped stay so.",
            JAILS, Perm.JAIL_STOP, restart, "refresh", is_made_up_for=False,
        ),
        ScheduleKind(
            "jails.start", "Start jails",
            "Starts jails that are stopped; of a host only those that its boot would start.",
            JAILS, Perm.JAIL_START, start, "player-play", is_made_up_for=False,
        ),
        ScheduleKind(
            "jails.stop", "Stop jails", "Stops the jails that run.",
            JAILS, Perm.JAIL_STOP, stop, "player-stop", is_made_up_for=False,
        ),
        ScheduleKind(
            "jails.archive", "Archive jails",
            "Writes an archive of each jail, running or not, into its host's directory of archives. "
            "Old ones stay.",
            JAILS, Perm.JAIL_ARCHIVE, archive, "packages",
        ),
        ScheduleKind(
            "jails.snapshot", "Take snapshots of jails",
            "Takes a snapshot of each jail whose root is a ZFS dataset, and of what is below it.",
            JAILS, Perm.JAIL_ARCHIVE, snapshot, "clock",
        ),
        *(
            ScheduleKind(
                f"jails.snapshot_thin_{days}", f"Destroy snapshots older than {days} days",
                f"Destroys the panel's own snapshots of jails once they are {days} days old, all but the "
                f"newest {KEPT_ANYHOW} of each jail. Those that someone else took stay.",
                JAILS, Perm.JAIL_RESTORE, partial(thin, days), "trash",
            )
            for days in (7, 30, 90)
        ),
        ScheduleKind(
            "audit.verify", "Verify the record", "Walks the record's chain from its first event to its last.",
            (Target.PANEL,), Perm.AUDIT_VIEW, verify_record, "history",
        ),
        basejail_work.KIND,
    ):  # fmt: skip
        register_kind(kind)
