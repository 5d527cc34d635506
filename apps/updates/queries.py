"""Reads of what the update mirror said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Release
from apps.updates.models import ReleaseUpdate


@dataclass(frozen=True, slots=True)
class UpdateNote:
    """What a page says of a release.

    Args:
        newer: The patch level that is out and not there yet, such as p6; empty when it is the newest.
        is_newest: Whether the mirror said that there is nothing newer.
        checked_at: When the mirror answered last.
        eol_at: When support ends.
        is_over: Whether it has ended.
        problem: Why the last check came to nothing.
        tried_at: When that was.
    """

    newer: str
    is_newest: bool
    checked_at: datetime | None
    eol_at: datetime | None
    is_over: bool
    problem: str
    tried_at: datetime


def update_note(release: str, arch: str) -> UpdateNote | None:
    """Return what is known of a release, such as 14.1-RELEASE-p3; None when the mirror was never asked."""
    try:
        have = Release.parse(release)
    except InvalidInput:
        return None
    row = ReleaseUpdate.objects.filter(release=have.name, arch=arch[:16]).first()
    if row is None:
        return None
    newer = row.patch is not None and row.patch > have.patch
    return UpdateNote(
        newer=f"p{row.patch}" if newer else "",
        is_newest=row.patch is not None and not newer,
        checked_at=row.checked_at,
        eol_at=row.eol_at,
        is_over=row.eol_at is not None and row.eol_at <= timezone.now(),
        problem=row.problem,
        tried_at=row.tried_at,
    )
