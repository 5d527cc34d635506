"""A rule set as it comes to on one host: its rules in words, where each is from, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from apps.freebsd.firewall.lint import Severity
from apps.freebsd.firewall.model import Firewall, Rule
from apps.freebsd.firewall.printing import rule_text
from apps.hosts.models import Host
from apps.network.compiling import Compiled, Source, compiled
from apps.network.models import RuleSet
from apps.network.rulesets.findings import Finding, findings_of, key_of, offers_lines
from apps.network.rulesets.saying import rule_words
from apps.network.rulesets.services import Content, tidy

MOST_FIRST = 10


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as the page shows it.

    Args:
        finding: What the lint says.
        key: What stands for it in a form.
        offers_lines: Whether it offers a change of the written rules.
        is_of_generated: Whether the rule that it is about was generated.
    """

    finding: Finding
    key: str
    offers_lines: bool
    is_of_generated: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A rule set on a host.

    Args:
        compiled: Rules and where they come from.
        findings: What the lint says.
    """

    compiled: Compiled
    findings: tuple[Finding, ...]

    @property
    def firewall(self) -> Firewall:
        """The rules and all that belongs to them."""
        return self.compiled.firewall

    @property
    def of_rule(self) -> dict[int, list[ShownFinding]]:
        """Findings by the rule that they are about."""
        found: dict[int, list[ShownFinding]] = {}
        for finding in self.findings:
            if finding.rule is not None:
                found.setdefault(finding.rule, []).append(self._shown(finding))
        return found

    @property
    def first(self) -> list[ShownFinding]:
        """Findings that are about no rule in particular, and the worst, a few of them."""
        worst = (one for one in self.findings if one.rule is None or one.severity is Severity.ERROR)
        return [self._shown(finding) for finding in islice(worst, MOST_FIRST)]

    def _shown(self, finding: Finding) -> ShownFinding:
        offers = offers_lines(finding, self.compiled.sources)
        where = finding.rule is not None and self.compiled.sources[finding.rule].is_generated
        return ShownFinding(finding, key_of(finding), offers, bool(where))


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the page lists it."""

    rule: Rule
    source: Source
    findings: tuple[ShownFinding, ...]

    @property
    def number(self) -> str:
        """Five digits."""
        return f"{self.rule.number or 0:05d}"

    @property
    def words(self) -> str:
        """What it does."""
        return rule_words(self.rule)

    @property
    def text(self) -> str:
        """In ipfw's words, without its number."""
        return rule_text(self.rule).partition(" ")[2]


def look_at(rule_set: RuleSet, host: Host, content: Content | None = None) -> Look:
    """Return what a rule set comes to on a host.

    Args:
        rule_set: Which one.
        host: Whose own values are filled in.
        content: What it would say, where that is not what it says.
    """
    made = compiled(rule_set if content is None else with_content(rule_set, content), host)
    return Look(made, findings_of(made.firewall, host))


def with_content(rule_set: RuleSet, content: Content) -> RuleSet:
    """Return a rule set that says something else, without saving it."""
    content = tidy(content)
    return RuleSet(
        pk=rule_set.pk,
        name=rule_set.name,
        host_id=rule_set.host_id,
        group_id=rule_set.group_id,
        layout=content.layout,
        choices=content.choices,
        written=content.written,
    )


def rows_of(look: Look, first: int, last: int) -> list[RuleRow]:
    """Return the rules from one place up to another."""
    pairs = list(zip(look.firewall.rules, look.compiled.sources, strict=True))[first:last]
    of_rule = look.of_rule
    return [
        RuleRow(rule, source, tuple(of_rule.get(at, ())))
        for at, (rule, source) in enumerate(pairs, start=first)
    ]
