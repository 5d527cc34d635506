"""Adding hosts, confirming their keys, asking for a look at them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.channel.keys import fingerprint
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import ChannelKind, Host, HostGroup, HostState
from apps.hosts.probe import announce
from apps.jobs.models import OPEN_STATES
from apps.jobs.wakeups import send

# A key was shown and nobody has said yet whether it is the host's.
_KEY_WAITS = (HostState.UNVERIFIED, HostState.KEY_CHANGED)


def subject_of(host: Host) -> Subject:
    """Return how the record names a host."""
    return Subject("host", str(host.pk), host.name, host.pk)


def host_add(
    *,
    actor: Actor,
    name: str,
    channel: str,
    address: str = "",
    port: int = 22,
    user: str = "root",
    group: HostGroup | None = None,
) -> Host:
    """Add a host; the key that it shows is fetched in the background for someone to compare.

    Raises:
        NotAllowed: The actor may not add hosts.
        InvalidInput: The name, or the address and port, belong to another host, or the group is gone.
    """
    actor.require(Perm.HOST_ADD)
    is_ssh = channel == ChannelKind.SSH
    host = Host(name=name, channel=channel, address=address if is_ssh else "", port=port, user=user)
    host.state = HostState.NEW if is_ssh else HostState.UNREACHABLE
    host.state_reason = "" if is_ssh else "It has not been looked at yet."
    with transaction.atomic():
        if group and not HostGroup.objects.select_for_update().filter(pk=group.pk).exists():
            raise InvalidInput(f"The group {group.name} was removed meanwhile.", field="group")
        host.group = group
        more: dict[str, Any] = {"group": group.name} if group else {}
        _insert(host)
        record(
            actor=actor, action="host.added", subject=subject_of(host),
            channel=channel, address=host.address, port=port, user=user,
            **more,
        )  # fmt: skip
        transaction.on_commit(partial(send, f"apps.hosts.tasks.{_first_task(host)}", str(host.pk)))
        announce(host)
    return host


def _first_task(host: Host) -> str:
    return "probe" if host.is_local else "scan_key"


def _insert(host: Host) -> None:
    if Host.objects.filter(name=host.name).exists():
        raise InvalidInput("Another host has this name.", field="name")
    if not host.is_local and Host.objects.filter(address=host.address, port=host.port).exists():
        raise InvalidInput("Another host has this address and port.", field="address")
    try:
        with transaction.atomic():
            host.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInput("Another host has this name, or this address and port.", field="name") from error


def host_key_confirm(*, actor: Actor, host: Host, key_fingerprint: str) -> None:
    """Pin the key that the host showed, after someone compared its fingerprint; then look at the host.

    Args:
        actor: Who compared it.
        host: The host.
        key_fingerprint: The fingerprint that the person saw, so that a key that changed since is not pinned.

    Raises:
        NotAllowed: The actor may not change how the host is reached.
        Conflict: The host shows another key by now.
    """
    actor.require(Perm.HOST_CHANGE, host.pk)
    if host.state not in _KEY_WAITS or fingerprint(host.offered_key) != key_fingerprint:
        raise Conflict("The host shows another key by now. Look at the fingerprint again.")
    with transaction.atomic():
        confirmed = _with_this_key(host).update(
            host_key=host.offered_key,
            offered_key="",
            state=HostState.UNREACHABLE,
            state_reason="It has not been looked at since its key was confirmed.",
        )
        if not confirmed:
            raise Conflict("The host shows another key by now. Look at the fingerprint again.")
        before = fingerprint(host.host_key) if host.host_key else None
        record(
            actor=actor, action="host.key_confirmed", subject=subject_of(host),
            before=before, after=key_fingerprint,
        )  # fmt: skip
        transaction.on_commit(partial(send, "apps.hosts.tasks.probe", str(host.pk)))
        announce(host)


def host_key_reject(*, actor: Actor, host: Host) -> None:
    """Forget the key that the host showed and fetch it again, or keep to the pinned one.

    Raises:
        NotAllowed: The actor may not change how the host is reached.
        Conflict: No key waits for an answer, or it is another by now.
    """
    actor.require(Perm.HOST_CHANGE, host.pk)
    has_pin = bool(host.host_key)
    state = HostState.UNREACHABLE if has_pin else HostState.NEW
    with transaction.atomic():
        values = {"offered_key": "", "state": state, "state_reason": "", "tried_at": None}
        if host.state not in _KEY_WAITS or not _with_this_key(host).update(**values):
            raise Conflict("The host shows no key, or another by now. Look at its page again.")
        record(
            actor=actor, action="host.key_rejected", subject=subject_of(host),
            offered=fingerprint(host.offered_key),
        )  # fmt: skip
        task = "probe" if has_pin else "scan_key"
        transaction.on_commit(partial(send, f"apps.hosts.tasks.{task}", str(host.pk)))
        announce(host)


def _with_this_key(host: Host) -> QuerySet[Host]:
    """Return the host's row for as long as the same key waits for an answer."""
    return Host.objects.filter(pk=host.pk, state__in=_KEY_WAITS, offered_key=host.offered_key)


def host_probe_request(*, actor: Actor, host: Host) -> None:
    """Ask for a look at the host now.

    Raises:
        NotAllowed: The actor may not probe it.
        Conflict: Its key is not confirmed.
    """
    actor.require(Perm.HOST_PROBE, host.pk)
    if not host.may_be_contacted:
        raise Conflict("Nothing is sent to this host until its key is confirmed.")
    with transaction.atomic():
        record(actor=actor, action="host.probe_requested", subject=subject_of(host))
        transaction.on_commit(partial(send, "apps.hosts.tasks.probe", str(host.pk)))


def host_remove(*, actor: Actor, host: Host) -> None:
    """Take a host out of the panel, with its jails' rows and jobs; nothing changes on the host itself.

    Raises:
        NotAllowed: The actor may not.
        Conflict: A job is open on it, or it was removed already.
    """
    actor.require(Perm.HOST_CHANGE, host.pk)
    with transaction.atomic():
        host_lock(host)
        if host.jobs.filter(state__in=OPEN_STATES).exists():
            raise Conflict("A job waits or runs on this host. Wait for its end, or cancel it.")
        record(actor=actor, action="host.removed", subject=subject_of(host), address=host.address)
        announce(host)
        host.delete()


def host_lock(host: Host) -> None:
    """Let people who ask for something on one host go one after the other, until the transaction ends.

    Raises:
        Conflict: The host was removed meanwhile.
    """
    if not Host.objects.select_for_update().filter(pk=host.pk).exists():
        raise Conflict(f"{host.name} was removed from the panel meanwhile.")
