"""Archives and snapshots of jails: taken, gone back to, and what is kept of deleted jails."""

from __future__ import annotations

from apps.accounts.permissions import Perm
from apps.hosts import observers
from apps.pages.tabs import Tab, register_tab


def register() -> None:
    """Take part in probes, and make tabs and job kinds known."""
    from apps.jails.archives import changes  # noqa: PLC0415  needs the app registry
    from apps.jails.archives.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.jails.archives.observing import observe  # noqa: PLC0415  needs the app registry

    observers.register(observe)
    register_tab(Tab("jail", "Archives", "jails:jail-archives", 30, Perm.JAIL_VIEW))
    register_tab(Tab("host", "Archives", "jails:host-archives", 40, Perm.JAIL_VIEW))
    register_kinds()
    changes.register()
