"""From a rule set and a host to the firewall that the host is to have, and where each rule comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.article import article_rules
from apps.freebsd.firewall.hints import hints
from apps.freebsd.firewall.inputs import FirewallInputs
from apps.freebsd.firewall.model import HIGHEST_NUMBER, Firewall, Rule, Table
from apps.freebsd.firewall.parse import parse_written
from apps.freebsd.firewall.recommended import recommended_rules
from apps.hosts.models import Host
from apps.network.choices import Choices, read_choices
from apps.network.host_inputs import inputs_of, with_choices
from apps.network.models import Layout, RuleSet
from apps.network.rulesets.tables import read_entries

__all__ = ["Compiled", "Source", "Trouble", "compile_set", "compiled", "inputs_of"]

_VALUE = re.compile(r"\$([A-Za-z_]\w*)")
_THERE_ARE = "there are $outside, $public, $jails and $panel."
_AUTO_STEP = 100  # net.inet.ip.fw.autoinc_step


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from.

    Args:
        purpose: Why it was generated; empty for a written rule.
        line: The line of the written rules, from 1; 0 for a generated rule.
    """

    purpose: str = ""
    line: int = 0

    @property
    def is_generated(self) -> bool:
        """Whether nobody wrote it."""
        return not self.line


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a part of a rule set is not in what it was compiled to.

    Args:
        sentence: What is wrong.
        where: `written`, `choices`, or `table NAME`.
        line: In it, from 1; 0 for the whole.
    """

    sentence: str
    where: str = "written"
    line: int = 0

    def __str__(self) -> str:
        place = {"written": "Written rules", "choices": "Generated part"}.get(self.where, self.where)
        return f"{place}, line {self.line}: {self.sentence}" if self.line else f"{place}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a rule set comes to on a host.

    Args:
        firewall: Rules, NAT instances, tables, one_pass.
        sources: Where each of its rules comes from, in the same order.
        problems: What could not be taken in; with any, it should not be applied.
        hints: What is lacking for it to be of full use, in sentences.
        inputs: The host's own values and what was chosen.
    """

    firewall: Firewall
    sources: tuple[Source, ...]
    problems: tuple[Trouble, ...] = ()
    hints: tuple[str, ...] = ()
    inputs: FirewallInputs = field(default_factory=FirewallInputs)


def compiled(rule_set: RuleSet, host: Host) -> Compiled:
    """Return what a rule set comes to on a host, in a constant number of queries.

    Args:
        rule_set: Of the host, or of its group; need not be saved.
        host: Whose own values are filled in.
    """
    try:
        choices, problems = read_choices(rule_set.choices), []
    except InvalidInput as error:
        choices, problems = Choices(), [Trouble(error.message, "choices")]
    base = inputs_of(host)
    tables = [(one.name, one.entries) for one in rule_set.tables.all()] if rule_set.pk else []
    try:
        inputs = with_choices(base, choices)
    except InvalidInput as error:
        inputs = with_choices(base, Choices())
        problems.append(Trouble(error.message, "choices"))
    made = compile_set(rule_set.layout, inputs, rule_set.written, tables)
    return replace(made, problems=(*problems, *made.problems))


def compile_set(
    layout: str, inputs: FirewallInputs, written: str = "", tables: Sequence[tuple[str, str]] = ()
) -> Compiled:
    """Return what a layout, a host's values and written rules come to. Pure.

    Args:
        layout: One of `Layout`.
        inputs: A host's own values and what was chosen.
        written: Rules, one a line, with `$outside`, `$public`, `$jails` and `$panel` for the host's values.
        tables: Name and entries, as text, of each table.
    """
    lines = _generated(layout, inputs)
    mine, troubles = _written(written, inputs, is_alone=not lines)
    made, wrong = _tables(tables)
    # Sorting is stable: of one number, generated rules come first, and written ones as they stand.
    both = sorted([*lines, *mine], key=lambda pair: pair[0].number or 0)
    firewall = Firewall(
        rules=tuple(rule for rule, _source in both),
        nat=tuple(sorted(inputs.nat, key=lambda one: one.number)),
        tables=made,
        one_pass=layout == Layout.ARTICLE,
    )
    sources = tuple(source for _rule, source in both)
    return Compiled(firewall, sources, (*troubles, *wrong), hints(inputs) if lines else (), inputs)


def _generated(layout: str, inputs: FirewallInputs) -> list[tuple[Rule, Source]]:
    make = {Layout.ARTICLE.value: article_rules, Layout.RECOMMENDED.value: recommended_rules}.get(str(layout))
    return [(line.rule, Source(line.purpose)) for line in make(inputs)] if make else []


def _written(
    text: str, inputs: FirewallInputs, *, is_alone: bool
) -> tuple[list[tuple[Rule, Source]], list[Trouble]]:
    rules: list[tuple[Rule, Source]] = []
    troubles: list[Trouble] = []
    values = _values(inputs)
    for line, words in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not words.strip() or words.lstrip().startswith("#"):
            continue
        try:
            rule = _parsed(_filled(words, values))
            rules.append((_numbered(rule, rules, is_alone=is_alone), Source(line=line)))
        except InvalidInput as error:
            troubles.append(Trouble(error.message, line=line))
    return rules, troubles


# One change compiles the same lines several times: as they were, as they are, as they would be.
_parsed = lru_cache(maxsize=8192)(parse_written)


def _numbered(rule: Rule, before: Sequence[tuple[Rule, Source]], *, is_alone: bool) -> Rule:
    """Give a rule without a number the next one, as ipfw would. Source: reference ipfw §3."""
    if rule.number:
        return rule
    if not is_alone:
        raise InvalidInput("Beside generated rules a rule needs a number, which says where it stands.")
    highest = max((one.number or 0 for one, _source in before), default=0)
    step = _AUTO_STEP if highest + _AUTO_STEP <= HIGHEST_NUMBER else 0
    return replace(rule, number=highest + step)


def _values(inputs: FirewallInputs) -> Mapping[str, tuple[str, str]]:
    """Return the value of each word, and what is lacking where it has none."""
    return {
        "outside": (inputs.outside, "The host's interface towards the world is not known yet."),
        "public": (",".join(inputs.public4), "The host's public addresses are not known yet."),
        "jails": (",".join(inputs.translated), "The host has no network of jails yet."),
        "panel": (inputs.panel_address or "any", ""),
    }


def _filled(line: str, values: Mapping[str, tuple[str, str]]) -> str:
    """Put a host's values in the place of their words."""

    def value(found: re.Match[str]) -> str:
        text, lacking = values.get(found[1], ("", f"{found[0]} stands for nothing: {_THERE_ARE}"))
        if not text:
            raise InvalidInput(lacking)
        return text

    return _VALUE.sub(value, line)


def _tables(tables: Sequence[tuple[str, str]]) -> tuple[tuple[Table, ...], list[Trouble]]:
    made, troubles = [], []
    for name, text in tables:
        entries, bad = read_entries(text)
        made.append(Table(name, entries))
        troubles += [Trouble(one.sentence, f"Table {name}", one.line) for one in bad]
    return tuple(made), troubles
