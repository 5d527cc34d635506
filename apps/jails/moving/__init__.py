"""Moving jails between hosts, and copying archives and flavours to other hosts."""

from __future__ import annotations


def register() -> None:
    """Tell the engine the kinds of job of this topic."""
    from apps.jails.moving.kinds import register_kinds  # noqa: PLC0415  needs the app registry

    register_kinds()
