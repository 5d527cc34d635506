"""Flavours: trees of files that ezjail lays over a new jail; shown, edited, made and removed."""

from __future__ import annotations


def register() -> None:
    """Tell the engine the kinds of job and the host's page its tab."""
    from apps.jails.flavours.kinds import KINDS  # noqa: PLC0415  needs the app registry
    from apps.jobs.ports import register_kind  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415

    for kind in KINDS:
        register_kind(kind)
    register_tab(Tab("host", "Flavours", "jails:flavour-list", 30))
