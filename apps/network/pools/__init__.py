"""Pools of addresses: who has which, which is free, and which two have."""

from __future__ import annotations


def register() -> None:
    """Take part in probes."""
    from apps.hosts import observers  # noqa: PLC0415  needs the app registry
    from apps.network.pools.seen import observe  # noqa: PLC0415  needs the app registry

    observers.register(observe)
