"""A rename that was cut in its middle, among what is half made on a host: one finding in place of two.

Without it the moved root would look like what a create left, and be offered for removal, data and all.

Source: reference ezjail §11 (`config -n`: moved root, old config; or both configs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from apps.accounts.permissions import Perm
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.jails.repair_kinds import FINISH, Finding, Repair
from apps.jails.settings.half_renamed import rest_plan
from apps.jails.settings.renaming import RENAME
from apps.jobs.models import OPEN_STATES, Job, JobState

MOST_JOBS = 20
ADVICE = "Look on the host which of the two names its file, its fstab and its root have, and make them one."


def with_renames(host: Host, found: list[Finding]) -> list[Finding]:
    """Return the findings with those that a rename left put together.

    Args:
        host: The host as it was last seen.
        found: All that is half made there.
    """
    keys = {finding.key for finding in found}
    may_be = any(key.startswith(("rootless-", "remains-")) for key in keys)
    renames = list(_renames(host, keys)) if may_be else []
    covered = {key for job in renames for key in _keys(job)}
    return [*(one for one in found if one.key not in covered), *(_finding(job) for job in renames)]


def _keys(job: Job) -> tuple[str, str]:
    return f"rootless-{job.subject}", f"remains-{job.intent['new_safe_name']}"


def _renames(host: Host, keys: set[str]) -> Iterator[Job]:
    """Give the last rename of each jail that came to nothing, where something of it is still to be seen."""
    jobs = Job.objects.filter(host=host, kind=RENAME).select_related("host").order_by("-created_at")
    seen: set[str] = set()
    for job in jobs[:MOST_JOBS]:
        is_last = job.subject not in seen
        seen.add(job.subject)
        over = job.state not in (*OPEN_STATES, JobState.SUCCEEDED)
        if is_last and over and keys.intersection(_keys(job)):
            yield job


def _finding(job: Job) -> Finding:
    intent = job.intent
    sentence = (
        f"{intent['name']} was being renamed to {intent['new_name']}, and that was cut short: some of it has "
        "the new name, and some the old one."
    )
    repairs = tuple(_repairs(job))
    return Finding(f"rename-{job.subject}", job.subject, sentence, "" if repairs else ADVICE, repairs)


def _repairs(job: Job) -> Iterable[Repair]:
    with suppress(PanelError):
        if plan := rest_plan(job):
            yield Repair(FINISH, "Finish the rename", plan, Perm.JAIL_CHANGE, dict(job.intent))
