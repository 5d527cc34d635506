"""`manage.py firewall diff`: what would change on a host if its wanted rules were applied."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from apps.accounts.actor import Actor
from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.jobs.command_line.console import Console, plain
from apps.network.command_line.asked import host_find
from apps.network.firewall.drift import in_force
from apps.network.firewall.showing import shared
from apps.network.firewall.wanted import wanted_on
from apps.network.rulesets.comparing import Comparison, comparison
from apps.network.rulesets.findings import findings_of
from apps.network.rulesets.seen import seen_firewall
from apps.network.tracing.world import world_of

HELP = "show what would change on a host if its wanted rules were applied; 1 when something would"
NOTHING = Firewall(default_allows=True)  # a host without ipfw lets everything through
SIGNS = {"new": ("+", "green"), "gone": ("-", "red"), "kept": (" ", ""), "skip": ("…", "")}


def add_arguments(parser: ArgumentParser) -> None:
    """Take how it is written."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(console: Console, actor: Actor, options: dict[str, Any]) -> int:
    """Compare.

    Raises:
        InvalidInput: There is no such host, or no rules are wanted for it.
    """
    host = host_find(actor, options["host"])
    found = _compared(host)
    if options["json"]:
        console.line(json.dumps(_as_data(found), indent=2))
    elif found.has_text:
        _show(console, found)
    else:
        console.note("The rules on the host are as they are wanted.", "green")
    return 1 if found.has_text else 0


def _compared(host: Host) -> Comparison:
    seen = seen_firewall(host)
    wanted = wanted_on(host, seen)
    if wanted is None:
        raise InvalidInput(f"{plain(host.name)} has no rule set.")
    after = in_force(wanted.firewall)
    before = shared(in_force(seen), after) if seen else NOTHING
    return comparison(
        before,
        after,
        world_of(host),
        found_before=findings_of(before, host),
        found_after=findings_of(after, host),
    )


def _show(console: Console, found: Comparison) -> None:
    for line in found.lines:
        sign, colour = SIGNS[line.mark]
        console.line(console.paint(f"{sign} {plain(line.text)}", colour))
    console.line()
    console.line(f"{found.packets} conversations were tried. These change their fate:")
    for fate in found.fates:
        colour = "green" if fate.is_opened else "red" if fate.is_closed else ""
        console.line(console.paint(f"  {plain(fate.sentence)}", colour))
    if not found.fates:
        console.line("  none")
    for finding in found.new_findings:
        console.line(console.paint(f"! {plain(finding.what)} {plain(finding.why)}", "orange"))


def _as_data(found: Comparison) -> dict[str, Any]:
    return {
        "new": [line.text for line in found.lines if line.mark == "new"],
        "gone": [line.text for line in found.lines if line.mark == "gone"],
        "fates": [fate.sentence for fate in found.fates],
        "packets": found.packets,
        "new_findings": [finding.what for finding in found.new_findings],
        "gone_findings": [finding.what for finding in found.gone_findings],
    }
