"""Making a jail from an archive, with the settings that it had where the panel knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.commands import FileChange, PlanStep, archives, ezjail
from apps.freebsd.errors import Conflict, InvalidInput, ParseError
from apps.freebsd.new_jail_file import CONTROL, Defaults, file_text, foretell, root_of
from apps.freebsd.restored_file import restored_fstab, restored_text
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.archives import plans, queries
from apps.jails.models import Archive, Jail, KeptJail
from apps.jails.new_options import NewJailOptions
from apps.jails.new_rules import defaults_of
from apps.jails.services import Agreed, NewJail, check_new_jail, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan

UNKNOWN = (
    "The panel does not know what this jail was set to: it gets ezjail's defaults. Parameters, hooks, cpuset "
    "and further mounts that it had are not in it."
)
_HOSTNAME = re.compile(r"^(?:export )?jail_\w+_hostname=\"([^\"]*)\"$", re.MULTILINE)
_IP = re.compile(r"^(?:export )?jail_\w+_ip=\"([^\"]*)\"$", re.MULTILINE)
_ROOT = re.compile(r"^(?:export )?jail_\w+_rootdir=\"([^\"]*)\"$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Known:
    """What the panel knows of the jail in an archive, or of one that it kept.

    Args:
        safe_name: What its variables are named after.
        config_text: ezjail's file as it was.
        fstab_text: Its fstab.
        norun: Whether it was not started at boot.
    """

    safe_name: str
    config_text: str
    fstab_text: str = ""
    norun: bool = False

    @property
    def name(self) -> str:
        """Its name; empty when its file does not say."""
        return _first(_HOSTNAME, self.config_text)

    @property
    def addresses(self) -> str:
        """Its addresses as its file had them."""
        return _first(_IP, self.config_text)

    @property
    def root(self) -> str:
        """Where its root was."""
        return _first(_ROOT, self.config_text)


def _first(form: re.Pattern[str], text: str) -> str:
    found = form.search(text)
    return found[1] if found else ""


def known_of(archive: Archive) -> Known | None:
    """Return what the panel knows of the jail in an archive: from when it made that, or of the jail now."""
    jobs = Job.objects.filter(
        host_id=archive.host_id, kind=plans.ARCHIVE, intent__file_name=archive.file_name
    )
    if (job := jobs.order_by("-created_at").first()) and job.intent.get("config_text"):
        intent = job.intent
        return Known(job.subject, intent["config_text"], intent["fstab_text"], bool(intent["norun"]))
    kept = KeptJail.objects.filter(host_id=archive.host_id, place=archive.file_name).first()
    if kept:
        return Known(kept.safe_name, kept.config_text, kept.fstab_text)
    jail = Jail.objects.filter(host_id=archive.host_id, safe_name=archive.safe_name or "-").first()
    if jail and jail.config_text:
        return Known(jail.safe_name, jail.config_text, jail.fstab_text, not jail.runs_at_boot)
    return None


def restore_plan(
    archive: Archive, host: Host, name: JailName, addresses: JailAddresses, known: Known | None
) -> Plan:
    """Return the plan that makes a jail from an archive; it is not started.

    Raises:
        InvalidInput: The archive has no name that we would pass on.
    """
    defaults = defaults_of(host)
    directory = queries.archive_directory(host)
    commands: list[PlanStep] = [
        archives.prove(directory, archive.file_name),
        archives.restore(name, addresses, directory, archive.file_name),
    ]
    warnings: list[str] = []
    if known:
        try:
            commands += put_back(host, name, addresses, known, defaults)
        except (InvalidInput, ParseError) as error:
            warnings.append(f"Its settings cannot be put back, so it gets ezjail's defaults. {error.message}")
        if known.norun:
            commands.append(ezjail.config_run(name, run=False))
    else:
        warnings.append(UNKNOWN)
    root = root_of(name, NewJailOptions().create, defaults.jaildir)
    checks = (f"ezjail's file for {name} holds {addresses}", f"its root {root} is there")
    title = f"Restore the jail {name} from {archive.file_name}"
    return Plan(plans.RESTORE, title, tuple(commands), checks, tuple(warnings))


def put_back(
    host: Host, name: JailName, addresses: JailAddresses, known: Known, defaults: Defaults
) -> list[PlanStep]:
    """Return the changes that give a jail, just made, the settings that it had.

    Raises:
        InvalidInput, ParseError: They cannot be put back.
    """
    if "\N{REPLACEMENT CHARACTER}" in known.config_text + known.fstab_text:
        raise InvalidInput("They held bytes that are no text, which the panel does not have.")
    create = NewJailOptions().create
    values = foretell(name, addresses, create, defaults)
    before = file_text(name, values)
    after = restored_text(known.config_text, known.safe_name, name, values)
    said = "Put back what it was set to: create writes ezjail's defaults."
    changes: list[PlanStep] = []
    if after != before:
        changes.append(FileChange(f"{CONTROL}/{name.safe_name}", before, after, said))
    base = str(host.facts.get("ezjail", {}).get("settings", {}).get("jailbase") or "")
    root = values["rootdir"]
    fstab = f"{base} {root}/basejail nullfs ro 0 0\n"
    wanted = restored_fstab(known.fstab_text, known.root, root)
    if base and wanted and wanted != fstab and not values["image"]:
        mounts = "Put back its mounts as they were; what they name has to be there."
        changes.append(FileChange(f"/etc/fstab.{name.safe_name}", fstab, wanted, mounts))
    return changes


def restore_request(
    *, actor: Actor, archive: Archive, name: JailName, addresses: JailAddresses, agreed: Agreed
) -> Job:
    """Ask for a jail to be made from an archive.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: A rule for new jails is broken; `field` says where.
        Conflict: The host is away or has no basejail, something is in the way, or the plan is another than
            was shown.
    """
    actor.require(Perm.JAIL_RESTORE, archive.host_id)
    with transaction.atomic():
        host_lock(archive.host)
        host = Host.objects.select_related("basejail").get(pk=archive.host_id)
        known = known_of(archive)
        plan = restore_plan(archive, host, name, addresses, known)
        check_place(host, name, addresses)
        return queue_plan(
            actor,
            host,
            plan,
            subject=Subject("jail", name.safe_name, name.hostname, host.pk),
            action="jail.restore_requested",
            safe_name=name.safe_name,
            intent=_intent(archive, name, addresses),
            agreed=agreed,
        )


def _intent(archive: Archive, name: JailName, addresses: JailAddresses) -> dict[str, Any]:
    return {"file_name": archive.file_name, "name": name.hostname, "addresses": str(addresses)}


def check_place(host: Host, name: JailName, addresses: JailAddresses) -> None:
    """Refuse a jail that would break a rule, or whose place something else takes.

    Raises:
        InvalidInput: A rule is broken; `field` says where.
        Conflict: There is no basejail, or something is left where its root would be.
    """
    reason = "It is restored as it was."
    gone = Jail.objects.filter(host=host, safe_name=name.safe_name, missing_since__isnull=False).exists()
    check_new_jail(host, NewJail(name, addresses, None, reason), without=name.safe_name if gone else "")
    left = host.facts.get("leftovers", {})
    for path in (*left.get("roots", []), *left.get("datasets", [])):
        if path.rpartition("/")[2] == name.hostname:
            raise Conflict(f"{path} is in the way, left over on {host.name}. Mend or remove that first.")
