"""Read rules: what rctl(8) makes of the text that was typed, and what the kernel makes of that.

Source: usr.bin/rctl/rctl.c (expand_rule, expand_amount), sys/kern/kern_rctl.c (rctl_string_to_rule);
reference rctl §2, §6; captures/rctl.json.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.simulator.rctl.model import ACTIONS, IN_MILLIONS, RATES, RESOURCES, SUBJECTS, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.state import Kernel

INVALID, NO_PROCESS, TOO_LARGE = "Invalid argument", "No such process", "Result too large"
NAME_TOO_LONG, LIST_TOO_LONG = "File name too long", "Argument list too long"
NOT_SUPPORTED, NOT_PERMITTED = "Operation not supported", "Operation not permitted"
LONGEST_NAME, LONGEST_RULE = 255, 4096
HIGHEST, WRAP = 2**63 - 1, 2**64
FIRST_WITH_RATES = 11
SHORT = {
    "p": "process",
    "u": "user",
    "l": "loginclass",
    "c": "loginclass",
    "class": "loginclass",
    "j": "jail",
}
_NUMBER = re.compile(r"\s*([+-]?\d+)([kmgtpe]?)b?", re.IGNORECASE)


class Malformed(Exception):
    """rctl itself refuses the text; the message is what stands behind `malformed rule 'R': `."""


class Refused(Exception):
    """The kernel refuses; the message is the error's text."""


def expand(text: str, users: Mapping[str, int], *, resolves: bool = True) -> str:
    """Do what rctl does to a rule before the kernel sees it: subjects, users' names, amounts.

    Args:
        text: as typed.
        users: the host's users with their numbers.
        resolves: names of users are looked up.

    Raises:
        Malformed: it is not passed on.
    """
    subject, colon, rest = text.partition(":")
    if not colon:
        raise Malformed("missing subject")
    name, _, tail = rest.partition(":")
    subject = {**SHORT, "g": "group"}.get(subject.lower(), subject)
    if resolves and subject.lower() == "user" and name:
        name = str(_user(name, users))
    return f"{subject}:{name}:{_expand_amount(tail)}"


def _user(name: str, users: Mapping[str, int]) -> int:
    if name in users:
        return users[name]
    if not name[0].isdecimal():
        raise Malformed(f"unknown user '{name}'")
    if not name.isdecimal():
        raise Malformed("trailing characters after numerical id")
    return int(name)


def _expand_amount(tail: str) -> str:
    """Expand the amount of `resource:action=amount/per`; an empty one is the kernel's business."""
    head, equals, rest = tail.partition("=")
    amount, slash, per = rest.partition("/")
    return f"{head}{equals}{number(amount)}{slash}{per}" if amount else tail


def number(text: str) -> int:
    """Do expand_number(3): powers of 1024; a negative number comes out as a huge one.

    Raises:
        Malformed: it is no whole number, or none that fits.
    """
    match = _NUMBER.fullmatch(text)
    power = " kmgtpe".index(match[2].lower() or " ") if match else 0
    found = int(match[1]) * 1024**power if match else WRAP
    if abs(found) > HIGHEST:
        raise Malformed(f"invalid numeric value '{text}'")
    return found % WRAP


def read(text: str, kernel: Kernel, release: int = FIRST_WITH_RATES) -> Rule:
    """Read a rule or a filter as the kernel does.

    Args:
        text: from rctl.
        kernel: whose processes there are.
        release: its major number.

    Raises:
        Refused: with the error's text.
    """
    if len(text.encode("utf-8", "surrogateescape")) >= LONGEST_RULE:
        raise Refused(LIST_TOO_LONG)
    subject, name, resource, rest = [*text.split(":", 3), "", "", ""][:4]
    action, _, rest = re.sub("[=/]", "\0", rest, count=1).partition("\0")
    amount, _, per = rest.partition("/")
    rule = Rule(subject.lower(), name, resource.lower(), action.lower(), None, per.lower())
    _check_words(rule, release)
    _check_id(rule, kernel)
    if amount:
        rule.amount = _amount(rule.resource, amount)
    return rule


def _check_words(rule: Rule, release: int) -> None:
    known = RESOURCES if release >= FIRST_WITH_RATES else [item for item in RESOURCES if item not in RATES]
    words = (
        (rule.subject, SUBJECTS),
        (rule.resource, known),
        (rule.action, ACTIONS),
        (rule.per, SUBJECTS),
    )
    if any(word and word not in choice for word, choice in words):
        raise Refused(INVALID)


def _check_id(rule: Rule, kernel: Kernel) -> None:
    if not rule.id:
        return
    if rule.subject in {"process", "user"} and not rule.id.isdecimal():
        raise Refused(INVALID)
    if rule.subject == "process" and not any(str(row.pid) == rule.id for row in kernel.processes):
        raise Refused(NO_PROCESS)
    if len(rule.id) > LONGEST_NAME:
        raise Refused(NAME_TOO_LONG)


def _amount(resource: str, text: str) -> int:
    if not text.isdecimal():
        raise Refused(INVALID)
    if int(text) > (HIGHEST // 1_000_000 if resource in IN_MILLIONS else HIGHEST):
        raise Refused(TOO_LARGE)
    return int(text)
