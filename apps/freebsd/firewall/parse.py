"""Reads rules: as people type them after `ipfw add`, and as ipfw prints them.

A rule comes out in ipfw's own canonical form, so that two texts that mean the same to ipfw give equal
rules. A rule of options only has no proto, source and destination; all others have all three. One lone
port, address or protocol among the options stands at the address's or protocol's own place, where ipfw
prints it.

What ipfw refuses, or takes for something else than what stands there, raises InvalidInput. What may be
ipfw's and is not known here is kept word for word in `Rule.unread`.

Source: reference ipfw §2, §3, §4, §12; captures ipfw (13.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.actions import ActionPart, read_action
from apps.freebsd.firewall.model import DEFAULT_RULE, HIGHEST_NUMBER, HIGHEST_SET, Rule
from apps.freebsd.firewall.operands import NotUnderstood
from apps.freebsd.firewall.rule_body import read_body
from apps.freebsd.firewall.word_stream import Words, plain_line

COMMENT_BYTES = 80
_TYPED = re.compile(r"(?:ipfw +)?(?:-q +)?add +")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is no rule.

    Args:
        line: Its number, from 1 on.
        sentence: What is wrong with it.
    """

    line: int
    sentence: str


@lru_cache(
    maxsize=8192
)  # the same lines are read by the editor, the plan, the drift and the writing of files
def parse_rule(text: str) -> Rule:
    """Read one rule.

    Args:
        text: As typed after `ipfw add`, or as `ipfw list` prints it, without counters.

    Raises:
        InvalidInput: It is more than one line, or ipfw refuses it, or would take it for something else.
    """
    body, comment = _split_comment(plain_line(text, "A rule"))
    words = Words(body)
    number = _number(words)
    set_number = _set(words)
    rest = words.rest()
    start = Rule(number, set_number=set_number, comment=comment)
    try:
        return _read(words, start)
    except NotUnderstood:
        return replace(start, unread=" ".join(rest))


def read_leniently(text: str) -> Rule:
    """Read a rule that a host has: what ipfw itself printed is kept word for word rather than refused.

    Raises:
        InvalidInput: It is not even a line with a number.
    """
    try:
        return parse_rule(text)
    except InvalidInput:
        body, _, comment = plain_line(text, "A rule").partition(" // ")
        words = Words(body.split())
        number, set_number = _number(words), _set(words)
        return Rule(
            number=number, set_number=set_number, unread=" ".join(words.rest()), comment=comment.strip()
        )


def parse_rules(text: str) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """Read rules as people write them, one a line; empty lines and lines that begin with `#` are passed over.

    A leading `add` or `ipfw add` is forgiven. What is not understood is a rule with `unread`, and no problem.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rules.append(parse_written(line))
        except InvalidInput as error:
            problems.append(Problem(number, error.message))
    return tuple(rules), tuple(problems)


def parse_written(line: str) -> Rule:
    """Read one rule that somebody wrote for the panel to keep.

    Raises:
        InvalidInput: As for `parse_rule`; it has a `#`; or it has the number of the default rule.
    """
    if "#" in line:
        raise InvalidInput(
            "ipfw cuts a line off at #. For a remark that stays with the rule write // before it."
        )
    rule = parse_rule(_TYPED.sub("", line.strip(), count=1))
    if rule.number == DEFAULT_RULE:
        raise InvalidInput(
            f"{DEFAULT_RULE} is the default rule, which cannot be changed; numbers end at {HIGHEST_NUMBER}."
        )
    return rule


def _split_comment(line: str) -> tuple[list[str], str]:
    words = line.split()
    if "//" not in words:
        return words, ""
    at = words.index("//")
    comment = " ".join(words[at + 1 :])
    if len(comment.encode()) > COMMENT_BYTES:
        raise InvalidInput(f"A comment has at most {COMMENT_BYTES} characters (bytes of UTF-8).")
    return words[:at], comment


def _number(words: Words) -> int | None:
    if not words.next()[:1].isdigit():
        return None
    word = words.take("a rule")
    if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) > DEFAULT_RULE:
        raise InvalidInput(f"A rule's number is 1 to {HIGHEST_NUMBER}, and {word} is none.")
    return int(word) or None


def _set(words: Words) -> int:
    if words.next() != "set":
        return 0
    words.take("set")
    word = words.take("the set's number")
    if not re.fullmatch(r"[0-9]{1,2}", word) or int(word) > HIGHEST_SET:
        raise InvalidInput(f"Sets are 0 to {HIGHEST_SET}, and {word} is none.")
    return int(word)


def _read(words: Words, start: Rule) -> Rule:
    rule = replace(start, prob=_prob(words))
    if words.is_done and rule.comment:  # a comment alone counts what comes by
        return replace(rule, action="count")
    part = read_action(words)
    rule = _with_action(rule, part)
    if part.action == "check-state":
        if not words.is_done or part.is_logged or part.tag:
            raise InvalidInput("Nothing but a comment stands after check-state.")
        return rule
    return read_body(words, rule)


def _with_action(rule: Rule, part: ActionPart) -> Rule:
    return replace(
        rule,
        action=part.action,
        argument=part.argument,
        is_logged=part.is_logged,
        log_amount=part.log_amount,
        tag=part.tag,
    )


def _prob(words: Words) -> str:
    if words.next() != "prob":
        return ""
    words.take("prob")
    word = words.take("a probability")
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", word) or not 0 < float(word) <= 1:
        raise InvalidInput(f"A probability is more than 0 and at most 1, such as 0.5, and {word} is none.")
    printed = f"{float(word):.6f}"
    if float(printed) == 0:
        raise InvalidInput(f"ipfw would print {word} as {printed}, which nobody can read back.")
    return "" if printed == "1.000000" else printed
