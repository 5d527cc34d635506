"""Written rules while they are being changed: the text as it is typed, and what a button does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.parse import parse_written
from apps.network.rulesets.rule_form import RuleForm, initial_of
from apps.network.rulesets.written import is_rule, lines_of, moved, number_of, with_line, without_line

PAGE = 50
MOST_CHARACTERS = 400_000
TOO_LONG = f"Written rules hold {MOST_CHARACTERS // 1000},000 characters at most."


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One line of the written rules as the page lists it.

    Args:
        number: Its place, from 1.
        text: The line.
        problem: Why it is no rule; or empty.
        may_rise: Whether there is a rule of the same number above it.
        may_sink: Whether there is one below it.
    """

    number: int
    text: str
    problem: str = ""
    may_rise: bool = False
    may_sink: bool = False


@dataclass(slots=True)
class Draft:
    """The text, the rule that is open in the form, and the form.

    Args:
        text: As it is typed.
        open_line: Which line the form shows; None for a new rule.
        form: The form of one rule.
        said: What a button did, or why it could not.
    """

    text: str
    open_line: int | None = None
    form: RuleForm = field(default_factory=lambda: RuleForm(prefix="rule"))
    said: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return lines_of(self.text)


def draft_of(data: Mapping[str, str]) -> Draft:
    """Return what was posted, with what the pressed button does to it done."""
    text = "\n".join(lines_of(data.get("written", "")))
    draft = Draft(f"{text}\n" if text else "")
    if len(draft.text) > MOST_CHARACTERS or "\x00" in draft.text:
        draft.said = (
            TOO_LONG if "\x00" not in draft.text else "The text holds a character that is none (NUL)."
        )
        return draft
    what, _, where = data.get("do", "").partition(":")
    line = _whole(where)
    if what == "put":
        _put(draft, data, _whole(data.get("open", "")))
    elif line is not None:
        _do(draft, what, line)
    return draft


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _do(draft: Draft, what: str, line: int) -> None:
    if what in {"up", "down"}:
        draft.text = moved(draft.text, line, -1 if what == "up" else 1)
    elif what == "cut":
        draft.text = without_line(draft.text, line)
    elif what == "open":
        _open(draft, line)


def _open(draft: Draft, line: int) -> None:
    lines = draft.lines
    if not 1 <= line <= len(lines) or not is_rule(lines[line - 1]):
        return
    try:
        initial = initial_of(parse_written(lines[line - 1]))
    except InvalidInput:
        initial = None
    if initial is None:
        draft.said = f"Line {line} says more than this form can: change it as text."
        return
    draft.open_line, draft.form = line, RuleForm(prefix="rule", initial=initial)


def _put(draft: Draft, data: Mapping[str, str], line: int | None) -> None:
    form = RuleForm(data, prefix="rule")
    draft.form, draft.open_line = form, line
    if not form.is_valid():
        return
    try:
        parse_written(form.line)
    except InvalidInput as error:
        form.add_error(None, error.message)
        return
    draft.text = with_line(draft.text, line, form.line)
    draft.form, draft.open_line = RuleForm(prefix="rule"), None
    draft.said = "The rule stands in the text now. Save to keep it."


def page_of(draft: Draft, problems: Mapping[int, str], first: int) -> list[WrittenLine]:
    """Return some of the rules' lines, from line `first` on."""
    lines = draft.lines
    of_number: dict[int | None, list[int]] = {}
    for at, line in enumerate(lines, start=1):
        if is_rule(line):
            of_number.setdefault(number_of(line), []).append(at)
    rise = {at for number, same in of_number.items() if number is not None for at in same[1:]}
    sink = {at for number, same in of_number.items() if number is not None for at in same[:-1]}
    rules = sorted(at for same in of_number.values() for at in same if at >= first)[:PAGE]
    return [WrittenLine(at, lines[at - 1], problems.get(at, ""), at in rise, at in sink) for at in rules]
