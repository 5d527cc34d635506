"""What the lint says of a firewall on a host, and what it offers done to the written rules."""

from __future__ import annotations

from collections.abc import Sequence

from apps.freebsd.firewall.lint import Finding, Fix, LintContext, lint
from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.printing import rule_text
from apps.hosts.models import Host
from apps.network.compiling import Source
from apps.network.host_inputs import inputs_of
from apps.network.rulesets.written import joined, lines_of, with_line
from apps.network.tracing.world import world_of

__all__ = ["Finding", "findings_of", "key_of", "offers_lines", "with_fix"]


def findings_of(firewall: Firewall, host: Host) -> tuple[Finding, ...]:
    """Return what the lint says of a firewall on a host."""
    inputs = inputs_of(host)
    address = next(iter(inputs.public4), "")
    context = LintContext(world=world_of(host), jail_networks=inputs.translated, host_address=address)
    return lint(firewall, context)


def key_of(finding: Finding) -> str:
    """Return what stands for a finding in a form, as long as the rules stay the same."""
    return f"{finding.code}.{'' if finding.rule is None else finding.rule}"


def offers_lines(finding: Finding, sources: Sequence[Source]) -> bool:
    """Say whether what a finding offers is a change of written rules, and of nothing else."""
    fix = finding.fix
    if fix is None or fix.nat or fix.tables or fix.one_pass is not None:
        return False
    touched = [place for place, _rule in fix.replaced] + list(fix.removed)
    return bool(touched or fix.inserted) and all(sources[place].line for place in touched)


def with_fix(text: str, fix: Fix, sources: Sequence[Source]) -> str:
    """Return the written rules with what a finding offers done to them.

    Args:
        text: The written rules.
        fix: What is offered; `offers_lines` is true of it.
        sources: Where each rule of the firewall comes from.
    """
    lines = lines_of(text)
    for place, rule in fix.replaced:
        lines[sources[place].line - 1] = rule_text(rule)
    gone = {sources[place].line for place in fix.removed}
    made = joined([line for at, line in enumerate(lines, start=1) if at not in gone])
    for _place, rule in fix.inserted:
        made = with_line(made, None, rule_text(rule))
    return made
