"""Rooms above that store what a probe says about their own things."""

from __future__ import annotations

from collections.abc import Callable

from apps.freebsd.parsers.facts import HostFacts
from apps.hosts.models import Host

# Called in the transaction that stores the probe; says whether anything that people see has changed.
Observer = Callable[[Host, HostFacts], bool]

_observers: list[Observer] = []


def register(observer: Observer) -> None:
    """Have `observer` called with every whole probe; each app does so when it is ready."""
    if observer not in _observers:
        _observers.append(observer)


def notify(host: Host, facts: HostFacts) -> bool:
    """Hand a probe to all observers; returns whether any saw a change."""
    changes = [observer(host, facts) for observer in _observers]
    return any(changes)
