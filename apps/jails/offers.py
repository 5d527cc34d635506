"""What a host has to choose from when a jail is made there, in words."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat

from apps.freebsd.commands.new_jail import Storage
from apps.hosts.models import Host
from apps.jails.models import Archive
from apps.jails.new_rules import defaults_of, makes_datasets
from apps.jails.options_form import STORAGES

MOST_ARCHIVES = 200

Choice = tuple[str, str]


def host_archives(host: Host) -> list[Choice]:
    """Return a host's newest archives, with size and date."""
    rows = Archive.objects.filter(host=host)[:MOST_ARCHIVES]
    return [(row.file_name, _archive(row)) for row in rows]


def _archive(row: Archive) -> str:
    size = filesizeformat(row.size_bytes).replace("\N{NO-BREAK SPACE}", " ")
    return f"{row.file_name} ({size}, {row.made_at:%Y-%m-%d %H:%M})"


def storages(host: Host) -> list[Choice]:
    """Return what a jail's root can be on a host; first, what its ezjail.conf makes of every jail."""
    defaults = defaults_of(host)
    own = f"A dataset below {defaults.jailzfs}" if defaults.zfs_for_jails else "A directory"
    others = [choice for choice in STORAGES[1:] if choice[0] != Storage.ZFS.value or makes_datasets(host)]
    return [("", f"{own} (this host's way)"), *others]
