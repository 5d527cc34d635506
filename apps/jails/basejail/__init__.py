"""The basejail of a host: fetched with proof, installed, patched and upgraded."""

from __future__ import annotations


def register() -> None:
    """Take part in probes, and tell the engine this topic's kinds of job and a host's pages its page."""
    from apps.accounts.permissions import Perm  # noqa: PLC0415  needs the app registry
    from apps.hosts import observers  # noqa: PLC0415  needs the app registry
    from apps.jails.basejail.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.jails.basejail.observing import want_manifest  # noqa: PLC0415  needs the app registry
    from apps.pages.tabs import Tab, register_tab  # noqa: PLC0415  needs the app registry

    register_tab(Tab("host", "Basejail", "jails:basejail", 20, Perm.HOST_VIEW))
    observers.register(want_manifest)
    register_kinds()
