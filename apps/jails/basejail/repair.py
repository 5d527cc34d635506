"""What an installation or an update of the basejail left half done beside the trees, and the ways on.

Source: reference ezjail §11 (update -u, update -U; install: fetch).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC

from apps.accounts.permissions import Perm
from apps.freebsd.commands import sets
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.jails import repair_plans
from apps.jails.basejail import update_plans
from apps.jails.basejail.situation import trees_of
from apps.jails.basejail.update_plans import Way
from apps.jails.repair_jobs import was_cut
from apps.jails.repair_kinds import FINISH, UNDO, Finding, Known, Repair
from apps.jobs.models import Job
from apps.jobs.plan import Plan

KEYS = ("pending", "sets", "staging", "half-patched")


def upkeep_findings(host: Host, known: Known) -> Iterator[Finding]:
    """Give what waits to be installed, and what lies about, unless a job is at the basejail.

    Args:
        host: The host as it was last seen.
        known: What else is known of it.
    """
    if "" in known.busy:
        return
    upkeep = known.facts.get("upkeep") or {}
    if upkeep.get("pending"):
        with suppress(InvalidInput):  # directories that the panel passes to no command
            yield _pending(host)
    seen = known.facts.get("basejail") or {}
    is_half_made = bool(seen.get("half_made") or (seen.get("present") and seen.get("missing")))
    if upkeep.get("sets") and not is_half_made:
        yield _sets(upkeep["sets"])
    yield from _staging(known)


def _pending(host: Host) -> Finding:
    trees = trees_of(host)
    sentence = (
        f"freebsd-update has fetched for {' and '.join(trees.pending)} what it has not installed: an update "
        "was cut short."
    )
    checks = ("freebsd-update has nothing left to install",)
    title = "Finish freebsd-update's installation"
    plan = Plan(repair_plans.KIND, title, update_plans.finishes(trees), checks, (update_plans.SEEN_AT_ONCE,))
    repair = Repair(FINISH, "Install them", plan, Perm.BASEJAIL_INSTALL, {"wish": "finish"})
    return Finding("pending", "", sentence, "", (repair,))


def _sets(paths: list[str]) -> Finding:
    sentence = (
        f"Sets of an installation that was cut short lie on the host: {', '.join(paths)}. The next "
        "installation of their release goes on with them."
    )
    plan = Plan(repair_plans.KIND, "Remove the sets", sets.remove_listed(paths), ("the sets are gone",))
    repair = Repair(UNDO, "Remove them", plan, Perm.BASEJAIL_INSTALL, {"wish": "tidy"})
    return Finding("sets", "", sentence, "", (repair,))


def _staging(known: Known) -> Iterator[Finding]:
    """Give the dataset of an installation that is not mounted: ezjail does not see it, and cannot make it."""
    jailzfs = known.settings.get("jailzfs") or ""
    names = {dataset.get("name") for dataset in known.facts.get("datasets") or ()}
    half_made = (known.facts.get("basejail") or {}).get("half_made", ())
    if not known.settings.get("use_zfs") or "fulljail" in half_made or f"{jailzfs}/fulljail" not in names:
        return
    sentence = (
        f"The dataset {jailzfs}/fulljail of an installation that was cut short is there and not mounted: the "
        "next installation cannot make its own."
    )
    plan = repair_plans.tidy_dataset_plan(str(jailzfs))
    repair = Repair(UNDO, "Destroy the dataset", plan, Perm.BASEJAIL_INSTALL, {"wish": "tidy"})
    yield Finding("staging", "", sentence, "", (repair,))


def half_patched(job: Job) -> Iterator[Finding]:
    """Give the patch that reached the basejail and perhaps not the template: only its job knows of it.

    Args:
        job: One that has ended and did not succeed, the last of its host's basejail.
    """
    basejail = getattr(job.host, "basejail", None)
    if job.kind != update_plans.KIND or job.intent.get("way") != Way.PATCH or not was_cut(job):
        return
    if basejail is None or basejail.release == job.intent.get("was") or job.ended_at is None:
        return
    try:
        plan = update_plans.patch_plan(trees_of(job.host), f"{job.ended_at.astimezone(UTC):%Y%m%d%H%M%S}")
    except (Conflict, InvalidInput):
        return
    again = Plan(repair_plans.KIND, plan.title, plan.commands, plan.checks, plan.warnings)
    sentence = f"The basejail is {basejail.release} by now; the template for new jails may not be."
    repair = Repair(FINISH, "Patch both again", again, Perm.BASEJAIL_INSTALL, {"wish": "finish"})
    yield Finding("half-patched", "", sentence, "", (repair,))
