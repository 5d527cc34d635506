"""The pages that an object has: each room tells its own, so that no page needs to know all rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of an object.

    Args:
        of: What the object is: `host` or `jail`.
        label: The word on the tab.
        url_name: Its page, such as `jails:jail-detail`; reversed with what `page_tabs` is given.
        order: Where it stands among the others; the overview is 0.
        perm: What one must hold to see it; empty for everyone who sees the object.
    """

    of: str
    label: str
    url_name: str
    order: int
    perm: str = ""


_tabs: dict[str, Tab] = {}


def register_tab(tab: Tab) -> None:
    """Make a page of an object known; each room does so for its own when it is ready."""
    _tabs[tab.url_name] = tab


def tabs_of(of: str) -> list[Tab]:
    """Return the pages of a kind of object, in order."""
    return sorted((tab for tab in _tabs.values() if tab.of == of), key=lambda tab: (tab.order, tab.label))


def tab_urls(tabs: Iterable[Tab], args: tuple[object, ...]) -> list[tuple[Tab, str]]:
    """Return each page with its address."""
    return [(tab, reverse(tab.url_name, args=list(args))) for tab in tabs]
