"""`manage.py firewall lint`: what is odd about a host's rules."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from apps.accounts.actor import Actor
from apps.freebsd.firewall.lint import Finding, Severity
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.printing import rule_text
from apps.jobs.command_line.console import Console, plain
from apps.network.command_line.asked import add_against, firewall_of, host_find
from apps.network.rulesets.findings import findings_of

HELP = "find what is odd about a host's rules; 1 when something is wrong, hints do not count"
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "orange", Severity.HINT: "blue"}


def add_arguments(parser: ArgumentParser) -> None:
    """Take which rules are meant."""
    add_against(parser)


def run(console: Console, actor: Actor, options: dict[str, Any]) -> int:
    """Lint.

    Raises:
        InvalidInput: There is no such host, or it has no rules.
    """
    host = host_find(actor, options["host"])
    firewall = firewall_of(host, options["against"])
    findings = findings_of(firewall, host)
    if options["json"]:
        console.line(json.dumps([_as_data(finding, firewall) for finding in findings], indent=2))
    else:
        for finding in findings:
            _show(console, finding, firewall)
        if not findings:
            console.note("Nothing is odd about these rules.", "green")
    return 1 if any(finding.severity is not Severity.HINT for finding in findings) else 0


def _rule(finding: Finding, firewall: Firewall) -> str:
    return "" if finding.rule is None else rule_text(firewall.rules[finding.rule])


def _show(console: Console, finding: Finding, firewall: Firewall) -> None:
    console.line(f"{console.paint(str(finding.severity), COLOURS[finding.severity])}: {plain(finding.what)}")
    if finding.rule is not None:
        console.line(f"    {plain(_rule(finding, firewall))}")
    console.line(f"    {plain(finding.why)}")
    if finding.fix:
        console.line(f"    {plain(finding.fix.sentence)}")


def _as_data(finding: Finding, firewall: Firewall) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "what": finding.what,
        "why": finding.why,
        "rule": _rule(finding, firewall) or None,
        "nat": finding.nat,
        "offer": finding.fix.sentence if finding.fix else None,
    }
