"""Asking for a change of a basejail that is there: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import AbsolutePath
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.basejail import update_plans
from apps.jails.basejail.plans import Ground, has_portsnap
from apps.jails.basejail.services import INSTALL_EZJAIL, ground_of, subject_of
from apps.jails.basejail.situation import running_jids, trees_of
from apps.jails.basejail.update_plans import Trees, Way
from apps.jails.queries import host_release
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job
from apps.jobs.plan import Plan

SOURCES = "/usr/src"
BLOCKED = (
    "The host's own base system is of packages (pkgbase), where FreeBSD 15.1 and later block installworld: "
    "lay newer sets over the basejail instead."
)


@dataclass(frozen=True, slots=True)
class UpdateWish:
    """What is to be done to a basejail that is there.

    Args:
        way: What.
        at: The moment in a snapshot's name.
        sources: The source tree, for what is made from one.
    """

    way: Way
    at: str
    sources: str = SOURCES


def update_request(*, actor: Actor, host: Host, wish: UpdateWish, agreed: Agreed) -> Job:
    """Ask for a change of the basejail.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: It cannot be done; `field` says which part of the wish is why.
        NotReadYet: What it rests on has not come yet.
        Conflict: There is no basejail, the host is away, a job for its basejail is open, or the plan is
            another than was shown.
    """
    actor.require(Perm.BASEJAIL_INSTALL, host.pk)
    with transaction.atomic():
        host_lock(host)
        return queue_plan(
            actor,
            host,
            update_plan(host, wish),
            subject=subject_of(host),
            action="basejail.update_requested",
            safe_name="",
            intent=intent_of(host, wish),
            agreed=agreed,
        )


def intent_of(host: Host, wish: UpdateWish) -> dict[str, Any]:
    """Return what a job must know of the basejail as it was, to say afterwards what came of it."""
    basejail = getattr(host, "basejail", None)
    intent: dict[str, Any] = {"way": str(wish.way), "jids": running_jids(host)}
    if wish.way in (Way.PATCH, Way.FINISH):
        intent["was"] = basejail.release if basejail else ""
    if wish.way in (Way.BUILD, Way.WORLD):
        intent["sources"] = wish.sources
    return intent


def update_plan(host: Host, wish: UpdateWish) -> Plan:
    """Return the plan for a change of the basejail as it was last seen.

    Raises:
        InvalidInput: It cannot be done; `field` says which part of the wish is why.
        NotReadYet: What it rests on has not come yet.
        Conflict: There is no basejail, or nothing to do.
    """
    if why_not := why_not_update(host, wish.way):
        raise Conflict(why_not)
    trees = trees_of(host)
    match wish.way:
        case Way.PATCH:
            return update_plans.patch_plan(trees, wish.at)
        case Way.FINISH:
            return update_plans.finish_plan(trees)
        case Way.BACK:
            return update_plans.back_plan(trees)
        case Way.PORTS:
            needs_set = not has_portsnap(host_release(host))
            ground = _ground(host, trees) if needs_set else None
            return update_plans.ports_plan(trees, host_release(host), ground)
        case Way.SOURCES:
            return update_plans.sources_plan(trees, _ground(host, trees))
        case _:
            return update_plans.world_plan(
                trees, sources_of(wish.sources), wish.at, build=wish.way == Way.BUILD
            )


def _ground(host: Host, trees: Trees) -> Ground | None:
    return ground_of(host, trees.release) if trees.release else None


def why_not_update(host: Host, way: Way) -> str:
    """Return why a basejail cannot be changed so; empty when it can."""
    basejail = getattr(host, "basejail", None)
    if not host.facts.get("ezjail", {}).get("installed"):
        return INSTALL_EZJAIL
    if basejail is None or not basejail.is_present:
        return "There is no basejail on the host. Install it first."
    if way in (Way.BUILD, Way.WORLD) and (host.facts.get("upkeep") or {}).get("is_packaged"):
        return BLOCKED
    return ""


def sources_of(text: str) -> AbsolutePath:
    """Return the source tree that a form names.

    Raises:
        InvalidInput: It is no plain path of the host's.
    """
    try:
        path = AbsolutePath.parse(text.strip())
    except InvalidInput as error:
        raise InvalidInput(error.message, field="sources") from error
    if len(str(path)) > 200 or "/-" in str(path) or not set(str(path)) <= _PATH:
        raise InvalidInput("Write the source tree as a plain path, such as /usr/src.", field="sources")
    return path


_PATH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+~-")
