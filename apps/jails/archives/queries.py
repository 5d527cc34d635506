"""What there is to go back to: archives, snapshots and datasets, of a host and of a jail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host
from apps.hosts.queries import host_get
from apps.jails.archives.moments import is_own
from apps.jails.models import Archive, Jail, Snapshot

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of a jail, as last seen.

    Args:
        name: Its full name.
        used_bytes: With snapshots and what is below.
        refer_bytes: What can be reached in it.
        written_bytes: What was written since its newest snapshot.
    """

    name: str
    used_bytes: int
    refer_bytes: int
    written_bytes: int


def archive_list(actor: Actor, host_id: UUID) -> QuerySet[Archive]:
    """Return the archives of a host that the actor may see."""
    hosts = actor.scope(Perm.JAIL_VIEW)
    rows = Archive.objects.filter(host_id=host_id)
    return rows if hosts is None else rows.filter(host_id__in=hosts)


def archive_get(*, actor: Actor, host_id: UUID, file_name: str, need: Perm) -> Archive:
    """Return one archive.

    Raises:
        Http404: There is none that the actor may see.
        NotAllowed: The actor may see it, but not do what is needed.
    """
    host = host_get(actor=actor, host_id=host_id)
    rows = archive_list(actor, host_id).filter(file_name=file_name.replace("\0", "?"))
    archive = rows.select_related("host").first()
    if archive is None:
        raise Http404
    actor.require(need, host.pk)
    return archive


def archives_of(jail: Jail) -> QuerySet[Archive]:
    """Return a jail's archives, the newest first."""
    return Archive.objects.filter(host_id=jail.host_id, safe_name=jail.safe_name)


def archive_directory(host: Host) -> str:
    """Return where ezjail keeps a host's archives; empty when the host has not said."""
    return str(host.facts.get("ezjail", {}).get("settings", {}).get("archivedir") or "")


def free_bytes(host: Host) -> int | None:
    """Return what is left on the file system of a host's archives; None when that is not known."""
    directory = PurePosixPath(archive_directory(host) or "/nonexistent")
    found = {item["mounted_on"]: int(item["available_bytes"]) for item in host.facts.get("filesystems") or ()}
    for place in (directory, *directory.parents):
        if str(place) in found:
            return max(0, found[str(place)])
    return None


def datasets_of(jail: Jail) -> list[Dataset]:
    """Return a jail's dataset and those below it, as last seen; none where its root is no dataset."""
    rows: list[dict[str, Any]] = jail.host.facts.get("datasets") or []
    top = next((row["name"] for row in rows if row["mountpoint"] == jail.root and jail.root), "")
    below = [row for row in rows if top and (row["name"] == top or row["name"].startswith(f"{top}/"))]
    return [
        Dataset(row["name"], row["used_bytes"], row["refer_bytes"], row["written_bytes"]) for row in below
    ]


def snapshots_of(jail: Jail) -> list[Snapshot]:
    """Return the snapshots of a jail's own dataset, the newest first."""
    datasets = datasets_of(jail)
    if not datasets:
        return []
    rows = Snapshot.objects.filter(host_id=jail.host_id, dataset=datasets[0].name)
    return list(rows.order_by("-made_at", "-name")[:MOST_SHOWN])


def snapshot_get(jail: Jail, label: str) -> Snapshot:
    """Return one of a jail's snapshots.

    Raises:
        Http404: There is none of this name.
    """
    datasets = datasets_of(jail)
    name = label.replace("\0", "?")
    found = Snapshot.objects.filter(
        host_id=jail.host_id, dataset=datasets[0].name if datasets else "", name=name
    ).first()
    if found is None:
        raise Http404
    return found


def newer_than(snapshot: Snapshot) -> list[Snapshot]:
    """Return the snapshots of the same dataset that going back to this one destroys, the newest first."""
    rows = Snapshot.objects.filter(host_id=snapshot.host_id, dataset=snapshot.dataset)
    newer = rows.filter(made_at__gte=snapshot.made_at).exclude(pk=snapshot.pk)
    return list(newer.order_by("-made_at", "-name"))


def jail_with_facts(jail: Jail) -> Jail:
    """Return the jail with its host's facts, which lists leave out."""
    return Jail.objects.select_related("host").get(pk=jail.pk)


def own_only(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Return those that the panel took."""
    return [row for row in snapshots if is_own(row.name)]


def size_guess(jail: Jail) -> int | None:
    """Return how large a jail's archive may become at most, in bytes; None where nothing says so."""
    if datasets := datasets_of(jail):
        return datasets[0].refer_bytes
    for item in jail.host.facts.get("filesystems") or ():
        if item["mounted_on"] == jail.root and jail.root:
            return int(item["used_bytes"])
    newest = archives_of(jail).first()
    return newest.size_bytes if newest else None


def what_goes(jail: Jail) -> dict[str, Any]:
    """Return what there is of a jail besides its file, for the page before it is deleted."""
    datasets = datasets_of(jail)
    names = [item.name for item in datasets]
    return {
        "jail": jail,
        "datasets": datasets,
        "snapshot_count": Snapshot.objects.filter(host_id=jail.host_id, dataset__in=names).count(),
        "archive_count": archives_of(jail).count(),
    }
