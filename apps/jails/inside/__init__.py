"""The inside of a running jail: what goes on in it, its services and packages, and commands there."""

from __future__ import annotations


def register() -> None:
    """Tell the jail's page its tab."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415

    register_tab(Tab("jail", "Inside", "jails:jail-inside", 20, Perm.JAIL_INSIDE))
