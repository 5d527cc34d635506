"""/etc/rctl.conf, kept to the byte but for the rules that are added, removed or renamed.

rc.d/rctl reads it with sh's `read` and gives the first word of each line to `rctl -a`; what stands behind it
is a comment. So a backslash joins a line with the next one, comments too, and a last line without a line
feed is not read at all. Of two `deny` rules that differ in the amount, the later one counts.

Source: reference rctl §7; read(1) of sh(1).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import Subject
from apps.freebsd.limits.model import LimitKey, LimitRule
from apps.freebsd.limits.rules import parse_rule, rule_text

PATH = "/etc/rctl.conf"
_LINE = re.compile(r"(?:[^\\\n]|\\.|\\\Z)*(?:\n|\Z)", re.DOTALL)
_IS_READ = re.compile(r"(?:[^\\\n]|\\.)*\n", re.DOTALL)
_WORD = re.compile(r"(?P<before>[ \t]*)(?P<word>[^ \t\n]*)(?P<behind>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ConfLine:
    """One line, or several that a backslash joins.

    Args:
        raw: As it stands, with its line feed.
        rule: The rule that is loaded from it; None where there is none, or it is not understood.
        problem: Why what looks like a rule is not loaded, or not understood; or empty.
    """

    raw: str
    rule: LimitRule | None = None
    problem: str = ""

    def with_rule(self, rule: LimitRule) -> Self:
        """Return it with another rule in the place of its own; what stands around that stays."""
        form = _WORD.fullmatch(self.raw)
        before, behind = (form["before"], form["behind"]) if form else ("", "\n")
        return replace(self, raw=f"{before}{rule_text(rule)}{behind}", rule=rule)


@dataclass(frozen=True)
class RctlConf:
    """The file's lines.

    Args:
        lines: Joined, they are the file.
    """

    lines: tuple[ConfLine, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the file; any text is one."""
        return cls(tuple(_line(found[0]) for found in _LINE.finditer(text) if found[0]))

    @property
    def text(self) -> str:
        """The file as it stands."""
        return "".join(line.raw for line in self.lines)

    @cached_property
    def rules(self) -> tuple[LimitRule, ...]:
        """The rules that are there after the file was loaded on a host without any, in the file's order."""
        loaded: dict[LimitKey | LimitRule, LimitRule] = {}
        for line in self.lines:
            if line.rule is not None:
                place = _place(line.rule)
                loaded.pop(place, None)
                loaded[place] = line.rule
        return tuple(loaded.values())

    def rules_of(self, subject: Subject, subject_id: str) -> tuple[LimitRule, ...]:
        """Return the rules that the file gives a subject."""
        return tuple(rule for rule in self.rules if rule.is_about(subject, subject_id))

    def edited(self, *, remove: Iterable[LimitRule] = (), add: Iterable[LimitRule] = ()) -> Self:
        """Return the file without some rules and with others, and all else as it was.

        A rule that only gets another amount keeps its line and the comment behind it. What is asked for
        twice is there once.

        Args:
            remove: Rules that go, each wherever it stands. Others of the same resource stay.
            add: Rules that are to be in force once the file was loaded.
        """
        wanted, gone = dict.fromkeys(add), set(remove)
        lines: list[ConfLine] = []
        for line in self.lines:
            if line.rule is None or line.rule in wanted or line.rule not in gone:
                lines.append(line)
                continue
            if new := _successor(line.rule, wanted, lines, self.lines):
                lines.append(line.with_rule(new))
        return type(self)(tuple(_with_missing(lines, wanted)))

    def copied(self, subject: Subject, old: str, new: str) -> Self:
        """Return the file with all rules of a subject under a second name too, each behind its original.

        What stands behind a rule is copied with it.

        Raises:
            InvalidInput: The new name cannot stand in a rule.
        """
        lines: list[ConfLine] = []
        there = {line.rule for line in self.lines}
        for line in self.lines:
            lines.append(line)
            if line.rule and line.rule.is_about(subject, old) and line.rule.renamed(new) not in there:
                lines.append(line.with_rule(line.rule.renamed(new)))
        return type(self)(tuple(lines)).edited(
            add=[rule.renamed(new) for rule in self.rules_of(subject, old)]
        )


def _line(raw: str) -> ConfLine:
    form = _WORD.fullmatch(raw)
    word = form["word"] if form else ""
    if not word or word.startswith("#"):
        return ConfLine(raw)
    try:
        rule = parse_rule(word)
    except InvalidInput as error:
        return ConfLine(raw, problem=error.message)
    if not _IS_READ.fullmatch(raw):
        return ConfLine(
            raw, problem="It is not loaded: the last line of the file needs a line feed at its end."
        )
    return ConfLine(raw, rule)


def _place(rule: LimitRule) -> LimitKey | LimitRule:
    """Return what the kernel has one of: a `deny` whatever its amount, any other rule as it is."""
    return rule.key if rule.action == "deny" else rule


def _successor(
    rule: LimitRule, wanted: dict[LimitRule, None], done: list[ConfLine], all_lines: tuple[ConfLine, ...]
) -> LimitRule | None:
    """Return the wanted rule that takes the place of one that goes: of the same kind, and not there yet."""
    there = {line.rule for line in (*done, *all_lines)}
    return next((new for new in wanted if new.key == rule.key and new not in there), None)


def _with_missing(lines: list[ConfLine], wanted: dict[LimitRule, None]) -> list[ConfLine]:
    """Append the rules that would not be in force, before a last line that is not read."""
    in_force = RctlConf(tuple(lines)).rules
    missing = [ConfLine(f"{rule_text(rule)}\n", rule) for rule in wanted if rule not in in_force]
    unread = bool(lines) and not _IS_READ.fullmatch(lines[-1].raw)
    at = len(lines) - unread
    again = Counter(line.rule for line in missing)
    kept = [line for line in lines[:at] if line.rule is None or not again[line.rule]]
    return [*kept, *missing, *lines[at:]]
