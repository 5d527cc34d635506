"""A walk as a page shows it: lines with their rules' texts, those that did not match folded together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from apps.freebsd.firewall.model import Clause, Firewall
from apps.freebsd.firewall.printing import rule_text, term_text
from apps.freebsd.firewall.walk import Ending, Fate, Line, Outcome, Pass, Walk

MOST_FOLDED = 60  # lines that did not match and are shown when they are unfolded
MOST_OPEN = 400  # in a longer pass, lines that only count are folded, too
OUTCOMES = {
    Outcome.MISSED: ("no match", "quiet", "x"),
    Outcome.LOOKED: ("no state found", "quiet", "search"),
    Outcome.UNREAD: ("not understood", "odd", "help-circle"),
    Outcome.COUNTED: ("goes on", "on", "check"),
    Outcome.JUMPED: ("jumps", "on", "chevron-down"),
    Outcome.CALLED: ("calls", "on", "chevron-down"),
    Outcome.RETURNED: ("returns", "on", "chevron-up"),
    Outcome.TRANSLATED: ("translated", "on", "refresh"),
    Outcome.ALLOWED: ("passes", "good", "circle-check"),
    Outcome.DENIED: ("denied", "bad", "ban"),
    Outcome.DROPPED: ("dropped by NAT", "bad", "ban"),
    Outcome.HANDED: ("handed on", "odd", "help-circle"),
    Outcome.DEFERRED: ("put off", "on", "check"),
    Outcome.HELD: ("held", "odd", "help-circle"),
}
_FOLDS = (Outcome.MISSED, Outcome.LOOKED)
# After which word each part of a rule's body stands.
_BODY = {"proto": " ", "src": " from ", "src-port": " from ", "dst": " to ", "dst-port": " to "}
_TONES = {
    Ending.DELIVERED: "good", Ending.SENT: "good", Ending.DENIED: "bad", Ending.DROPPED: "bad",
    Ending.NOT_ROUTED: "bad", Ending.HANDED: "odd", Ending.HELD: "odd", Ending.NOT_SENT: "quiet",
}  # fmt: skip
TONE_ICONS = {"good": "circle-check", "bad": "ban", "odd": "help-circle", "quiet": "circle-dashed"}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A rule that a packet came by.

    Args:
        number: The rule's number, five digits.
        text: The rule without its number, up to the part that did not match; all of it where every part did.
        word: What it did, in a word.
        tone: good, bad, on, odd or quiet.
        icon: A symbol.
        sentence: Why.
        missed: The part that did not match; or empty.
        rest: What stands behind it.
    """

    number: str
    text: str
    word: str
    tone: str
    icon: str
    sentence: str
    missed: str
    rest: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines that come one after the other: one that matters, or several that did not match."""

    lines: tuple[ShownLine, ...]
    is_folded: bool
    left_out: int = 0

    @property
    def says(self) -> str:
        """What its lines did, in a word for all of them."""
        plural = self.count != 1
        if any(line.tone == "on" for line in self.lines):
            return "decide nothing" if plural else "decides nothing"
        return "do not match" if plural else "does not match"

    @property
    def count(self) -> int:
        """How many lines it stands for."""
        return len(self.lines) + self.left_out


@dataclass(frozen=True, slots=True)
class ShownPass:
    """One way through the rules."""

    one: Pass
    folds: tuple[Fold, ...]


@dataclass(frozen=True, slots=True)
class ShownWalk:
    """A packet's whole way.

    Args:
        walk: The walk.
        passes: Its ways through the rules.
        tone: How it ended: good, bad, odd or quiet.
    """

    walk: Walk
    passes: tuple[ShownPass, ...]
    tone: str

    @property
    def icon(self) -> str:
        """The symbol of how it ended."""
        return TONE_ICONS[self.tone]


def shown(walk: Walk, firewall: Firewall) -> ShownWalk:
    """Return a walk as it is shown.

    Args:
        walk: From the tracer.
        firewall: What it walked.
    """
    passes = tuple(ShownPass(one, _folds(one, firewall)) for one in walk.passes)
    return ShownWalk(walk, passes, _TONES[walk.fate.ending])


def _folds(one: Pass, firewall: Firewall) -> tuple[Fold, ...]:
    found: list[Fold] = []
    folds = _FOLDS if len(one.lines) <= MOST_OPEN else (*_FOLDS, Outcome.COUNTED)
    for is_quiet, group in groupby(one.lines, key=lambda line: line.outcome in folds):
        lines = list(group)
        if is_quiet:
            kept = tuple(_line(line, firewall) for line in lines[:MOST_FOLDED])
            found.append(Fold(kept, is_folded=True, left_out=len(lines) - len(kept)))
        else:
            found += [Fold((_line(line, firewall),), is_folded=False) for line in lines]
    return tuple(found)


def _line(line: Line, firewall: Firewall) -> ShownLine:
    word, tone, icon = OUTCOMES[line.outcome]
    before, missed, rest = _parted(text_of(line, firewall), line.missed)
    return ShownLine(f"{line.number:05d}", before, word, tone, icon, line.sentence, missed, rest)


def _parted(text: str, missed: Clause) -> tuple[str, str, str]:
    """Part a rule's text where it says what did not match; a text that does not say it so stays whole."""
    if not missed:
        return text, "", ""
    part = " or ".join(term_text(term, is_option=missed[0].name not in _BODY) for term in missed)
    start = text.find(_BODY.get(missed[0].name, " ")) + 1
    found = f"{text} ".find(f" {part} ", max(start - 1, 0)) if start else -1
    if found < 0:
        return text, "", ""
    return text[: found + 1], part, text[found + 1 + len(part) :]


def text_of(line: Line, firewall: Firewall) -> str:
    """Return the text of a line's rule without its number."""
    if line.index >= len(firewall.rules):
        return f"{'allow' if firewall.default_allows else 'deny'} ip from any to any"
    return rule_text(firewall.rules[line.index]).partition(" ")[2]


def differ(one: Fate, other: Fate) -> bool:
    """Say whether two fates are not the same for whoever sent the packet."""
    if not one.arrives and not other.arrives:
        return False
    return (one.ending, one.jail, one.addresses) != (other.ending, other.jail, other.addresses)
