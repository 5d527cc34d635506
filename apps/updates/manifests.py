"""What a release's distribution sets must hash to: asked of the mirror once, kept, and read from there.

No request waits for the mirror: pages read what is kept, and a worker fetches what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.freebsd.errors import PanelError
from apps.freebsd.parsers.manifest import ManifestSet, parse_manifest
from apps.freebsd.set_mirror import FoundManifest, SetMirror, place_of
from apps.freebsd.values import Mirror, Release
from apps.jobs.wakeups import send
from apps.updates.models import ReleaseManifest

# A mirror that gave nothing is left alone for so long, whoever looks at a page meanwhile.
PAUSE = timedelta(seconds=30)
# What a mirror says of a release does not change; that someone looks again now and then costs nothing.
FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KnownManifest:
    """What is known of a release's sets.

    Args:
        sets: By name; none while nothing is known.
        folder: Where they lie on the mirror.
        problem: Why the mirror gave nothing, last; or empty.
        tried_at: When it was asked last.
        is_by_hand: Whether someone laid the MANIFEST into the panel's folder.
    """

    sets: Mapping[str, ManifestSet] = field(default_factory=dict)
    folder: str = ""
    problem: str = ""
    tried_at: datetime | None = None
    is_by_hand: bool = False


def mirror() -> SetMirror:
    """Return the mirror that is set.

    Raises:
        InvalidInput: The setting is no address of one.
    """
    return SetMirror(Mirror.parse(settings.MIRROR), Mirror.parse(settings.ARCHIVE_MIRROR))


def manifest_known(release: Release, machine: str) -> KnownManifest:
    """Return what is known of a release's sets; the network is not asked.

    Raises:
        InvalidInput: Mirrors carry nothing for such a machine or release.
    """
    place = place_of(release, machine)
    if by_hand := _by_hand(place, release, machine):
        return by_hand
    row = ReleaseManifest.objects.filter(release=release.name, machine=machine).first()
    if row is None:
        return KnownManifest()
    sets = parse_manifest(row.text) if row.text else {}
    return KnownManifest(sets, row.folder, row.problem, row.tried_at)


def _by_hand(place: str, release: Release, machine: str) -> KnownManifest | None:
    """Read what an operator laid into the panel's own folder, for a panel without a way out."""
    path = Path(settings.MIRROR_DIR) / place / "MANIFEST"
    try:
        sets = parse_manifest(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, PanelError) as error:
        return KnownManifest(problem=f"{path} cannot be used: {error}", is_by_hand=True)
    return KnownManifest(sets, mirror().folders(release, machine)[0], is_by_hand=True)


def manifest_want(release: Release, machine: str) -> bool:
    """Have a worker fetch a release's MANIFEST when it is missing or old.

    Returns:
        Whether one may be on its way.

    Raises:
        InvalidInput: Mirrors carry nothing for such a machine or release.
    """
    known = manifest_known(release, machine)
    age = timezone.now() - known.tried_at if known.tried_at else None
    if known.is_by_hand or (age is not None and age < (FRESH if known.sets else PAUSE)):
        return False
    send("apps.updates.tasks.fetch_manifest", release.name, machine)
    return not known.sets


def manifest_fetch(release: Release, machine: str) -> None:
    """Ask the mirror for a release's MANIFEST and keep it, or why it gave none. Called from a worker."""
    try:
        found = mirror().manifest(release, machine)
    except PanelError as error:
        _keep(release, machine, problem=error.message)
    else:
        _keep(release, machine, found=found)


def _keep(release: Release, machine: str, *, found: FoundManifest | None = None, problem: str = "") -> None:
    now = timezone.now()
    values = {"tried_at": now, "problem": problem}
    if found:
        values |= {"folder": found.folder, "text": found.text, "fetched_at": now}
    ReleaseManifest.objects.update_or_create(release=release.name, machine=machine[:16], defaults=values)
