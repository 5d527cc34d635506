"""What the page of a host's NAT shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.hosts.models import Host
from apps.network.compiling import compiled
from apps.network.host_inputs import inputs_of
from apps.network.models import Layout, PortForward
from apps.network.nat.notes import forward_notes
from apps.network.nat.queries import instances
from apps.network.nat.reach import Asker, Reach
from apps.network.nat.showing import ShownNat, shown
from apps.network.nat.words import local_words, public_words
from apps.network.rulesets.queries import rule_set_of
from apps.network.rulesets.seen import seen_firewall
from apps.network.rulesets.values import interfaces_of
from apps.network.tracing.world import world_of

_NO_RULES = "The host has no rule set yet, so nothing can be said."


@dataclass(frozen=True, slots=True)
class ShownForward:
    """One forward in the table."""

    row: PortForward
    public: str
    local: str
    reach: Reach
    notes: tuple[str, ...]


def instances_shown(host: Host) -> list[ShownNat]:
    """Return a host's instances, wanted and live."""
    live = seen_firewall(host)
    held = [text.partition("/")[0] for texts in interfaces_of(host).values() for text in texts]
    return shown(instances(host), live.nat if live else None, held)


def forwards_shown(host: Host, rows: list[PortForward]) -> list[ShownForward]:
    """Return forwards with the tracer's answers, in a constant number of queries."""
    if not rows:
        return []
    rule_set = rule_set_of(host)
    made = compiled(rule_set, host) if rule_set else None
    asker = Asker(host, made.firewall if made else None, world_of(host), "" if made else _NO_RULES)
    inputs = made.inputs if made else inputs_of(host)
    services = inputs.host_services if rule_set and rule_set.layout == Layout.RECOMMENDED else ()
    held = {(jail.name, address) for jail in asker.world.jails for address in jail.addresses}
    return [
        ShownForward(
            row,
            public_words(row),
            local_words(row),
            asker.ask(row),
            forward_notes(row, inputs, services, held),
        )
        for row in rows
    ]


def states(found: list[ShownNat]) -> dict[str, Any]:
    """Return what the page says of all instances together."""
    pending = [one for one in found if one.state in ("differs", "new", "unwanted")]
    return {"instances": found, "pending": len(pending), "is_seen": all(one.is_seen for one in found)}
