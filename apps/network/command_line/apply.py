"""`manage.py firewall apply`: put a host's wanted rules in force, or see the host take them back."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from apps.accounts.actor import Actor
from apps.hosts.models import Host
from apps.jobs.command_line.console import Console, plain
from apps.jobs.command_line.find import short_id
from apps.jobs.plan import Plan
from apps.network.command_line.asked import host_find
from apps.network.firewall.drift import in_force
from apps.network.firewall.risk import risk_of
from apps.network.firewall.services import Prospect, Wish, firewall_apply_request, parsed_seconds, prospect
from apps.network.queueing import Agreed
from apps.network.rulesets.findings import findings_of

HELP = "put a host's wanted rules in force; the host takes them back if they cut the panel off"


def add_arguments(parser: ArgumentParser) -> None:
    """Take how long the host waits, and whether one agrees without being asked."""
    parser.add_argument("--seconds", default="", help="how long the host waits for the panel")
    parser.add_argument("--yes", action="store_true", help="agree to the plan without being asked")


def run(console: Console, actor: Actor, options: dict[str, Any]) -> int:
    """Show the plan, ask, and queue it.

    Returns:
        0 when it was asked for, 1 when not.

    Raises:
        PanelError: It cannot be applied, or may not be.
    """
    host = host_find(actor, options["host"])
    wish = Wish(parsed_seconds(options["seconds"]))
    found = prospect(host, wish)
    risk = risk_of(host, findings_of(in_force(found.firewall), host))
    _show(console, found.plan)
    if risk.sentence:
        console.note(plain(risk.sentence), "red" if risk.is_certain else "orange")
    if not _agrees(host, options["yes"], is_certain=risk.is_certain):
        console.note("Nothing was asked for.")
        return 1
    return _ask_for(console, actor, host, wish, found)


def _ask_for(console: Console, actor: Actor, host: Host, wish: Wish, found: Prospect) -> int:
    agreed = Agreed(found.plan.hash, secrets.token_hex(16))
    job = firewall_apply_request(actor=actor, host=host, wish=wish, agreed=agreed)
    console.line(f"{short_id(job)} is {job.get_state_display()}. See: manage.py jobs follow {short_id(job)}")
    return 0


def _show(console: Console, plan: Plan) -> None:
    console.line(f"{plan.title}:")
    for step in plan.commands:
        console.line(f"  {plain(step.shell_text())}")
    for warning in plan.warnings:
        console.note(plain(warning), "orange")


def _agrees(host: Host, has_agreed: bool, *, is_certain: bool) -> bool:
    """Ask; where the panel would be cut off the host's name has to be typed, whatever was agreed to."""
    if has_agreed and not is_certain:
        return True
    name = plain(host.name)
    question = f"Type {name} to run this there: " if is_certain else f"Run this on {name}? [y/N] "
    try:
        answer = input(question).strip()
    except EOFError:
        return False
    return answer == host.name if is_certain else answer.lower() in {"y", "yes"}
