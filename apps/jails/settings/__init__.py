"""Changing a jail that is there: its settings, its files as text, its name."""

from __future__ import annotations


def register() -> None:
    """Tell the engine the kinds of job of this topic, and the jail's page its tab."""
    from apps.jails.settings.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_tab(Tab("jail", "Settings", "jails:jail-settings", 10))
    register_kinds()
