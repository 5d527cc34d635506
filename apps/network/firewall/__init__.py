"""A host's firewall as it is: seen, compared with what is wanted, applied so that nobody is locked out."""

from __future__ import annotations


def register() -> None:
    """Take part in probes, tell the engine this topic's kind of job, and a host's pages its page."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.hosts import observers  # noqa: PLC0415  needs the app registry
    from apps.jobs.ports import register_ending  # noqa: PLC0415  needs the app registry
    from apps.network.firewall.endings import job_ended  # noqa: PLC0415  needs the app registry
    from apps.network.firewall.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.network.firewall.observed import observe  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_tab(Tab("host", "Firewall", "network:host-firewall", 60, Perm.NETWORK_VIEW))
    observers.register(observe)
    register_ending(job_ended)
    register_kinds()
