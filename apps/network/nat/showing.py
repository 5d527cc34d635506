"""A host's NAT instances as they are wanted, beside those that were seen on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.freebsd.firewall import model
from apps.freebsd.firewall.nat_config import nat_text
from apps.network.host_inputs import instance_of
from apps.network.models import NatInstance
from apps.network.nat.options import MEANINGS, ODD


@dataclass(frozen=True, slots=True)
class ShownNat:
    """One instance on the page.

    Args:
        number: Its number.
        row: As it is wanted; None when nobody wants it.
        live: As it was seen; None when it was not.
        is_seen: Whether the host's NAT was looked at at all.
        notes: What is odd about it, in sentences.
    """

    number: int
    row: NatInstance | None
    live: model.NatInstance | None
    is_seen: bool
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> model.NatInstance | None:
        """What is wanted, as ipfw knows it."""
        return instance_of(self.row) if self.row else None

    @property
    def state(self) -> str:
        """applied, differs, new, unwanted or unseen."""
        if not self.is_seen:
            return "unseen"
        if self.row is None:
            return "unwanted"
        if self.live is None:
            return "new"
        return "applied" if self.live == self.wanted else "differs"

    @property
    def options(self) -> list[tuple[str, str]]:
        """Its options with their meanings."""
        words = self.row.options if self.row else self.live.options if self.live else ()
        return [(word, MEANINGS.get(word, "")) for word in MEANINGS if word in words]

    @property
    def wanted_text(self) -> str:
        """The line that makes it."""
        return nat_text(self.wanted) if self.wanted else ""

    @property
    def live_text(self) -> str:
        """The line that would make what is on the host."""
        return nat_text(self.live) if self.live else ""


def shown(
    rows: Iterable[NatInstance],
    live: Sequence[model.NatInstance] | None,
    held: Sequence[str],
) -> list[ShownNat]:
    """Return all instances that are wanted or there, by number.

    Args:
        rows: What is wanted.
        live: What was seen; None when nothing was looked at.
        held: The host's own addresses.
    """
    wanted = {row.number: row for row in rows}
    there = {one.number: one for one in live or ()}
    return [
        ShownNat(
            number, wanted.get(number), there.get(number), live is not None, _notes(wanted.get(number), held)
        )
        for number in sorted({*wanted, *there})
    ]


def _notes(row: NatInstance | None, held: Sequence[str]) -> tuple[str, ...]:
    if row is None:
        return ()
    found = []
    if row.address and held and row.address not in held:
        found.append(f"{row.address} is on no interface of the host: what is sent there does not arrive.")
    if odd := [word for word in row.options if word in ODD]:
        found.append(f"With {' and '.join(odd)} jails may leave with their private addresses.")
    return tuple(found)
