"""Tags for archives and snapshots: `{% load archives %}`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django import template

from apps.freebsd.parsers.leftovers import PARTIAL
from apps.jails.archives.moments import is_own
from apps.jails.models import Archive, Jail, Snapshot

register = template.Library()


@register.filter
def of_archive(jails: Mapping[str, Jail], archive: Archive) -> Jail | None:
    """Return the jail that an archive is of, if there is one."""
    return jails.get(archive.safe_name)


@register.filter
def is_partial(archive: Archive) -> bool:
    """Tell whether an archive has the name that the panel gives to one that is not proven yet."""
    return archive.file_name.startswith(PARTIAL)


@register.filter
def is_own_snapshot(snapshot: Snapshot) -> bool:
    """Tell whether the panel took a snapshot."""
    return is_own(snapshot.name)


@register.filter
def and_back(url: str, here: str) -> str:
    """Return an address whose page leads back here."""
    return f"{url}?{urlencode({'next': here})}" if here else url


@register.filter
def cat(text: str, more: object) -> str:
    """Return both, one after the other."""
    return f"{text}{more}"
