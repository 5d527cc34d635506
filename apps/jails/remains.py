"""What is half made on a host, and the services that have it mended or left as it is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.models import AuditEvent
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails import repair_jobs, services
from apps.jails.basejail.repair import KEYS, half_patched, upkeep_findings
from apps.jails.basejail.services import basejail_plan, intent_of, wish_of
from apps.jails.models import Jail
from apps.jails.repair import findings, remains_of
from apps.jails.repair_kinds import Finding, Install, Known, Repair, Wish
from apps.jails.repair_plans import STAND_IN
from apps.jails.services import Agreed
from apps.jails.settings.findings import with_renames
from apps.jails.settings.renaming import RENAME
from apps.jobs.models import OPEN_STATES, Job, JobState
from apps.jobs.retries import was_looked_at_since
from apps.jobs.services import announce, job_find

MOST_JOBS = 20
_MAKERS = ("jails.create", "jails.delete")
_BASEJAIL = ("jails.basejail_install", "jails.basejail_update")
_CHANGERS = (
    *_MAKERS,
    "jails.start",
    "jails.stop",
    "jails.restart",
    "jails.repair",
    RENAME,
    *_BASEJAIL,
)


def host_findings(host: Host) -> list[Finding]:
    """Return all that is half made on a host as it was last seen."""
    return with_renames(host, _findings(host, _known(host)))


def _findings(host: Host, known: Known) -> list[Finding]:
    return [*findings(known), *upkeep_findings(host, known)]


def is_mended(job: Job) -> list[str]:
    """Return what a repair was to mend and is still there, once its commands have run."""
    found = _findings(job.host, _known(job.host, but=job))
    return [finding.sentence for finding in found if finding.key == job.intent.get("finding")]


def job_findings(job: Job) -> list[Finding]:
    """Return what is half made of what a job was about, once it has ended without success."""
    if not _came_to_nothing(job) or not was_looked_at_since(job):
        return []
    jobs = _jobs_of(job)
    if jobs[:1] != [job]:
        return []  # what is there now is a later job's business
    found = _findings(job.host, _known(job.host))
    found = with_renames(job.host, found) if job.kind == RENAME else found
    about = [finding for finding in found if _concerns(job, finding)]
    about += half_patched(job)
    if job.subject and (jail := _jail_of(job)):
        about += repair_jobs.findings_of(job, jail, jobs)
    return about


def nobody_looked(job: Job) -> bool:
    """Tell whether a job may have left something half made, and its host was not looked at since."""
    return _came_to_nothing(job) and not was_looked_at_since(job)


def _came_to_nothing(job: Job) -> bool:
    return not job.is_open and job.state != JobState.SUCCEEDED and job.kind in _CHANGERS


def _concerns(job: Job, finding: Finding) -> bool:
    if finding.key == "snapshot":
        return job.kind in ("jails.create", "jails.repair")
    return finding.safe_name == job.subject and (bool(job.subject) or finding.key in ("basejail", *KEYS))


def _jail_of(job: Job) -> Jail | None:
    jails = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject)
    return jails.select_related("host").prefetch_related("addresses").first()


def _known(host: Host, *, but: Job | None = None) -> Known:
    """Put together what is known of a host, with those of its jails alone that anything may be wrong with.

    Args:
        host: The host.
        but: A job that does not count as being at work.
    """
    names = list(remains_of(Known(host.name, host.facts, {})))
    open_jobs = Job.objects.filter(host=host, state__in=OPEN_STATES)
    if but:
        open_jobs = open_jobs.exclude(pk=but.pk)
    return Known(
        host.name,
        host.facts,
        _suspects(host, names),
        wishes=_wishes(host, names),
        busy=frozenset(open_jobs.values_list("subject", flat=True)),
        install=_install(host),
    )


def _suspects(host: Host, names: list[str]) -> dict[str, Jail]:
    unmarked = host.facts.get("leftovers", {}).get("unmarked", [])
    wanted = (
        Q(root_exists=False)
        | Q(root="")
        | ~Q(problem="")
        | Q(safe_name__in=[*names, *unmarked, STAND_IN.safe_name])
    )
    wanted |= Q(root__endswith="/fulljail") | Q(root__endswith="/ezjailtemp")
    jails = Jail.objects.filter(wanted, host=host, missing_since__isnull=True).prefetch_related("addresses")
    return {jail.safe_name: jail for jail in jails.select_related("host").order_by("safe_name")}


def _wishes(host: Host, names: list[str]) -> dict[str, Wish]:
    """Return what the last job that made or deleted each jail was for; the making one knows its addresses."""
    wishes: dict[str, Wish] = {}
    jobs = Job.objects.filter(host=host, subject__in=names, kind__in=_MAKERS).prefetch_related("steps")
    for job in jobs.order_by("created_at") if names else ():
        wishes[job.subject] = _wish(job, wishes.get(job.subject) or Wish(""))
    return wishes


def _wish(job: Job, before: Wish) -> Wish:
    intent = job.intent
    made = job.kind == "jails.create"
    return Wish(
        kind=job.kind,
        name=str(intent.get("name") or before.name),
        # What had options is removed first, and tried again as it was: "anew" would make a plain jail of it.
        addresses="" if intent.get("options") else str(intent.get("addresses") or before.addresses),
        flavour=str(intent.get("flavour") or "") if made else before.flavour,
        public_first_reason=str(intent.get("public_first_reason") or before.public_first_reason),
        wipe=bool(intent.get("wipe")),
        was_cut=repair_jobs.was_cut(job) and (made or bool(intent.get("wipe"))),
        kept_at=str(intent.get("at") or "") if "/" in str(intent.get("place")) else "",
    )


def _install(host: Host) -> Install | None:
    """Plan the last install that was asked for once more, or one of the release that is there."""
    seen = host.facts.get("basejail") or {}
    if not (seen.get("half_made") or (seen.get("present") and seen.get("missing"))):
        return None
    last = Job.objects.filter(host=host, kind="jails.basejail_install").order_by("-created_at").first()
    intent: dict[str, Any] = {"release": _release_there(host), "sources": False, "ports": False}
    intent |= last.intent if last else {}
    with suppress(InvalidInput, Conflict):
        wish = wish_of(intent)
        return Install(basejail_plan(host, wish), intent_of(wish))
    return None


def _release_there(host: Host) -> str:
    text = (host.facts.get("basejail") or {}).get("release") or host.release
    try:
        return Release.parse(text).name
    except InvalidInput:
        return ""


def _jobs_of(job: Job) -> list[Job]:
    kinds = _CHANGERS if job.subject else (*_BASEJAIL, "jails.repair")
    jobs = Job.objects.filter(host_id=job.host_id, subject=job.subject, kind__in=kinds)
    return list(jobs.prefetch_related("steps").order_by("-created_at")[:MOST_JOBS])


def find(host: Host, key: str, way: str, job: Job | None) -> tuple[Finding, Repair]:
    """Return a finding and the way on that a person chose.

    Raises:
        Conflict: It is not there any more, or cannot be mended so.
    """
    found = {finding.key: finding for finding in host_findings(host)}
    if job:
        job.host = host  # as it was read under the lock
        found |= {finding.key: finding for finding in job_findings(job)}
    finding = found.get(key)
    if finding is None:
        raise Conflict(
            "What was to be mended is not there any more, or a job is at it. Look at the host again."
        )
    repair = next((repair for repair in finding.repairs if repair.way == way), None)
    if repair is None:
        raise Conflict(f"The panel has no commands for that. {finding.advice}".strip())
    return finding, repair


def repair_request(
    *, actor: Actor, host: Host, key: str, way: str, origin: Job | None, typed_name: str, agreed: Agreed
) -> Job:
    """Ask for something half made to be mended.

    Args:
        actor: Who asks.
        host: Where it is.
        key: What it is (Finding.key).
        way: `finish` or `undo`.
        origin: The job that left it, where that is known.
        typed_name: What was typed to confirm that files are destroyed.
        agreed: The plan that was shown, and the form's key.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The typed name is not the jail's, or a rule for new jails is broken.
        Conflict: It is not there any more, the host is away, a job is at it, or the plan is another than was
            shown.
    """
    with transaction.atomic():
        host_lock(host)
        if existing := _asked_before(actor, host, agreed):
            return existing
        finding, repair = find(host, key, way, origin)
        actor.require(repair.perm, host.pk)
        if typed_name != repair.typed_name:
            raise InvalidInput(f"Type the name, {repair.typed_name}, to confirm.", field="typed_name")
        if repair.wanted:
            services.check_new_jail(host, repair.wanted, without=finding.safe_name)
        return services.queue_plan(
            actor,
            host,
            repair.plan,
            subject=Subject("host", str(host.pk), host.name, host.pk),
            action="repair.requested",
            safe_name=finding.safe_name,
            intent={**repair.intent, "finding": key, "way": way, "typed_name": repair.typed_name},
            agreed=Agreed(agreed.plan_hash, agreed.idempotency_key, origin),
        )


def finding_leave(*, actor: Actor, job: Job, key: str) -> None:
    """Note that someone looked at what a job left, and decided to leave it so. Nothing changes on the host.

    Raises:
        NotAllowed: The actor may not decide that.
        Conflict: It is not there any more.
    """
    actor.require(Perm.JOB_CANCEL, job.host_id)
    finding = next((finding for finding in job_findings(job) if finding.key == key), None)
    if finding is None:
        raise Conflict("That is not there any more. Look at the job again.")
    with transaction.atomic():
        subject = Subject("job", str(job.pk), job.title, job.host_id)
        record(
            actor=actor,
            action="repair.left",
            subject=subject,
            job_id=job.pk,
            finding=key,
            was=finding.sentence,
        )
        announce(job)


def left_by(job: Job) -> dict[str, AuditEvent]:
    """Return who decided last to leave what a job left, by the finding's key."""
    events = AuditEvent.objects.filter(job_id=job.pk, action="repair.left").order_by("sequence")
    return {str(event.detail.get("finding")): event for event in events}


def _asked_before(actor: Actor, host: Host, agreed: Agreed) -> Job | None:
    """By now a job is at it, so that it is no finding any more."""
    for job in Job.objects.filter(host=host, plan_hash=agreed.plan_hash).order_by("-created_at")[:MOST_JOBS]:
        key = agreed.idempotency_key
        if job_find(actor=actor, host_id=host.pk, plan=job.stored_plan, idempotency_key=key) == job:
            return job
    return None
