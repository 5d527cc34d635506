"""Proving moves and copies by what the probe after them saw."""

from __future__ import annotations

from apps.freebsd.jail_file import JailFile
from apps.jails import next_links
from apps.jails.drift.kinds import register_making
from apps.jails.models import Archive, Jail
from apps.jails.moving.links import from_move
from apps.jails.moving.plans import BACK, COPY, FLAVOUR, MOVE
from apps.jails.queries import host_flavours
from apps.jobs.models import Job
from apps.jobs.ports import JobKind, register_kind


def register_kinds() -> None:
    """Tell the engine the kinds of job of this topic."""
    change = next_links.from_change
    register_kind(JobKind(MOVE, "Move a jail to another host", _moved, from_move))
    register_kind(JobKind(BACK, "Take a moved jail back", _taken_back, change))
    register_kind(JobKind(COPY, "Copy an archive to another host", _copied))
    register_kind(JobKind(FLAVOUR, "Copy a flavour to another host", _flavour_copied))
    register_making(MOVE)


def _moved(job: Job) -> list[str]:
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None or jail.observed_at is None:
        return ["ezjail knows no such jail on the host."]
    return _left(job, jail) if job.intent["part"] == "out" else _arrived(job, jail)


def _left(job: Job, jail: Jail) -> list[str]:
    problems = [f"jls still shows the jail (JID {jail.jid})."] if jail.is_running else []
    if jail.runs_at_boot:
        problems.append("The host would start it when it boots.")
    return [*problems, *_archive_problems(job)]


def _archive_problems(job: Job) -> list[str]:
    name = job.intent["file_name"]
    archive = Archive.objects.filter(host_id=job.host_id, file_name=name).first()
    if archive is None:
        return [f"The archive {name} is not there."]
    return [] if archive.size_bytes else [f"The archive {name} is empty."]


def _arrived(job: Job, jail: Jail) -> list[str]:
    intent = job.intent
    problems = [jail.problem] if jail.problem else []
    if not jail.root_exists:
        problems.append(f"Its root directory {jail.root} is not there.")
    addresses = ",".join(str(address) for address in jail.addresses.all())
    if addresses != intent["addresses"]:
        problems.append(f"ezjail's file holds the addresses {addresses or '(none)'}.")
    file = JailFile(jail.safe_name, jail.config_text)
    wrong = [key for key, value in intent["settings"].items() if file.value(key) != value]
    problems += [f"{key} is not as it was on the old host." for key in wrong]
    if intent["starts"] and not jail.is_running:
        problems.append("It does not run.")
    if jail.runs_at_boot != intent["runs_at_boot"]:
        problems.append("Whether the host starts it at boot is not as it was on the old host.")
    return problems


def _taken_back(job: Job) -> list[str]:
    jail = Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).first()
    if jail is None:
        return ["ezjail knows no such jail on the host."]
    problems = [] if jail.is_running or not job.intent["ran"] else ["It does not run."]
    if jail.runs_at_boot != job.intent["runs_at_boot"]:
        problems.append("Whether the host starts it at boot is not as it was.")
    return problems


def _copied(job: Job) -> list[str]:
    problems = _archive_problems(job)
    archive = Archive.objects.filter(host_id=job.host_id, file_name=job.intent["file_name"]).first()
    if archive and archive.size_bytes != job.intent["size_bytes"]:
        problems.append("It is not as long as on the other host.")
    return problems


def _flavour_copied(job: Job) -> list[str]:
    name = job.intent["flavour"]
    is_there = name in host_flavours(job.host)
    return [] if is_there or job.intent["part"] != "unpack" else [f"The host has no flavour {name}."]
