"""Moments in names: of archives as ezjail writes them, of snapshots as the panel does.

A page that shows commands carries the moment along, so that what runs is what was shown.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from apps.freebsd.commands.zfs_snapshots import OWN

_FORM = "%Y%m%d%H%M%S"
_ARCHIVE = re.compile(r"(?P<safe>[A-Za-z0-9_]+)-[0-9]{12}\.[0-9]{2}\.tar\.gz")
_SNAPSHOT = re.compile(re.escape(OWN) + r"(?P<time>[0-9]{8}-[0-9]{6})")
_OLDEST = timedelta(days=1)


def now() -> str:
    """Return this moment: 20261124125900, in UTC."""
    return timezone.now().astimezone(UTC).strftime(_FORM)


def moment(text: str) -> str:
    """Return the moment that a form carries, or this one where that is none of the last day."""
    try:
        then = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return now()
    is_near = abs(timezone.now() - then) < _OLDEST
    return text if is_near and len(text) == len("20261124125900") else now()


def archive_name(safe_name: str, at: str) -> str:
    """Return what ezjail itself would call a jail's archive.

    Source: reference ezjail §8.1 (`<safe>-<YYYYmmddHHMM.SS>.tar.gz`).
    """
    return f"{safe_name}-{at[:12]}.{at[12:]}.tar.gz"


def jail_of_archive(file_name: str) -> str:
    """Return the safe name of the jail in an archive; empty when its name does not say.

    ezjail takes whatever begins with a jail's name for its archive, so `web2-….tar.gz` for one of `web`.
    """
    match = _ARCHIVE.fullmatch(file_name)
    return match["safe"] if match else ""


def snapshot_label(at: str) -> str:
    """Return the name of a snapshot of the panel's own."""
    return f"{OWN}{at[:8]}-{at[8:]}"


def is_own(label: str) -> bool:
    """Tell whether the panel took a snapshot of this name."""
    return bool(_SNAPSHOT.fullmatch(label))
