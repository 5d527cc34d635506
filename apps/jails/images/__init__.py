"""Jails in image files, encrypted or not: attach, detach, check."""

from __future__ import annotations


def register() -> None:
    """Tell the engine the kinds of job of this topic."""
    from apps.jails.images.kinds import register_kinds  # noqa: PLC0415  needs the app registry

    register_kinds()
