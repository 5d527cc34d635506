"""Asking for changes to flavours: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import FlavourName, JailName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.flavours import plans
from apps.jails.flavours.queries import Flavour, flavours_dir, freezable_jails
from apps.jails.flavours.reading import check_text, read_text
from apps.jails.queries import host_flavours
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan


def file_plan(host: Host, flavour: Flavour, path: FlavourPath, after: str) -> Plan:
    """Return the plan that writes a file of a flavour; looks at the host for what it holds now.

    Raises:
        InvalidInput: The text cannot be kept, or nothing changes; `field` says which part.
        PanelError: The host cannot be asked.
    """
    name, directory = FlavourName.parse(flavour.name), flavours_dir(host)
    entry = flavour.entry(str(path))
    before = None if entry is None else read_text(host, f"{directory}/{name}/{path}")
    if entry is None:
        _check_new_path(flavour, path)
    if check_text(after) == before:
        raise InvalidInput("Nothing is changed: the host has this text already.", field="content")
    return plans.write_plan(directory, name, path, before, after)


def _check_new_path(flavour: Flavour, path: FlavourPath) -> None:
    """Refuse a new file whose way leads through what is no directory."""
    steps = str(path).split("/")
    for end in range(1, len(steps)):
        above = flavour.entry("/".join(steps[:end]))
        if above is not None and above.kind != "d":
            raise InvalidInput(f"{above.path} is no directory in this flavour.", field="path")


def file_write_request(
    *, actor: Actor, host: Host, flavour: Flavour, path: FlavourPath, plan: Plan, agreed: Agreed
) -> Job:
    """Ask for a file of a flavour to be written as `file_plan` planned it.

    Raises:
        NotAllowed: The actor may not.
        Conflict: The host is away, a job of this kind is open, or the plan is another than was shown.
    """
    intent = {"do": "write", "flavour": flavour.name, "path": str(path)}
    return _request(actor, host, plan, "flavour.file_write_requested", intent=intent, agreed=agreed)


def file_remove_request(
    *, actor: Actor, host: Host, flavour: Flavour, path: FlavourPath, agreed: Agreed
) -> Job:
    """Ask for a file of a flavour to be removed. Raises as `file_write_request`."""
    plan = plans.remove_plan(flavours_dir(host), FlavourName.parse(flavour.name), path)
    intent = {"do": "remove", "flavour": flavour.name, "path": str(path)}
    return _request(actor, host, plan, "flavour.file_remove_requested", intent=intent, agreed=agreed)


def file_mode_request(
    *, actor: Actor, host: Host, flavour: Flavour, path: FlavourPath, executable: bool, agreed: Agreed
) -> Job:
    """Ask for a file of a flavour to be made executable, or a plain one. Raises as `file_write_request`."""
    name = FlavourName.parse(flavour.name)
    plan = plans.mode_plan(flavours_dir(host), name, path, executable=executable)
    intent = {"do": "mode", "flavour": flavour.name, "path": str(path), "executable": executable}
    return _request(actor, host, plan, "flavour.file_mode_requested", intent=intent, agreed=agreed)


def new_flavour_plan(host: Host, name: FlavourName, source: str) -> Plan:
    """Return the plan that makes a flavour.

    Args:
        host: Where.
        name: Its name.
        source: `empty`, `flavour:NAME` or `jail:SAFE-NAME`.

    Raises:
        InvalidInput: There is one of this name, or what it is to be made of is not there; `field` says which.
        Conflict: The host has no ezjail.
    """
    if not host.facts.get("ezjail", {}).get("installed"):
        raise Conflict("ezjail is not installed on this host, so it has no flavours.")
    if str(name) in host_flavours(host):
        raise InvalidInput(f"The host has a flavour {name} already.", field="name")
    how, _, what = source.partition(":")
    if how == "flavour":
        if what not in host_flavours(host):
            raise InvalidInput("The host has no such flavour.", field="source")
        return plans.new_plan(flavours_dir(host), name, source=FlavourName.parse(what))
    if how == "jail":
        return plans.new_plan(flavours_dir(host), name, jail=_freezable(host, what))
    return plans.new_plan(flavours_dir(host), name)


def _freezable(host: Host, safe_name: str) -> JailName:
    for jail in freezable_jails(host):
        if jail.safe_name == safe_name:
            return JailName.parse(jail.name)
    raise InvalidInput(
        "ezjail can freeze only a jail on ZFS that kept a snapshot when it was created.", field="source"
    )


def flavour_new_request(*, actor: Actor, host: Host, name: FlavourName, source: str, agreed: Agreed) -> Job:
    """Ask for a new flavour.

    Raises:
        InvalidInput: As `new_flavour_plan`.
        NotAllowed, Conflict: As `file_write_request`.
    """
    plan = new_flavour_plan(host, name, source)
    intent = {"flavour": str(name), "source": source}
    return _request(actor, host, plan, "flavour.new_requested", intent=intent, agreed=agreed)


def flavour_delete_request(
    *, actor: Actor, host: Host, flavour: Flavour, typed_name: str, agreed: Agreed
) -> Job:
    """Ask for a flavour to be deleted.

    Raises:
        InvalidInput: The typed name is not the flavour's.
        NotAllowed, Conflict: As `file_write_request`.
    """
    actor.require(Perm.FLAVOUR_CHANGE, host.pk)
    if typed_name != flavour.name:
        raise InvalidInput(f"Type the flavour's name, {flavour.name}, to confirm.", field="typed_name")
    plan = plans.delete_plan(
        flavours_dir(host), FlavourName.parse(flavour.name), is_default=flavour.is_default
    )
    intent = {"flavour": flavour.name}
    return _request(actor, host, plan, "flavour.delete_requested", intent=intent, agreed=agreed)


def _request(
    actor: Actor, host: Host, plan: Plan, action: str, *, intent: dict[str, Any], agreed: Agreed
) -> Job:
    actor.require(Perm.FLAVOUR_CHANGE, host.pk)
    subject = Subject("flavour", f"{host.pk}:{intent['flavour']}", f"flavour {intent['flavour']}", host.pk)
    with transaction.atomic():
        host_lock(host)
        return queue_plan(
            actor, host, plan, subject=subject, action=action, safe_name="", intent=intent, agreed=agreed
        )
