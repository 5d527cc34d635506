"""Which jails can be moved, and to which hosts, as they were last seen."""

from __future__ import annotations

from collections.abc import Container
from uuid import UUID

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import Release
from apps.hosts.models import Host
from apps.jails.archives.plans import why_no_archive
from apps.jails.archives.queries import archive_directory, free_bytes, size_guess
from apps.jails.models import Archive, Basejail, Jail, Kind

LEAVE, GET = (Perm.JAIL_MOVE, Perm.JAIL_STOP), (Perm.JAIL_MOVE, Perm.JAIL_CREATE)


def why_no_move(jail: Jail) -> str:
    """Return why a jail cannot be moved from where it is; empty when it can."""
    if jail.observed_at is None or jail.missing_since is not None:
        return "It is not there on its host."
    if jail.kind not in (Kind.DIRECTORY, Kind.ZFS):
        return "It is kept in an image file. Only jails in a directory or a dataset can be moved so far."
    if not jail.has_manageable_name:
        return "Its name holds characters that the panel passes to no command."
    if not archive_directory(jail.host):
        return "Its host has not said where ezjail keeps archives. Look at the host first."
    return why_no_archive(jail)


def why_not_to(actor: Actor, source: Host, target: Host) -> str:
    """Return why a host cannot get archives of another one; empty when it can."""
    if target.pk == source.pk:
        return "It is there."
    if not actor.may(Perm.JAIL_MOVE, target.pk):
        return denial(Perm.JAIL_MOVE)
    if not target.is_online:
        return f"It is {target.get_state_display()}."
    if not archive_directory(target):
        return "It has no ezjail, or has not said where that keeps archives."
    return ""


def why_not_archive_to(actor: Actor, archive: Archive, target: Host, taken: Container[UUID]) -> str:
    """Return why a host cannot get an archive; empty when it can.

    Args:
        actor: Who asks.
        archive: The archive.
        target: The host.
        taken: The hosts that have one of that name (`having_archive`).
    """
    if why_not := why_not_to(actor, archive.host, target):
        return why_not
    return "It has an archive of that name already." if target.pk in taken else ""


def having_archive(file_name: str) -> set[UUID]:
    """Return the hosts that have an archive of a name."""
    return set(Archive.objects.filter(file_name=file_name).values_list("host_id", flat=True))


def having_jail(safe_name: str) -> set[UUID]:
    """Return the hosts that have a jail of a name, or are about to."""
    return set(Jail.objects.filter(safe_name=safe_name).values_list("host_id", flat=True))


def why_not_jail_to(actor: Actor, jail: Jail, target: Host, taken: Container[UUID]) -> str:
    """Return why a host cannot get a jail; empty when it can.

    Args:
        actor: Who asks.
        jail: The jail, on the host that it leaves.
        target: The host.
        taken: The hosts that have one of that name (`having_jail`).
    """
    if why_not := why_not_to(actor, jail.host, target):
        return why_not
    if not actor.may(Perm.JAIL_CREATE, target.pk):
        return denial(Perm.JAIL_CREATE)
    if target.pk in taken:
        return f"It has a jail {jail.safe_name} already."
    ours, theirs = (str(host.facts.get("machine", "")) for host in (jail.host, target))
    if ours != theirs:
        return f"It is {theirs or 'of an unknown kind'}, and the jail holds programs for {ours or 'another'}."
    return _why_not_on(_basejail(jail.host), _basejail(target))


def _why_not_on(ours: Basejail | None, theirs: Basejail | None) -> str:
    if theirs is None or not theirs.is_complete:
        return "It has no complete basejail."
    try:
        needed, there = Release.parse(ours.release if ours else ""), Release.parse(theirs.release)
    except InvalidInput:
        return "Which release the two basejails are is not known."
    if needed.at_most(there):
        return ""
    return f"Its basejail is {there.name}, older than {needed.name}, which the jail was last used with."


def _basejail(host: Host) -> Basejail | None:
    return getattr(host, "basejail", None)


def space_warnings(jail: Jail, target: Host) -> list[str]:
    """Say where there may not be room enough: for the archive, and on the new host for the jail as well."""
    size = size_guess(jail)
    if size is None:
        return []
    return [
        f"{host.name} has {_gb(free)} free where archives go, and this may take up to {_gb(needed)}."
        for host, needed in ((jail.host, size), (target, 2 * size))
        if (free := free_bytes(host)) is not None and free < needed
    ]


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
