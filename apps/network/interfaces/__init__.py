"""A host's interfaces with their addresses, and addresses of its own beside its jails."""

from __future__ import annotations


def register() -> None:
    """Tell the engine this topic's kind of job, and a host's pages its page."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.jobs.ports import register_ending  # noqa: PLC0415  needs the app registry
    from apps.network.interfaces.holding import job_ended  # noqa: PLC0415  needs the app registry
    from apps.network.interfaces.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_tab(Tab("host", "Network", "network:host-network", 50, Perm.NETWORK_VIEW))
    register_ending(job_ended)
    register_kinds()
