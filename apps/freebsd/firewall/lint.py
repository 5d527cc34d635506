"""Finds what ipfw itself swallows: rules that do not do what they seem to do.

    lint(firewall, context) → findings, the worst first, then in the order of the rules
    apply_fix(firewall, finding.fix) → the firewall without it

What ipfw refuses, or reads as something else than what is typed (a port of 70000), is refused by
`apps.freebsd.firewall.parse` already, before there is a rule.

Source: reference ipfw §0, §7; captures/README.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.firewall import lint_nat, lint_order, lint_panel, lint_rules
from apps.freebsd.firewall.findings import Finding, Fix, LintContext, Severity, Subject, apply_fix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.freebsd.firewall.model import Firewall

__all__ = ["Finding", "Fix", "LintContext", "Severity", "apply_fix", "lint"]

_CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    lint_panel.panel_cut_off,
    lint_rules.cut_off_comments,
    lint_rules.unread_rules,
    lint_rules.nat_without_instance,
    lint_rules.nat_of_ipv6,
    lint_rules.ports_without_protocol,
    lint_rules.rules_of_jail_numbers,
    lint_rules.missing_tables,
    lint_rules.missing_interfaces,
    lint_rules.limits_by_several,
    lint_rules.misprinted_blocks,
    lint_order.jumps_to_nowhere,
    lint_order.jumps_back,
    lint_order.unreached_rules,
    lint_order.hidden_rules,
    lint_order.calls_without_partner,
    lint_order.states_without_check,
    lint_nat.nat_behind_check_state,
    lint_nat.nat_without_reassembly,
    lint_nat.filters_never_asked,
    lint_nat.denied_answers,
    lint_nat.jails_leave_untranslated,
)
_ORDER = tuple(Severity)


def lint(firewall: Firewall, context: LintContext | None = None) -> tuple[Finding, ...]:
    """Find what is wrong with a firewall, or probably is.

    Args:
        firewall: What is looked at; rules of disabled sets are passed over.
        context: What is known of the host; what is not known is not looked for.

    Returns:
        The findings, the worst first, then in the order of the rules.
    """
    subject = Subject(firewall, context or LintContext())
    found = [finding for check in _CHECKS for finding in check(subject)]
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[int, int]:
    return _ORDER.index(finding.severity), -1 if finding.rule is None else finding.rule
