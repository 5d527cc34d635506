"""Which patch level is the newest of each release, for the simulated update servers."""

from __future__ import annotations

from collections.abc import Mapping

NEWEST: Mapping[str, int] = {
    "12.4-RELEASE": 9,
    "13.0-RELEASE": 13,
    "13.1-RELEASE": 9,
    "13.2-RELEASE": 12,
    "13.3-RELEASE": 8,
    "13.4-RELEASE": 5,
    "13.5-RELEASE": 8,
    "14.0-RELEASE": 11,
    "14.1-RELEASE": 8,
    "14.2-RELEASE": 7,
    "14.3-RELEASE": 6,
}
RELEASES = tuple(NEWEST)


def newest(release: str) -> str | None:
    """Give the newest patched form of a release, or None when the servers do not know it."""
    base = release.partition("-p")[0]
    return f"{base}-p{NEWEST[base]}" if base in NEWEST else None
