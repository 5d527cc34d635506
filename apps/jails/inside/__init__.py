"""The inside of a running jail: what goes on in it, its services and packages, and commands there."""

from __future__ import annotations


def register() -> None:
    """Tell the engine the kinds of job and the jail's page its tab."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.jails.inside.kinds import KINDS  # noqa: PLC0415
    from apps.jobs.ports import register_kind  # noqa: PLC0415
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415

    for kind in KINDS:
        register_kind(kind)
    register_tab(Tab("jail", "Inside", "jails:jail-inside", 20, Perm.JAIL_INSIDE))
