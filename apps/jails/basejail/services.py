"""Asking for a basejail: permission, plan, record and job, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.freebsd.commands.sets import folder_of
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.set_mirror import place_of
from apps.freebsd.values import AbsolutePath, Mirror, Release
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jails.basejail import plans
from apps.jails.basejail.plans import Ground, InstallWish
from apps.jails.basejail.situation import running_jids
from apps.jails.models import Jail, Kind
from apps.jails.queries import host_release
from apps.jails.services import Agreed, queue_plan
from apps.jobs.models import Job, StepState
from apps.jobs.plan import Plan
from apps.updates.manifests import manifest_known, manifest_want
from apps.updates.sets import set_problem, sets_missing

INSTALL_EZJAIL = "ezjail is not installed on this host. The tab ezjail of its page sets it up."


class NotReadYet(Conflict):
    """The panel lacks what a plan rests on, and has sent for it: look again in a moment."""


def basejail_install_request(*, actor: Actor, host: Host, wish: InstallWish, agreed: Agreed) -> Job:
    """Ask for the basejail to be installed on a host.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput: ezjail cannot install this; `field` says which part.
        Conflict: The host is away, a job for its basejail is open, the plan is another than was shown, or
            what it rests on has not come yet.
    """
    actor.require(Perm.BASEJAIL_INSTALL, host.pk)
    plan = basejail_plan(host, wish)
    with transaction.atomic():
        host_lock(host)
        return queue_plan(
            actor,
            host,
            plan,
            subject=subject_of(host),
            action="basejail.install_requested",
            safe_name="",
            intent=intent_of(wish) | _as_it_runs(host),
            agreed=agreed,
        )


def _as_it_runs(host: Host) -> dict[str, Any]:
    """Return the JIDs of jails that run on the basejail which is replaced: they need a restart afterwards."""
    basejail = getattr(host, "basejail", None)
    jids = running_jids(host) if basejail and basejail.is_present else {}
    return {"jids": jids} if jids else {}


def subject_of(host: Host) -> Subject:
    """Return what the record calls a host's basejail."""
    return Subject("basejail", str(host.pk), f"basejail of {host.name}", host.pk)


def intent_of(wish: InstallWish) -> dict[str, Any]:
    """Return a wish as JSON values; what is not usual stands there only when it was wished for."""
    intent: dict[str, Any] = {
        "release": wish.release.name,
        "sources": wish.sources,
        "ports": wish.ports,
    }
    if wish.mirror:
        intent["mirror"] = str(wish.mirror)
    return intent | ({"brings": True} if wish.brings else {})


def wish_of(intent: dict[str, Any]) -> InstallWish:
    """Return the wish that `intent_of` gave.

    Raises:
        InvalidInput: It is none that could be asked for.
    """
    mirror = str(intent.get("mirror") or "")
    return InstallWish(
        Release.parse(str(intent["release"])),
        sources=bool(intent.get("sources")),
        ports=bool(intent.get("ports")),
        mirror=Mirror.parse(mirror) if mirror else None,
        brings=bool(intent.get("brings")),
    )


def basejail_plan(host: Host, wish: InstallWish) -> Plan:
    """Return the plan for installing the basejail on a host as it was last seen.

    Raises:
        InvalidInput: ezjail cannot install this; `field` says which part.
        NotReadYet: What it rests on has not come yet.
        Conflict: The host has not been seen yet, or has no ezjail.
    """
    if not host.facts.get("ezjail", {}).get("installed"):
        raise Conflict(INSTALL_EZJAIL)
    plans.refuse(wish.release, host_release(host))
    _refuse_to_wipe(host)
    ground = ground_of(host, wish.release)
    if wish.brings:
        _await_sets(wish, ground)
    return plans.basejail_install_plan(wish, ground)


def _refuse_to_wipe(host: Host) -> None:
    """Refuse an installation that would take a jail for what an earlier one left, and wipe it.

    Raises:
        Conflict: A jail's root has a name that ezjail clears away first.

    Source: reference ezjail §11 (config -n).
    """
    staging = Q(root__endswith="/fulljail") | Q(root__endswith="/ezjailtemp")
    if jail := Jail.objects.filter(staging, host=host).first():
        raise Conflict(
            f"The root of the jail {jail.name} is {jail.root}, which every installation wipes first. Move it "
            "to another name before."
        )
    half_made = (host.facts.get("basejail") or {}).get("half_made")
    lost = Jail.objects.filter(host=host, root_exists=False, kind=Kind.DIRECTORY).exclude(root="")
    if half_made and (jail := lost.filter(missing_since__isnull=True, observed_at__isnull=False).first()):
        raise Conflict(
            f"The root of the jail {jail.name} is gone, and {' and '.join(half_made)}, which every "
            "installation wipes first, may be it. Look into that on the host, or mend the jail first."
        )


def ground_of(host: Host, release: Release) -> Ground:
    """Return what a plan for a release rests on.

    Raises:
        InvalidInput: Mirrors carry nothing for such a machine or release.
        NotReadYet: Its MANIFEST has not come yet.
    """
    machine = str(host.facts.get("machine", ""))
    known = manifest_known(release, machine)
    if not known.sets:
        manifest_want(release, machine)
        raise NotReadYet(_not_read(release, known.problem))
    basejail = getattr(host, "basejail", None)
    return Ground(
        host_release(host),
        machine,
        jailbase_of(host),
        bool(basejail and basejail.is_present),
        known.sets,
        known.folder,
        place_of(release, machine),
        _spoilt(host, release),
    )


def jailbase_of(host: Host) -> AbsolutePath:
    """Return the basejail's directory, as ezjail's settings name it."""
    settings = host.facts.get("ezjail", {}).get("settings", {})
    return AbsolutePath(settings.get("jailbase") or f"{settings.get('jaildir') or '/usr/jails'}/basejail")


def _not_read(release: Release, problem: str) -> str:
    if problem:
        return (
            f"What the sets of {release.name} must hash to is not known, so nothing is installed. {problem}"
        )
    return f"The panel is asking its mirror what the sets of {release.name} must hash to. One moment."


def _await_sets(wish: InstallWish, ground: Ground) -> None:
    """See to it that the panel has the sets that it is to bring.

    Raises:
        NotReadYet: It is fetching them.
    """
    names = plans.set_names(wish, ground)
    missing = sets_missing(wish.release, ground.machine, names)
    if missing:
        problems = [set_problem(wish.release, ground.machine, name) for name in missing]
        problem = next((text for text in problems if text), "")
        words = " and ".join(f"{name}.txz" for name in missing)
        raise NotReadYet(
            f"The panel is fetching {words} of {wish.release.name} for the host; this takes some minutes. "
            f"{problem}".strip()
        )


def _spoilt(host: Host, release: Release) -> tuple[str, ...]:
    """Return the sets that lie on the host and failed their proof in the last job that fetched them."""
    lying = [path.partition("/")[2] for path in host.facts.get("upkeep", {}).get("sets", [])]
    last = (
        Job.objects.filter(host=host, kind__in=(plans.KIND, "jails.repair")).order_by("-created_at").first()
    )
    failed = last.steps.filter(state=StepState.FAILED).first() if last else None
    if failed is None or failed.argv[0] != "/sbin/sha256":
        return ()
    folder, _, file = failed.argv[-1].rpartition("/")
    return (file.removesuffix(".txz"),) if folder == folder_of(release) and file in lying else ()


def parsed_mirror(text: str) -> Mirror | None:
    """Return the mirror in a form's text; None when it is empty.

    Raises:
        InvalidInput: It is none, or a directory of the host's own.
    """
    if not text:
        return None
    mirror = Mirror.parse(text)
    if mirror.is_local:
        raise InvalidInput("A mirror is a server over https://.", field="mirror")
    return mirror
