"""Deleting a jail so that it can be had back, bringing it back, and destroying what was kept."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.actor import PANEL, Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.commands import PlanStep, ezjail, zfs_kept
from apps.freebsd.errors import Conflict, InvalidInput, PanelError, ParseError
from apps.freebsd.values import JailAddresses, JailName
from apps.hosts.models import Host, HostGroup
from apps.hosts.services import host_lock
from apps.jails.archives import queries as archive_queries
from apps.jails.archives import restoring
from apps.jails.archives.plans import RESTORE
from apps.jails.archives.restoring import Known
from apps.jails.archives.services import Wish, jail_wish_request
from apps.jails.keeping import plans
from apps.jails.keeping.plans import Keeping
from apps.jails.keeping.queries import MOST_DAYS
from apps.jails.models import Archive, Jail, KeepPolicy, KeptJail
from apps.jails.new_rules import defaults_of
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.jobs.policies import announce


def keeping_of(jail: Jail, at: str, days: int) -> Keeping:
    """Return how a jail would be kept, as it was last seen."""
    datasets = archive_queries.datasets_of(jail)
    return plans.keeping_of(jail, at, days, dataset=datasets[0].name if datasets else "")


def delete_wish(jail: Jail, at: str, days: int) -> Wish:
    """Return the wish that a jail is deleted and kept.

    Args:
        jail: Which.
        at: The moment in the name under which it is kept.
        days: For how long.
    """
    keeping = keeping_of(jail, at, days)
    intent = {
        "wipe": True,
        "addresses": ",".join(str(address) for address in jail.addresses.all()),
        "name": jail.name,
        "place": keeping.place,
        "at": at,
        "days": days,
        "config_text": jail.config_text,
        "fstab_text": jail.fstab_text,
        "norun": not jail.runs_at_boot,
    }

    def plan(row: Jail) -> Plan:
        return plans.delete_plan(row, keeping_of(row, at, days))

    return Wish(Perm.JAIL_DELETE, "jail.delete_requested", plan, intent)


def kept_delete_request(
    *, actor: Actor, jail: Jail, at: str, days: int, typed_name: str, agreed: Agreed
) -> Job:
    """Ask for a jail to be deleted and kept for some days.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The typed name is not the jail's, or it cannot be kept.
        Conflict: As `jail_wish_request` does.
    """
    actor.require(Perm.JAIL_DELETE, jail.host_id)
    if typed_name != jail.name:
        raise InvalidInput(f"Type the jail's name, {jail.name}, to confirm.", field="typed_name")
    return jail_wish_request(actor=actor, jail=jail, wish=delete_wish(jail, at, days), agreed=agreed)


# -- having it back ---------------------------------------------------------------------------------------


def bring_back_plan(kept: KeptJail, host: Host) -> Plan:
    """Return the plan that makes a kept jail a jail again; it is not started.

    Raises:
        Conflict: The panel does not know its addresses, or its archive is gone.
        InvalidInput: A name is none that we would pass on.
    """
    known = _known_of(kept)
    if not known.addresses:
        raise Conflict("The panel does not know what this jail was: restore it by hand, or from its archive.")
    name, addresses = JailName.parse(kept.name), JailAddresses.parse(known.addresses)
    if not kept.is_dataset:
        archive = Archive.objects.filter(host=host, file_name=kept.place).first()
        if archive is None:
            raise Conflict("Its archive is not there any more.")
        return restoring.restore_plan(archive, host, name, addresses, known)
    defaults = defaults_of(host)
    root = f"{defaults.jaildir}/{name}"
    commands: list[PlanStep] = [
        *zfs_kept.bring_back(defaults.jailzfs, name, kept.place[-14:], root),
        ezjail.register(name, addresses),
    ]
    warnings: tuple[str, ...] = ()
    try:
        commands += restoring.put_back(host, name, addresses, known, defaults)
    except (InvalidInput, ParseError) as error:
        warnings = (f"Its settings cannot be put back, so it gets ezjail's defaults. {error.message}",)
    if known.norun:
        commands.append(ezjail.config_run(name, run=False))
    checks = (f"ezjail's file for {name} holds {addresses}", f"its root {root} is there")
    return Plan(RESTORE, f"Bring the jail {name} back", tuple(commands), checks, warnings)


def _known_of(kept: KeptJail) -> Known:
    job = Job.objects.filter(host_id=kept.host_id, kind=plans.DELETE, intent__place=kept.place).first()
    norun = bool(job and job.intent.get("norun"))
    return Known(kept.safe_name, kept.config_text, kept.fstab_text, norun)


def bring_back_request(*, actor: Actor, kept: KeptJail, agreed: Agreed) -> Job:
    """Ask for a kept jail to be brought back.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: Its name or an address is taken by now.
        Conflict: The host is away, it is not kept any more, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_RESTORE, kept.host_id)
    with transaction.atomic():
        row, host = _locked(kept)
        plan = bring_back_plan(row, host)
        addresses = _known_of(row).addresses
        restoring.check_place(host, JailName.parse(row.name), JailAddresses.parse(addresses))
        intent = {"name": row.name, "addresses": addresses, "place": row.place}
        return _queue(actor, row, host, plan, action="jail.restore_requested", intent=intent, agreed=agreed)


# -- destroying it ----------------------------------------------------------------------------------------


def remove_plan(kept: KeptJail, host: Host) -> Plan:
    """Return the plan that destroys what is kept of a jail.

    Raises:
        InvalidInput: Its name is none that we would pass on.
    """
    settings = host.facts.get("ezjail", {}).get("settings", {})
    keeping = Keeping(
        kept.place, kept.is_dataset, kept.place.rpartition("/")[0], str(settings.get("archivedir") or ""),
        kept.place[-14:] if kept.is_dataset else "", 0,
    )  # fmt: skip
    return plans.remove_plan(JailName.parse(kept.name), keeping)


def kept_remove_request(*, actor: Actor, kept: KeptJail, typed_name: str, agreed: Agreed) -> Job:
    """Ask for what is kept of a jail to be destroyed now.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: The typed name is not the jail's.
        Conflict: The host is away, a job for it is open, or the plan is another than was shown.
    """
    actor.require(Perm.JAIL_DELETE, kept.host_id)
    if typed_name != kept.name:
        raise InvalidInput(f"Type the jail's name, {kept.name}, to confirm.", field="typed_name")
    with transaction.atomic():
        row, host = _locked(kept)
        plan, intent = remove_plan(row, host), {"name": row.name, "place": row.place}
        return _queue(
            actor, row, host, plan, action="kept_jail.remove_requested", intent=intent, agreed=agreed
        )


def remove_run_out(now: datetime) -> int:
    """Ask for all to be destroyed that was kept for long enough; hosts that are away wait.

    Returns:
        For how many it was asked.
    """
    asked = 0
    for kept in KeptJail.objects.filter(keep_until__lte=now).select_related("host"):
        key = f"kept-{kept.pk}-{now:%Y%m%d%H}"
        with suppress(PanelError):
            kept_remove_request(
                actor=PANEL, kept=kept, typed_name=kept.name, agreed=Agreed(idempotency_key=key)
            )
            asked += 1
    return asked


def _locked(kept: KeptJail) -> tuple[KeptJail, Host]:
    host_lock(kept.host)
    row = KeptJail.objects.filter(pk=kept.pk).first()
    if row is None:
        raise Conflict(f"{kept.name} is not kept any more.")
    return row, Host.objects.select_related("basejail").get(pk=kept.host_id)


def _queue(
    actor: Actor,
    kept: KeptJail,
    host: Host,
    plan: Plan,
    *,
    action: str,
    intent: dict[str, Any],
    agreed: Agreed,
) -> Job:
    return queue_plan(
        actor,
        host,
        plan,
        subject=Subject("kept_jail", kept.place, kept.name, host.pk),
        action=action,
        safe_name=kept.safe_name,
        intent=intent,
        agreed=agreed,
    )


# -- for how long -----------------------------------------------------------------------------------------


def keep_policy_set(*, actor: Actor, group: HostGroup | None, days: int) -> None:
    """Say for how many days deleted jails are kept, on the hosts of a group or on all; 0 takes the rule away.

    Raises:
        NotAllowed: The actor may not change policies.
        InvalidInput: This is no number of days.
    """
    actor.require(Perm.POLICY_CHANGE)
    if not 0 <= days <= MOST_DAYS:
        raise InvalidInput(f"Say a number of days from 0 to {MOST_DAYS}.", field="days")
    with transaction.atomic():
        if days:
            KeepPolicy.objects.update_or_create(group=group, defaults={"days": days})
        else:
            KeepPolicy.objects.filter(group=group).delete()
        name = group.name if group else "every host"
        subject = Subject("keep_policy", str(group.pk if group else ""), f"kept jails on {name}")
        record(actor=actor, action="keep_policy.set", subject=subject, hosts=name, days=days)
        announce()
