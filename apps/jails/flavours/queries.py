"""What is known of a host's flavours: from its last probe, and who was made with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404

from apps.freebsd.parsers.flavours import MOST_LISTED
from apps.freebsd.values.flavour_path import FlavourPath
from apps.hosts.models import Host
from apps.jails.models import Jail, Kind, Snapshot
from apps.jails.queries import host_flavours

# What the example that ezjail ships has of its own: its script calls pkg_add, which is gone since FreeBSD 10.
EXAMPLE_SCRIPT = "etc/rc.d/ezjail.flavour.example"
LARGEST_BYTES = 64 * 1024
UNTOUCHED = "_vanilla_newjail_"  # what create -k keeps, and freeze compares with


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a flavour's tree as a page shows it.

    Args:
        path: Below the flavour.
        kind: `-` a file, `d` a directory, `l` a symbolic link.
        mode: Nine letters as ls(1) has them.
        size_bytes: Of a file.
    """

    path: str
    kind: str
    mode: str
    size_bytes: int

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]

    @property
    def depth(self) -> int:
        """How deep it lies, from 0."""
        return min(self.path.count("/"), 9)

    @property
    def is_executable(self) -> bool:
        """Whether it is a file that can be run."""
        return self.kind == "-" and "x" in self.mode

    @property
    def is_editable(self) -> bool:
        """Whether it is a file that is small enough to be shown; whether it is text shows when it is read."""
        return self.kind == "-" and self.size_bytes <= LARGEST_BYTES


@dataclass(slots=True)
class Flavour:
    """A flavour of a host as last seen.

    Args:
        name: Its name.
        entries: What it holds, in the order of paths.
        jails: Jails of this host that were made with it: name and safe name.
        is_default: Whether new jails get it unless they are told.
    """

    name: str
    entries: list[Entry] = field(default_factory=list)
    jails: list[tuple[str, str]] = field(default_factory=list)
    is_default: bool = False

    @property
    def files(self) -> list[Entry]:
        """Its files, without directories and links."""
        return [entry for entry in self.entries if entry.kind == "-"]

    @property
    def size_bytes(self) -> int:
        """Of its files together."""
        return sum(entry.size_bytes for entry in self.entries)

    @property
    def has_pkg_add(self) -> bool:
        """Whether it holds the shipped example's script."""
        return any(entry.path == EXAMPLE_SCRIPT for entry in self.entries)

    def entry(self, path: str) -> Entry | None:
        """Return the entry at a path."""
        return next((entry for entry in self.entries if entry.path == path), None)


def flavours_dir(host: Host) -> str:
    """Return where a host keeps its flavours."""
    settings = host.facts.get("ezjail", {}).get("settings", {})
    named = settings.get("flavours_dir") or f"{settings.get('jaildir', '/usr/jails')}/flavours"
    return str(named).rstrip("/")


def flavour_list(host: Host) -> list[Flavour]:
    """Return the flavours of a host; one query."""
    settings = host.facts.get("ezjail", {}).get("settings", {})
    default = settings.get("default_flavour", "").split()
    found = {name: Flavour(name, is_default=name in default) for name in host_flavours(host)}
    for row in _rows(host):
        if row["flavour"] in found:
            found[row["flavour"]].entries.append(
                Entry(row["path"], row["kind"], row["mode"], row["size_bytes"])
            )
    for name, jails in _made_with(host).items():
        if name in found:
            found[name].jails = jails
    return list(found.values())


def is_cut(host: Host) -> bool:
    """Whether the host has more files in its flavours than it was asked for."""
    return len(host.facts.get("flavour_files") or []) > MOST_LISTED


def flavour_get(host: Host, name: str) -> Flavour:
    """Return one flavour of a host that one may see.

    Raises:
        Http404: It was not there when the host was last seen.
    """
    for flavour in flavour_list(host):
        if flavour.name == name:
            return flavour
    raise Http404


def file_get(flavour: Flavour, text: str) -> Entry:
    """Return a file of a flavour.

    Raises:
        Http404: There is none of this path that can be shown.
        InvalidInput: It is no path.
    """
    entry = flavour.entry(str(FlavourPath.parse(text)))
    if entry is None or entry.kind != "-":
        raise Http404
    return entry


def freezable_jails(host: Host) -> list[Jail]:
    """Return the jails that ezjail can freeze: those on ZFS whose snapshot of the untouched jail was kept.

    Source: reference ezjail §1.5.
    """
    kept = Snapshot.objects.filter(host=host, name=UNTOUCHED).values_list("dataset", flat=True)
    names = {dataset.rpartition("/")[2] for dataset in kept}
    rows = Jail.objects.filter(host=host, kind=Kind.ZFS, name__in=names, observed_at__isnull=False)
    return [jail for jail in rows.only("name", "safe_name").order_by("name") if jail.has_manageable_name]


def _rows(host: Host) -> list[dict[str, Any]]:
    return list(host.facts.get("flavour_files") or [])[:MOST_LISTED]


def _made_with(host: Host) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = Jail.objects.filter(host=host).exclude(flavour="").order_by("name")
    for name, safe_name, flavours in rows.values_list("name", "safe_name", "flavour"):
        for flavour in flavours.split():
            found[flavour].append((name, safe_name))
    return found
