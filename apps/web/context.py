"""What every page's frame needs: navigation, and from when on the page must hear of changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

LIVE_URL = "/live/"


@dataclass(frozen=True, slots=True)
class Area:
    """One entry of the navigation.

    Args:
        key: What templates know it by.
        label: What the entry says.
        icon: Its symbol in static/icons.svg.
        url_name: The page that it leads to.
        shortcut: The key that leads there after `g`.
        nouns: First words of the names of the URLs that belong to it, whichever app they live in.
    """

    key: str
    label: str
    icon: str
    url_name: str
    shortcut: str
    nouns: tuple[str, ...]


AREAS = (
    Area("web", "Dashboard", "layout-dashboard", "web:dashboard", "d", ("dashboard",)),
    Area("hosts", "Hosts", "server-2", "hosts:host-list", "h", ("host", "basejail", "group")),
    Area("jails", "Jails", "box", "jails:jail-list", "j", ("jail", "leak")),
    Area("drift", "Drift", "eye", "jails:drift-list", "f", ("drift",)),
    Area("network", "Network", "network", "network:pool-list", "n", ("pool", "address")),
    Area("firewall", "Firewall", "shield", "network:rules-list", "w", ("rules", "trace")),
    Area("jobs", "Jobs", "list-check", "jobs:job-list", "o", ("job", "batch")),
    Area("approval", "Approval", "users", "jobs:policy-list", "a", ("policy",)),
    Area("schedules", "Schedules", "clock", "schedules:schedule-list", "s", ("schedule",)),
    Area("audit", "Record", "history", "audit:event-list", "r", ("event",)),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context. Makes no query: every page and every partial pays for it."""
    match = getattr(request, "resolver_match", None)
    noun = (match.url_name or "").partition("-")[0] if match else ""
    area = next((entry.key for entry in AREAS if noun in entry.nouns), "")
    return {
        "navigation": [entry for entry in _entries(area) if entry["url"]],
        "area": area,
        "live_url": LIVE_URL,
        "live_since": getattr(request, "began_ms", None) or int(time.time() * 1000),
    }


def _entries(area: str) -> list[dict[str, Any]]:
    return [{"area": entry, "url": _address(entry.url_name), "active": entry.key == area} for entry in AREAS]


def _address(url_name: str) -> str:
    # An error page must not fail because a part of the panel is not there.
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
