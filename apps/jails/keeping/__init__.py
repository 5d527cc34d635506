"""What is kept of deleted jails, for how long, and how it is had back."""

from __future__ import annotations


def register() -> None:
    """Take part in probes, and make the kind of job known that destroys what was kept."""
    from apps.hosts import observers  # noqa: PLC0415  needs the app registry
    from apps.jails.keeping.kinds import register_kinds  # noqa: PLC0415  needs the app registry
    from apps.jails.keeping.observing import observe  # noqa: PLC0415  needs the app registry

    observers.register(observe)
    register_kinds()
