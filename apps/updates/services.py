"""Asking the update mirror what is newest for the releases that are in use. No host is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.updates import KEY_PRINT, MirrorAway, NotGenuine, UpdateMirror, UpdateTag
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.hosts.probe import announce
from apps.updates.models import ReleaseUpdate

Wanted = tuple[str, str]


@dataclass(slots=True)
class Checked:
    """What a check came to.

    Args:
        newest: Each release that the mirror spoke of, with its newest patch level.
        problems: What went wrong, a sentence each.
    """

    newest: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        newest = f"Newest: {', '.join(self.newest)}." if self.newest else ""
        return (
            " ".join([newest, *dict.fromkeys(self.problems)]).strip() or "No host has told its release yet."
        )


def updates_check(*, actor: Actor, hosts: Iterable[Host]) -> Checked:
    """Ask the mirror about every release that these hosts, or their basejails, have.

    Raises:
        NotAllowed: The actor may not look at one of them.
    """
    checked = Checked()
    seen: dict[Wanted, list[Host]] = {}
    for host in hosts:
        actor.require(Perm.HOST_PROBE, host.pk)
        for wanted in wanted_of(host):
            seen.setdefault(wanted, []).append(host)
    away: PanelError | None = None
    for wanted, those in sorted(seen.items(), key=lambda item: item[0]):
        away = _check(wanted, those, checked, away)
    return checked


def wanted_of(host: Host) -> set[Wanted]:
    """Return the releases that a host and its basejail have, each with the kind of machine."""
    basejail = getattr(host, "basejail", None)
    said = [host.facts.get("userland") or host.release, basejail.release if basejail else ""]
    machine = str(host.facts.get("machine", ""))
    return {(name, machine) for text in said if machine and (name := release_name(text))}


def release_name(text: str) -> str:
    """Return a release without its patch level; nothing where FreeBSD publishes no updates for it."""
    try:
        release = Release.parse(text)
    except InvalidInput:
        return ""
    return release.name if release.installable else ""


def _check(wanted: Wanted, hosts: list[Host], checked: Checked, away: PanelError | None) -> PanelError | None:
    """Check one release; return why the mirror is away, if it is: then it is not asked again."""
    try:
        if away:
            raise away
        tag = _asked(wanted)
    except PanelError as error:
        _keep(wanted, hosts, problem=error.message)
        checked.problems.append(error.message)
        return error if isinstance(error, MirrorAway) else None
    _keep(wanted, hosts, tag=tag)
    checked.newest.append(f"{tag.release} on {tag.arch}")
    return None


def _asked(wanted: Wanted) -> UpdateTag:
    mirror = UpdateMirror(settings.UPDATE_MIRROR, settings.UPDATE_KEY_PRINT or KEY_PRINT)
    tag = mirror.latest(Release.parse(wanted[0]), wanted[1])
    known = ReleaseUpdate.objects.filter(release=wanted[0], arch=wanted[1]).first()
    if known and tag.release.patch < (known.patch or 0):
        raise NotGenuine(
            f"The update mirror offers {tag.release}, which is older than the p{known.patch} that it "
            "offered before: it is out of date, or someone plays back old answers."
        )
    return tag


def _keep(wanted: Wanted, hosts: list[Host], *, tag: UpdateTag | None = None, problem: str = "") -> None:
    now = timezone.now()
    values = {"tried_at": now, "problem": problem}
    if tag:
        values |= {"patch": tag.release.patch, "eol_at": tag.eol_at, "checked_at": now}
    with transaction.atomic():
        ReleaseUpdate.objects.update_or_create(release=wanted[0], arch=wanted[1][:16], defaults=values)
        for host in hosts:
            announce(host)
