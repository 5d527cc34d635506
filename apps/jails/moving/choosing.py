"""Choosing one of the hosts that one may see: each, and why it cannot be chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.accounts.middleware import PanelRequest
from apps.hosts.models import Host


@dataclass(frozen=True, slots=True)
class Choice:
    """A host.

    Args:
        host: The host.
        why_not: Why it cannot be chosen; empty when it can.
    """

    host: Host
    why_not: str


def choices(hosts: Iterable[Host], why_not: Callable[[Host], str]) -> list[Choice]:
    """Return the hosts, those that can be chosen first."""
    found = [Choice(host, why_not(host)) for host in hosts]
    return sorted(found, key=lambda choice: bool(choice.why_not))


def chosen(request: PanelRequest, offered: Iterable[Choice]) -> Host | None:
    """Return the host that was chosen (`to`), if it is one that can be."""
    data = request.POST if request.method == "POST" else request.GET
    wanted = data.get("to", "")
    return next((item.host for item in offered if str(item.host.pk) == wanted and not item.why_not), None)
