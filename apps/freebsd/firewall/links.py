"""The table of a NAT instance: which inner end stands behind which outer one, towards whom.

Source: reference ipfw §5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

End = tuple[int, int]  # address and port


@dataclass(frozen=True, slots=True)
class Link:
    """One translation.

    Args:
        proto: The protocol's number.
        local: The inner end.
        alias: The outer end, which everybody else sees.
        remote: The other side.
    """

    proto: int
    local: End
    alias: End
    remote: End


class Links:
    """All translations of an instance, found from either side."""

    def __init__(self) -> None:
        self._out: dict[tuple[int, End, End], Link] = {}
        self._in: dict[tuple[int, End, End], Link] = {}

    def add(self, link: Link) -> Link:
        """Keep a link; return it."""
        self._out[link.proto, link.local, link.remote] = link
        self._in[link.proto, link.alias, link.remote] = link
        return link

    def outwards(self, proto: int, local: End, remote: End) -> Link | None:
        """Return the link of what leaves from an inner end."""
        return self._out.get((proto, local, remote))

    def inwards(self, proto: int, alias: End, remote: End) -> Link | None:
        """Return the link of what comes to an outer end."""
        return self._in.get((proto, alias, remote))
