"""Reads rules as people type them and as rctl prints them, and writes them; each undoes the other.

    subject:subject-id:resource:action=amount/per

Source: reference rctl §2, §4, §5; captures rctl (13.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import Subject
from apps.freebsd.limits.amounts import humanised, read_humanised, read_typed
from apps.freebsd.limits.model import LimitRule

_RULE = re.compile(
    r"(?P<subject>[^:=/]*):(?P<id>[^:=/]*):(?P<resource>[^:=/]*):(?P<action>[^:=/]*)"
    r"=(?P<amount>[^:=/]*)(?:/(?P<per>[^:=/]*))?"
)
_SHORT = {
    "p": Subject.PROCESS,
    "u": Subject.USER,
    "l": Subject.LOGINCLASS,
    "c": Subject.LOGINCLASS,
    "class": Subject.LOGINCLASS,
    "j": Subject.JAIL,
}
_WORDS = {**_SHORT, **{subject.value: subject for subject in Subject}}


def parse_rule(text: str) -> LimitRule:
    """Read one whole rule, as it is typed or as `rctl` prints it.

    Args:
        text: Such as `jail:test:vmemoryuse:deny=512M`; keywords in either case, subjects also as rctl
            shortens them.

    Raises:
        InvalidInput: It is no whole rule, or the kernel would refuse it, or read it as another.
    """
    return _read(text, read_typed)


def parse_humanised(text: str) -> LimitRule:
    """Read one rule as `rctl -h` prints it. Its amount is rounded: nothing may be compared with it.

    Raises:
        InvalidInput: It is no such rule.
    """
    return _read(text, read_humanised)


def rule_text(rule: LimitRule) -> str:
    """Return a rule as `rctl` prints it, and as it is added; it reads back as the same rule."""
    return f"{_head(rule)}={rule.amount}{_per(rule)}"


def humanised_text(rule: LimitRule) -> str:
    """Return a rule as `rctl -h` prints it, its amount rounded."""
    return f"{_head(rule)}={humanised(rule.amount)}{_per(rule)}"


def filter_text(rule: LimitRule) -> str:
    """Return the filter that matches this rule and no other.

    Without `per` a filter matches rules per anything, so it is said here even where `rctl` does not print it.
    """
    return f"{_head(rule)}={rule.amount}/{rule.per}"


def _head(rule: LimitRule) -> str:
    return f"{rule.subject}:{rule.subject_id}:{rule.resource}:{rule.action}"


def _per(rule: LimitRule) -> str:
    return "" if rule.per is rule.subject else f"/{rule.per}"


def _read(text: str, read: Callable[[str], int]) -> LimitRule:
    form = _RULE.fullmatch(text)
    if form is None:
        raise InvalidInput(
            "A rule is subject:name:resource:action=amount, such as jail:test:vmemoryuse:deny=512M, perhaps "
            "with /process and the like behind it.",
            field="rule",
        )
    subject = _subject(form["subject"], "subject")
    return LimitRule(
        subject=subject,
        subject_id=form["id"],
        resource=form["resource"].lower(),
        action=form["action"].lower(),
        amount=read(form["amount"]),
        per=subject if form["per"] is None else _subject(form["per"], "per"),
    )


def _subject(word: str, field: str) -> Subject:
    subject = _WORDS.get(word.lower())
    if subject is None:
        raise InvalidInput(f"Rules are about {', '.join(Subject)}, and about nothing else.", field=field)
    return subject
