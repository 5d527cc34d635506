"""A basejail as it was last seen, and what its jails need after a change of it."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Release
from apps.hosts.models import Host
from apps.jails.basejail.update_plans import KIND as UPDATE
from apps.jails.basejail.update_plans import Trees
from apps.jails.models import Basejail, Jail, Snapshot
from apps.jobs.models import Job, JobState, StepState
from apps.updates.queries import UpdateNote, update_note

INSTALL = "jails.basejail_install"
MOST_JOBS = 10
_RAN = (StepState.SUCCEEDED, StepState.FAILED, StepState.LOST, StepState.CANCELLED)
_CHANGERS = ("/usr/local/bin/ezjail-admin", "/usr/sbin/freebsd-update", "/sbin/zfs")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a page says of a basejail.

    Args:
        basejail: Its row; None when the host was never seen.
        trees: Where it lies; None where ezjail's settings name paths that the panel would not pass on.
        note: What the update mirror said of its release.
        is_packaged: Whether the host's own base system is of packages.
        sets: Files of sets that lie on the host.
        stale: Running jails that were started before the basejail was changed last.
        running: How many jails run.
    """

    basejail: Basejail | None
    trees: Trees | None
    note: UpdateNote | None
    is_packaged: bool
    sets: tuple[str, ...]
    stale: list[Jail]
    running: int

    @property
    def is_present(self) -> bool:
        """Whether there is one."""
        return bool(self.basejail and self.basejail.is_present)


def situation_of(host: Host) -> Situation:
    """Return a host's basejail as it was last seen."""
    basejail = getattr(host, "basejail", None)
    upkeep = host.facts.get("upkeep") or {}
    running = list(Jail.objects.filter(host=host, jid__isnull=False, is_dying=False).order_by("name"))
    return Situation(
        basejail,
        _trees(host),
        update_note(basejail.release, str(host.facts.get("machine", ""))) if basejail else None,
        bool(upkeep.get("is_packaged")),
        tuple(upkeep.get("sets", ())),
        stale_jails(host, running),
        len(running),
    )


def _trees(host: Host) -> Trees | None:
    try:
        return trees_of(host)
    except InvalidInput:
        return None


def trees_of(host: Host) -> Trees:
    """Return where a host's basejail and template lie, and what waits there.

    Raises:
        InvalidInput: ezjail's settings name paths that the panel would not pass on.
    """
    settings = host.facts.get("ezjail", {}).get("settings", {})
    jaildir = settings.get("jaildir") or "/usr/jails"
    dataset = f"{settings['jailzfs']}/basejail" if settings.get("use_zfs") and settings.get("jailzfs") else ""
    return Trees(
        AbsolutePath(settings.get("jailbase") or f"{jaildir}/basejail"),
        AbsolutePath(settings.get("jailtemplate") or f"{jaildir}/newjail"),
        _release(host),
        dataset,
        tuple((host.facts.get("upkeep") or {}).get("pending", ())),
        _newest_snapshot(host, dataset),
    )


def _release(host: Host) -> Release | None:
    basejail = getattr(host, "basejail", None)
    try:
        return Release.parse(basejail.release) if basejail else None
    except InvalidInput:
        return None


def _newest_snapshot(host: Host, dataset: str) -> str:
    """Return the newest snapshot of the basejail: only to that ZFS goes back without destroying others."""
    rows = Snapshot.objects.filter(host=host, dataset=dataset) if dataset else Snapshot.objects.none()
    newest = rows.order_by("-made_at", "-pk").first()
    return str(newest.name) if newest else ""


def running_jids(host: Host) -> dict[str, int]:
    """Return the JIDs of the jails that run: those that have the same after a change need a restart."""
    rows = Jail.objects.filter(host=host, jid__isnull=False, is_dying=False)
    return {jail.safe_name: jail.jid for jail in rows if jail.jid is not None}


def stale_jails(host: Host, running: list[Jail]) -> list[Jail]:
    """Return the running jails that were started before the basejail was changed last by the panel."""
    change = last_change(host) if running else None
    if change is None or (host.boot_at and change.ended_at and host.boot_at > change.ended_at):
        return []
    jids = change.intent.get("jids", {})
    return [jail for jail in running if jids.get(jail.safe_name) == jail.jid]


def last_change(host: Host) -> Job | None:
    """Return the last job that changed the basejail; one that found nothing new did not."""
    basejail = getattr(host, "basejail", None)
    jobs = Job.objects.filter(host=host, kind__in=(INSTALL, UPDATE), ended_at__isnull=False)
    for job in jobs.prefetch_related("steps").order_by("-created_at")[:MOST_JOBS]:
        was = job.intent.get("was")
        is_same = was is not None and basejail is not None and was == basejail.release
        if _ran(job) and not is_same:
            return job
    return None


def _ran(job: Job) -> bool:
    """Tell whether a command of the job's that changes the basejail ran, however it ended."""
    if job.state == JobState.SUCCEEDED:
        return True
    steps = (step for step in job.steps.all() if step.started_at and step.state in _RAN)
    return any(program in step.argv for step in steps for program in _CHANGERS)
