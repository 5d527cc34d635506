"""Proving a finished job by what the probe after it saw: a sentence for each thing that is not as wanted."""

from __future__ import annotations

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.parsers.ezjail_file import parse_ezjail_file
from apps.freebsd.values import Release
from apps.jails import new_proof, next_links, remains, retry
from apps.jails.keeping.kinds import not_kept
from apps.jails.models import Basejail, Jail
from apps.jobs.models import Job
from apps.jobs.ports import JobKind, register_kind


def register_kinds() -> None:
    """Tell the engine the kinds of job of this room."""
    install, create, change = next_links.from_basejail, next_links.from_create, next_links.from_change
    for name, label, verify, links, again in (
        ("jails.basejail_install", "Install the basejail", _basejail_installed, install, retry.INSTALL),
        ("jails.create", "Create a jail", _created, create, retry.CREATE),
        ("jails.start", "Start a jail", _started, change, retry.START),
        ("jails.stop", "Stop a jail", _stopped, change, retry.STOP),
        ("jails.restart", "Restart a jail", _restarted, change, retry.RESTART),
        ("jails.delete", "Delete a jail", _deleted, change, retry.DELETE),
        ("jails.repair", "Mend what was left half made", _mended, change, retry.REPAIR),
    ):
        register_kind(JobKind(name, label, verify, links, again))


def _basejail_installed(job: Job) -> list[str]:
    basejail = Basejail.objects.filter(host_id=job.host_id).first()
    if basejail is None or not basejail.is_present:
        return ["There is no basejail on the host."]
    problems = [f"The basejail is not complete: {problem}." for problem in basejail.problems]
    if _release_name(basejail.release) != job.intent["release"]:
        problems.append(
            f"The basejail says that it is {basejail.release or 'of an unknown release'}, "
            f"not {job.intent['release']}."
        )
    return problems


def _release_name(text: str) -> str:
    try:
        return Release.parse(text).name
    except InvalidInput:
        return text


def _created(job: Job) -> list[str]:
    jail = _jail(job)
    if jail is None or jail.observed_at is None:
        return ["ezjail knows no such jail on the host."]
    problems = [jail.problem] if jail.problem else []
    if not jail.root_exists:
        problems.append(f"Its root directory {jail.root} is not there.")
    addresses = ",".join(str(address) for address in jail.addresses.all())
    if addresses != job.intent["addresses"]:
        problems.append(f"ezjail's file holds the addresses {addresses or '(none)'}.")
    return [*problems, *_lacking(jail), *new_proof.wrong_of_options(job, jail)]


def _lacking(jail: Jail) -> list[str]:
    """Return that a file was not written to its end; it is new, so that no older ezjail wrote it."""
    try:
        missing = parse_ezjail_file(jail.config_text, jail.safe_name).missing
    except ParseError:
        return []
    return [f"ezjail's file was cut short: it lacks {', '.join(missing)}."] if missing else []


def _started(job: Job) -> list[str]:
    jail = _jail(job)
    return [] if jail and jail.is_running else ["jls does not show the jail: it does not run."]


def _stopped(job: Job) -> list[str]:
    jail = _jail(job)
    if jail is None or not jail.is_running:
        return []
    return [f"jls still shows the jail (JID {jail.jid})."]


def _restarted(job: Job) -> list[str]:
    jail = _jail(job)
    if jail is None or not jail.is_running:
        return ["jls does not show the jail: it was stopped and does not run again."]
    same = jail.jid == job.intent["jid"]
    return ["The jail still has its old JID: it was not restarted."] if same else []


def _deleted(job: Job) -> list[str]:
    jail = _jail(job)
    problems = ["The jail is still there."] if jail else []
    root = job.intent["root"]
    left = job.host.facts.get("leftovers", {}).get("roots", [])
    if job.intent["wipe"] and root in left:
        problems.append(f"Its root directory {root} is still there.")
    return [*problems, *not_kept(job)]


def _mended(job: Job) -> list[str]:
    """Look for what was half made, and for what should have become of it."""
    proofs = {"jails.create": _created, "jails.delete": _gone, "norun": _norun_again}
    proof = proofs.get(job.intent["wish"])
    return [*remains.is_mended(job), *(proof(job) if proof else [])]


def _gone(job: Job) -> list[str]:
    dataset = job.intent.get("dataset")
    left = job.host.facts.get("leftovers", {}).get("datasets", [])
    stays = [f"The dataset {dataset} is still there."] if dataset in left else []
    return [*_deleted(job), *stays]


def _norun_again(job: Job) -> list[str]:
    jail = _jail(job)
    if jail is None:
        return ["ezjail knows no such jail on the host."]
    problems = ["The host would still start it at its next boot."] if jail.runs_at_boot else []
    runs = job.intent["runs"]
    if runs is not None and jail.is_running != runs:
        problems.append("It runs." if jail.is_running else "It does not run.")
    return problems


def _jail(job: Job) -> Jail | None:
    return Jail.objects.filter(host_id=job.host_id, safe_name=job.subject).first()
