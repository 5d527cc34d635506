"""Which kinds of job make a jail or take one away, so that what they do is not taken for a change by hand."""

from __future__ import annotations

_making = {"jails.create", "jails.restore"}
_removing = {"jails.delete", "jails.repair"}


def register_making(kind: str) -> None:
    """Say that jobs of this kind make the jail that they are about."""
    _making.add(kind)


def register_removing(kind: str) -> None:
    """Say that jobs of this kind take away the jail that they are about."""
    _removing.add(kind)


def makes(kind: str) -> bool:
    """Whether jobs of a kind make the jail that they are about."""
    return kind in _making


def making() -> frozenset[str]:
    """Return the kinds that make a jail."""
    return frozenset(_making)


def removes(kind: str) -> bool:
    """Whether jobs of a kind take away the jail that they are about."""
    return kind in _removing
