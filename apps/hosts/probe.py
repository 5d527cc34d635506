"""Looking at a host: one round trip, then what it said is stored in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DataError, transaction
from django.utils import timezone

from apps.freebsd.channel import loop
from apps.freebsd.errors import (
    AccessRefused,
    AgentMissing,
    HostKeyChanged,
    HostUnreachable,
    PanelError,
    ParseError,
)
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.hosts import observers
from apps.hosts.gateway import agent_of
from apps.hosts.models import KEY_IN_DOUBT, Host, HostState
from apps.jobs.events import publish
from apps.jobs.lease import end_wait
from apps.jobs.wakeups import wake_lane

PROBE_TIMEOUT_S = 90

_STATE_OF: list[tuple[type[PanelError], HostState]] = [
    (HostKeyChanged, HostState.KEY_CHANGED),
    (AccessRefused, HostState.REFUSED),
    (AgentMissing, HostState.AGENT_MISSING),
    (HostUnreachable, HostState.UNREACHABLE),
    (ParseError, HostState.UNREADABLE),
]


def probe_host(host_id: UUID) -> HostFacts:
    """Look at a host and store what is true now.

    A probe that is not whole changes nothing but the host's state: what was seen before stays,
    with its time, and no jail is concluded to be gone or stopped.

    Returns:
        What the host said.

    Raises:
        PanelError: The host could not be looked at; its row says why.
    """
    host = Host.objects.get(pk=host_id)
    return keep(host, timezone.now(), partial(look, host))


def keep(host: Host, began: datetime, read: Callable[[], HostFacts]) -> HostFacts:
    """Store what `read` gives of a host, or why it gives nothing.

    Args:
        host: Which host.
        began: When it was asked.
        read: Gives what it said; may raise PanelError.

    Raises:
        PanelError: As `probe_host`.
    """
    try:
        facts = read()
        _store(host, facts, began)
    except PanelError as error:
        _store_failure(host, error, began)
        raise
    except (DataError, OverflowError) as error:
        unreadable = ParseError("The host's answer holds values that are too long, too large or no text.")
        _store_failure(host, unreadable, began)
        raise unreadable from error
    return facts


def look(host: Host) -> HostFacts:
    """Ask a host for its facts, without storing them.

    Raises:
        PanelError: It could not be reached, or what it said is not understood.
    """
    sections = loop.run(agent_of(host).facts(), timeout_s=PROBE_TIMEOUT_S)
    return parse_facts(sections)


def _store(host: Host, facts: HostFacts, began: datetime) -> None:
    values = {
        "state": HostState.ONLINE,
        "state_reason": "",
        "tried_at": timezone.now(),
        "seen_at": began,
        "boot_at": facts.boot_at,
        "release": str(facts.release),
        "facts": facts_json(facts),
    }
    with transaction.atomic():
        was = Host.objects.select_for_update().get(pk=host.pk)
        if was.host_key != host.host_key or was.state == HostState.KEY_CHANGED:
            raise HostUnreachable(
                "The host's key changed while it was looked at: what it said does not count."
            )
        if _overtaken(was, began):
            return
        changed = _differs(was, values)
        Host.objects.filter(pk=host.pk).update(**values)
        for name, value in values.items():
            setattr(host, name, value)
        changed = observers.notify(host, facts) or changed
        if end_wait(host.pk):
            transaction.on_commit(partial(wake_lane, host.pk))
        if changed:
            announce(host)


def _overtaken(host: Host, began: datetime) -> bool:
    """Whether a look that began later was stored first: what ours saw may be over.

    A time that is still to come was noted before someone set the clock back.
    """
    return host.seen_at is not None and began < host.seen_at <= timezone.now()


def _differs(was: Host, values: dict[str, Any]) -> bool:
    names = ("state", "state_reason", "release", "facts")
    return any(_shown(name, getattr(was, name)) != _shown(name, values[name]) for name in names)


def _shown(name: str, value: Any) -> Any:
    """Leave out of the facts what changes with every look."""
    restless = {"now", "load", "zpools", "filesystems", "datasets"}
    return {k: v for k, v in value.items() if k not in restless} if name == "facts" else value


def _store_failure(host: Host, error: PanelError, began: datetime) -> None:
    state = next((state for kind, state in _STATE_OF if isinstance(error, kind)), HostState.UNREADABLE)
    values: dict[str, Any] = {"state": state, "state_reason": error.message, "tried_at": timezone.now()}
    if isinstance(error, HostKeyChanged):
        values["offered_key"] = error.offered
    with transaction.atomic():
        rows = Host.objects.filter(pk=host.pk, host_key=host.host_key).exclude(state__in=KEY_IN_DOUBT)
        was = rows.select_for_update().first()
        if was is None or (_overtaken(was, began) and state != HostState.KEY_CHANGED):
            return
        rows.update(**values)
        if (host.state, host.state_reason) != (state, error.message):
            announce(host)


def announce(host: Host) -> None:
    """Tell open pages, once the transaction has committed, that something about the host changed."""
    for topic in ("hosts", "jails", f"host:{host.pk}"):
        transaction.on_commit(partial(publish, topic, str(host.pk)))


def facts_json(facts: HostFacts) -> dict[str, Any]:
    """Return the facts as JSON values for the host's row, without what other rooms store themselves."""
    data = _values(facts)
    for name in ("jails", "running", "archives", "snapshots", "firewall"):
        data.pop(name, None)
    return json.loads(json.dumps(data, default=_plain))  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _values(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _values(value: Any) -> dict[str, Any]:
    """Return a dataclass's fields as they are: `asdict` would copy all that is in them, jails among it."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
