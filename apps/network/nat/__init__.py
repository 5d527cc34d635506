"""A host's NAT: instances as they are wanted beside those that are there, and its port forwards."""

from __future__ import annotations


def register() -> None:
    """Tell a host's pages of this one."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_tab(Tab("host", "NAT", "network:host-nat", 55, Perm.NETWORK_VIEW))
