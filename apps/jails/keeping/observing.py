"""Rows of kept jails follow what is on the host; what the job knew of the jail is taken from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from apps.freebsd.parsers.facts import HostFacts
from apps.freebsd.parsers.leftovers import is_kept_dataset
from apps.freebsd.values import safe_name
from apps.hosts.models import Host
from apps.jails.keeping.plans import DELETE, KEPT
from apps.jails.keeping.queries import keep_days
from apps.jails.models import KeptJail
from apps.jobs.models import Job

# For how long a kept jail stays that nobody knows anything of, on a host without a rule.
USUAL_DAYS = 14
_SUFFIX = len("-20261124125900")


def observe(host: Host, facts: HostFacts) -> bool:
    """Store what is kept of deleted jails on a host.

    Returns:
        Whether anything that people see has changed.
    """
    seen = {item.name: True for item in facts.datasets or () if is_kept_dataset(item.name)}
    seen |= {item.name: False for item in facts.archives or () if item.name.startswith(KEPT)}
    rows = {row.place: row for row in KeptJail.objects.filter(host=host)}
    told = {True: facts.datasets is not None, False: facts.archives is not None}
    gone = [row.pk for place, row in rows.items() if place not in seen and told[row.is_dataset]]
    if gone:
        KeptJail.objects.filter(pk__in=gone).delete()
    new = [place for place in seen if place not in rows]
    if new:
        KeptJail.objects.bulk_create(_rows(host, facts, new, seen))
    return bool(gone or new)


def _rows(host: Host, facts: HostFacts, new: list[str], seen: dict[str, bool]) -> Iterable[KeptJail]:
    jobs = Job.objects.filter(host=host, kind=DELETE, intent__place__in=new).order_by("created_at")
    by_place = {job.intent["place"]: job for job in jobs}
    until = facts.now + timedelta(days=keep_days(host) or USUAL_DAYS)
    for place in new:
        if job := by_place.get(place):
            yield KeptJail(host=host, place=place, is_dataset=seen[place], **_told(job))
        else:
            name = _name_in(place, is_dataset=seen[place])
            known = {"name": name, "safe_name": safe_name(name), "config_text": ""}
            yield KeptJail(
                host=host,
                place=place,
                is_dataset=seen[place],
                deleted_at=facts.now,
                keep_until=until,
                **known,
            )


def _told(job: Job) -> dict[str, Any]:
    """Return what the job that deleted a jail knew of it."""
    intent = job.intent
    return {
        "name": intent["name"],
        "safe_name": job.subject,
        "config_text": intent["config_text"],
        "fstab_text": intent["fstab_text"],
        "deleted_at": job.created_at,
        "keep_until": job.created_at + timedelta(days=int(intent["days"])),
    }


def _name_in(place: str, *, is_dataset: bool) -> str:
    if is_dataset:
        return place.rpartition("/")[2].removeprefix("kept-")[:-_SUFFIX]
    return place.removeprefix(KEPT).rpartition("-")[0] or place
