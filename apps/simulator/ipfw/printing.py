"""Print rules and states as ipfw shows them.

Source: sbin/ipfw/ipfw2.c (show_static_rule, show_dyn_state); reference ipfw §4; captures/ipfw.json.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from apps.simulator.ipfw.model import DynamicState, Instruction, Rule
from apps.simulator.ipfw.words import PROTOCOL_NAMES

TIME_WIDTH = 25


@dataclass(slots=True)
class Style:
    """How rules are to be printed.

    Attributes:
        counters: with packets and bytes.
        clock: `t` for the last match as text, `T` as seconds; or empty.
        sets: with the set, and those of disabled sets too.
        brief: action and comment only (`-b`).
        compact: leave `ip from any to any` out where there are no options (`-c`).
        widths: of the two counters.
    """

    counters: bool = False
    clock: str = ""
    sets: bool = False
    brief: bool = False
    compact: bool = False
    widths: tuple[int, int] = (0, 0)


def widths(rules: list[Rule]) -> tuple[int, int]:
    """Give the widths of the counters' columns."""
    return (
        max((len(str(rule.packets)) for rule in rules), default=0),
        max((len(str(rule.bytes)) for rule in rules), default=0),
    )


def rule_line(rule: Rule, style: Style | None = None, *, is_disabled: bool = False) -> str:
    """Print a rule.

    Args:
        rule: the rule.
        style: how; by default as `ipfw list`.
        is_disabled: its set is.

    Returns:
        The line; empty for a rule that is not shown.
    """
    style = style or Style()
    if is_disabled and not style.sets:
        return ""
    head = ("# DISABLED " if is_disabled else "") + f"{rule.number:05} "
    if style.counters:
        head += f"{rule.packets:{style.widths[0]}} {rule.bytes:{style.widths[1]}} "
    head += _clock(rule.last_match, style.clock)
    return head + (f"set {rule.set_number} " if style.sets else "") + _text(rule, style)


def _clock(moment: int, clock: str) -> str:
    if clock == "T":
        return f"{moment:10} "
    if clock == "t":
        return f"{time.ctime(moment)} " if moment else " " * TIME_WIDTH
    return ""


def _text(rule: Rule, style: Style) -> str:
    """Print all of a rule from its probability on."""
    comment = f" // {rule.comment}" if rule.comment else ""
    if style.brief:
        return _action(rule) + comment
    text = (f"prob {rule.prob:.6f} " if rule.prob < 1 else "") + _action(rule) + _marks(rule)
    if rule.action != "check-state":
        text += _Body(rule, is_compact=style.compact).text()
    return text + comment


def _action(rule: Rule) -> str:
    if not rule.argument:
        return rule.action
    return f"{rule.action} {':' if rule.action == 'check-state' else ''}{rule.argument}"


def _marks(rule: Rule) -> str:
    text = ""
    if rule.is_logged:
        text = f" log logamount {rule.log_amount}" if rule.log_amount else " log"
    if rule.tag:
        text += f" tag {rule.tag}" if rule.tag > 0 else f" untag {-rule.tag}"
    return text


@dataclass(slots=True)
class _Body:
    """Prints the tests of a rule: protocol and addresses at their places, wherever they were typed."""

    rule: Rule
    is_compact: bool = False
    in_block: bool = False
    parts: list[str] = field(default_factory=list)
    printed: set[int] = field(default_factory=set)
    has_addresses: bool = False

    def text(self) -> str:
        """Print them."""
        if not (self.rule.only_options or (self.is_compact and not self.rule.body)):
            self._protocol()
            self.parts.append(" from")
            self._end("src")
            self.parts.append(" to")
            self._end("dst")
        self.has_addresses = True
        for at, test in enumerate(self.rule.body):
            self._print(at, test)
        return "".join(self.parts) + self._state()

    def _protocol(self) -> None:
        """Print the protocol: the families first, then numbers as far as an or-block goes."""
        named = [(at, test) for at, test in enumerate(self.rule.body) if test.name in {"ip4", "ip6", "proto"}]
        families = [item for item in named if item[1].name != "proto"]
        if not named:
            self.parts.append(" ip")
            return
        first = next((item for item in families if item[1].or_next), families[0] if families else None)
        run = ([first] if first else []) + [item for item in named if item is not first]
        for at, test in run:
            self._print(at, test)
            if not test.or_next:
                return

    def _end(self, name: str) -> None:
        """Print an address and, when there is one test of its ports and in no or-block, these."""
        tests = list(enumerate(self.rule.body))
        own = [(at, test) for at, test in tests if test.name == name]
        if not own:
            self.parts.append(" any")
        for at, test in own:
            self._print(at, test)
            if not test.or_next:
                break
        ports = [(at, test) for at, test in tests if test.name == f"{name}-port"]
        if len(ports) == 1 and not self._is_in_block(ports[0][0]):
            self._print(*ports[0])

    def _is_in_block(self, at: int) -> bool:
        body = self.rule.body
        return body[at].or_next or (at > 0 and body[at - 1].or_next)

    def _print(self, at: int, test: Instruction) -> None:
        if at in self.printed:
            return
        self.printed.add(at)
        if test.or_next and not self.in_block:
            self.parts.append(" {")
        self.parts.append(" " + self._test(test))
        if test.or_next:
            self.parts.append(" or")
        elif self.in_block:
            self.parts.append(" }")
        self.in_block = test.or_next

    def _test(self, test: Instruction) -> str:
        if test.name == "in":
            return "out" if test.is_not else "in"
        mark = "not " if test.is_not else ""
        if test.name == "proto":
            shown = PROTOCOL_NAMES.get(int(test.value), test.value)
            return mark + (f"proto {shown}" if self.has_addresses else shown)
        if test.name in {"src", "dst", "src-port", "dst-port"}:
            return mark + (f"{self._option(test)} " if self.has_addresses else "") + test.value
        if (test.name, test.value) == ("tcpflags", "syn,!ack"):
            return f"{mark}setup"
        return mark + f"{test.name} {test.value}".rstrip()

    def _option(self, test: Instruction) -> str:
        """Name an address or a port among the options."""
        if test.name.endswith("-port"):
            return test.name
        return f"{test.name}-ip" + ("6" if ":" in test.value.partition(":")[2] or test.value == "me6" else "")

    def _state(self) -> str:
        """Print what makes a state, which comes last wherever it was typed."""
        text, maker = "", self.rule.state
        if maker:
            limit = f" {','.join(_masks(maker.masks))} {maker.limit}" if maker.masks else ""
            text = f" {maker.kind}{limit} :{maker.name}"
        return text + (" defer-immediate-action" if self.rule.is_deferred else "")


def _masks(masks: list[str]) -> list[str]:
    return ["all"] if len(masks) == 4 else masks


def state_line(state: DynamicState, number: int, style: Style, now: float) -> str:
    """Print a dynamic state; one whose time is over is an empty line.

    Args:
        state: the state.
        number: of its parent rule.
        style: of the listing.
        now: seconds since the epoch.
    """
    left = int(state.expires - now)
    if left <= 0 and state.kind != "PARENT":
        return ""
    line = f"{number:05}"
    if style.counters:
        line += f" {state.packets:{style.widths[0]}} {state.bytes:{style.widths[1]}} ({max(left, 0)}s)"
    kind = f"PARENT {state.count}" if state.kind == "PARENT" else state.kind
    proto = PROTOCOL_NAMES.get(state.proto, f"proto {state.proto}")
    ends = f"{state.source} {state.source_port} <-> {state.destination} {state.destination_port}"
    return f"{line} {kind} {proto} {ends} :{state.name}"
