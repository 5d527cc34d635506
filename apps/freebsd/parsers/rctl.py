"""rctl: the rules and the usage that it prints, and why it refused.

Source: reference rctl §5, §6, §9; captures rctl (13.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.limits.amounts import read_humanised
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rules import parse_humanised, parse_rule
from apps.freebsd.parsers.lines import excerpt, split_lines

Usage = dict[str, int]  # by resource, in the resource's unit

_LOOKS_LIKE_RULE = re.compile(r"(?:process|user|loginclass|jail):.*:.*:[a-z]+=[0-9].*")
_USAGE = re.compile(r"(?P<name>[a-z]+)=(?P<amount>[0-9.]+[KMGTPE]?)")
_FIRST = "cputime"


@dataclass(frozen=True, slots=True)
class SeenRules:
    """What `rctl` listed.

    Args:
        rules: In its order.
        unread: Lines that are rules, of names or resources that the panel does not know; nothing is concluded
            from them.
    """

    rules: tuple[LimitRule, ...] = ()
    unread: tuple[str, ...] = ()


class Failure(StrEnum):
    """What kind of trouble rctl has."""

    NOT_COMPILED = "not compiled"
    DISABLED = "disabled"
    REFUSED = "refused"  # the kernel refused one rule or filter
    MALFORMED = "malformed"  # rctl itself refused one
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RctlError:
    """One line of what rctl says on standard error.

    Args:
        failure: What kind it is.
        line: The line, as it came.
        rule: The rule or filter that it is about, as it was given; or empty.
        reason: Why, in rctl's words; or empty.
    """

    failure: Failure
    line: str
    rule: str = ""
    reason: str = ""

    @property
    def is_gone_already(self) -> bool:
        """Whether it says only that there was no such rule to remove."""
        return self.line.startswith("rctl: failed to remove rule") and self.reason == "No such process"


_ERRORS = (
    (Failure.NOT_COMPILED, re.compile(r"rctl: RACCT/RCTL support not present in kernel; .*")),
    (Failure.DISABLED, re.compile(r"rctl: RACCT/RCTL present, but disabled; .*")),
    (Failure.MALFORMED, re.compile(r"rctl: malformed rule '(?P<rule>.*)': (?P<reason>.*)")),
    (
        Failure.REFUSED,
        re.compile(
            r"rctl: failed to (?:add rule|remove rule|show rules for|get limits for|"
            r"show resource consumption for) '(?P<rule>.*)': (?P<reason>.*)"
        ),
    ),
)


def parse_rules(stdout: str, stderr: str = "") -> SeenRules:
    """Read what `rctl` lists.

    Args:
        stdout: What it printed.
        stderr: What it said besides: it ends with status 0 even where it could list nothing.

    Raises:
        ParseError: It failed, or printed something else than rules.
    """
    return _parse_rules(stdout, stderr, parse_rule)


def parse_rules_humanised(stdout: str, stderr: str = "") -> SeenRules:
    """Read what `rctl -h` lists, with its rounded amounts; see `parse_rules`."""
    return _parse_rules(stdout, stderr, parse_humanised)


def parse_usage(stdout: str, asked: Sequence[str], stderr: str = "") -> dict[str, Usage]:
    """Read what `rctl -u SUBJECT:ID…` prints: one block for each, with nothing between them.

    A jail that is not there has zeros. Resources that the panel does not know are kept, and those that a
    release or a process does not have are missing.

    Args:
        stdout: What it printed.
        asked: What was asked for, in order.
        stderr: What it said besides.

    Raises:
        ParseError: It failed, was cut short, or printed something else.
    """
    return _parse_usage(stdout, asked, stderr, int)


def parse_usage_humanised(stdout: str, asked: Sequence[str], stderr: str = "") -> dict[str, Usage]:
    """Read what `rctl -hu SUBJECT:ID…` prints, with its rounded amounts; see `parse_usage`."""
    return _parse_usage(stdout, asked, stderr, read_humanised)


def parse_errors(stderr: str) -> tuple[RctlError, ...]:
    """Read what rctl says on standard error, a line each."""
    return tuple(_error(line) for line in split_lines(stderr))


def _error(line: str) -> RctlError:
    for failure, form in _ERRORS:
        if found := form.fullmatch(line):
            return RctlError(failure, line, **found.groupdict())
    return RctlError(Failure.OTHER, line)


def _parse_rules(stdout: str, stderr: str, read: Callable[[str], LimitRule]) -> SeenRules:
    _refuse_trouble(stderr)
    rules: list[LimitRule] = []
    unread: list[str] = []
    for line in _whole_lines(stdout):
        try:
            rules.append(read(line))
        except InvalidInput:
            if not _LOOKS_LIKE_RULE.fullmatch(line):
                raise ParseError(f"rctl printed “{excerpt(line)}”, which is no rule.") from None
            unread.append(line)
    return SeenRules(tuple(rules), tuple(unread))


def _parse_usage(
    stdout: str, asked: Sequence[str], stderr: str, read: Callable[[str], int]
) -> dict[str, Usage]:
    _refuse_trouble(stderr)
    blocks: list[Usage] = []
    for line in _whole_lines(stdout):
        name, amount = _usage_line(line, read)
        if name == _FIRST:
            blocks.append({})
        if not blocks or name in blocks[-1]:
            raise ParseError(f"rctl printed “{excerpt(line)}” where it does not belong.")
        blocks[-1][name] = amount
    if len(blocks) != len(asked):
        raise ParseError(f"rctl was asked for the usage of {len(asked)} and told that of {len(blocks)}.")
    return dict(zip(asked, blocks, strict=True))


def _usage_line(line: str, read: Callable[[str], int]) -> tuple[str, int]:
    form = _USAGE.fullmatch(line)
    try:
        if form:
            return form["name"], read(form["amount"])
    except ValueError:  # InvalidInput is one
        pass
    raise ParseError(f"rctl printed “{excerpt(line)}”, which is no usage.")


def _whole_lines(stdout: str) -> list[str]:
    if stdout and not stdout.endswith("\n"):
        raise ParseError("What rctl printed was cut short.")
    return split_lines(stdout)


def _refuse_trouble(stderr: str) -> None:
    if stderr.strip():
        raise ParseError(f"rctl failed: “{excerpt(stderr)}”.")
