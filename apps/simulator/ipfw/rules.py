"""ipfw's commands about rules: add, delete, list, zero, resetlog, flush.

Source: sbin/ipfw/ipfw2.c; reference ipfw §1, §12; captures/ipfw.json.
"""

from __future__ import annotations

import dataclasses
import re

from apps.simulator.ipfw import kernel, nats, values
from apps.simulator.ipfw.model import DEFAULT_RULE, Ipfw, Rule
from apps.simulator.ipfw.parse import parse_rule
from apps.simulator.ipfw.printing import rule_line, state_line, widths
from apps.simulator.ipfw.refused import DATAERR, OSERR, UNAVAILABLE, USAGE, Refused
from apps.simulator.ipfw.session import NO_MODULE, Session
from apps.simulator.ipfw.words import Words

ADDING = "getsockopt(IP_FW_XADD)"
MODULES = {"nat": "ipfw_nat", "divert": "ipdivert", "tee": "ipdivert"}
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def add(session: Session, words: Words) -> None:
    """Add a rule and print it as the kernel has it."""
    rule = parse_rule(words)
    if not session.is_test:
        _give(session, rule)
    if not session.is_quiet:
        style = dataclasses.replace(session.style, widths=widths([rule]))
        session.say(rule_line(rule, style))


def _give(session: Session, rule: Rule) -> None:
    """Give a rule to the kernel, which refuses actions whose module is not there."""
    ipfw = session.kernel(ADDING, UNAVAILABLE)
    if rule.action in MODULES and not session.is_loaded(MODULES[rule.action]):
        raise Refused(f"{ADDING}: Invalid argument", UNAVAILABLE)
    if rule.is_logged and not rule.log_amount:
        rule.log_amount = int(session.machine.kernel.sysctls.get("net.inet.ip.fw.verbose_limit", "0"))
    kernel.add(ipfw, rule)
    session.machine.touch()


def delete(session: Session, words: Words, *, of_nat: bool = False) -> None:
    """Delete rules by number or range, sets, or NAT instances."""
    if not words:
        raise Refused("missing rule specification", USAGE)
    whole_set = words.accept("set")
    if whole_set and session.set_number is not None:
        raise Refused("invalid syntax", DATAERR)
    status = 0
    while words.next[:1].isdecimal():
        match = _RANGE.match(words.take())
        assert match
        first, last = int(match[1]), int(match[2] or match[1])
        if of_nat:
            status = nats.delete(session, first) or status
        elif session.is_test:
            continue
        elif whole_set:
            _delete_set(session, first)
        else:
            status = _delete_range(session, first, last) or status
    session.status = 0 if session.is_forced else status


def _kernel(session: Session, first: int) -> Ipfw:
    return session.kernel(f"rule {first}: setsockopt(IP_FW_XDEL)", UNAVAILABLE)


def _delete_set(session: Session, number: int) -> None:
    ipfw = _kernel(session, 0)
    kernel.delete(ipfw, kernel.chosen(ipfw, set_number=number & 31))
    session.machine.touch()


def _delete_range(session: Session, first: int, last: int) -> int:
    """Delete rules; 69 when there are none, of which nothing is said with -q."""
    ipfw = _kernel(session, first)
    found = kernel.chosen(ipfw, first, last, session.set_number)
    kernel.delete(ipfw, found)
    session.machine.touch()
    if found:
        return 0
    if not session.is_quiet:
        text = f"rule {first} not found" if first == last else f"no rules in {first}-{last} range"
        session.warn(text)
    return UNAVAILABLE


def show(session: Session, words: Words, *, with_counters: bool = False) -> None:
    """List rules, and states where they are asked for."""
    if session.is_test:
        session.err.append("Testing only, list disabled\n")
        return
    session.style.counters = session.style.counters or with_counters
    ipfw = session.kernel("retrieving config failed", OSERR)
    if not words:
        _whole(session, ipfw)
        return
    asked = [(text, _RANGE.fullmatch(text)) for text in words]
    ranges = [(int(match[1]), int(match[2] or match[1])) for _text, match in asked if match]
    session.style.widths = widths(
        [rule for rule in ipfw.rules if any(first <= rule.number <= last for first, last in ranges)]
    )
    for text, match in asked:
        if match is None:
            session.status = USAGE
            session.warn(f"invalid rule number: {text}")
        else:
            _range(session, ipfw, int(match[1]), int(match[2] or match[1]))
    if session.shows_states and ipfw.states:
        session.say("## Dynamic rules:")
        _states(session, ipfw, ranges)


def _whole(session: Session, ipfw: Ipfw) -> None:
    session.style.widths = widths(ipfw.rules)
    if not session.only_states:
        _lines(session, ipfw, _of_set(session, ipfw.rules))
    if session.shows_states and ipfw.states:
        total = sum(state.bytes for state in ipfw.states)
        session.say(f"## Dynamic rules ({len(ipfw.states)} {total}):")
        _states(session, ipfw, [(0, DEFAULT_RULE)])


def _of_set(session: Session, rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if session.set_number in {None, rule.set_number}]


def _lines(session: Session, ipfw: Ipfw, rules: list[Rule]) -> None:
    for rule in rules:
        line = rule_line(rule, session.style, is_disabled=not ipfw.is_enabled(rule))
        if line:
            session.say(line)


def _range(session: Session, ipfw: Ipfw, first: int, last: int) -> None:
    """List the rules of a range; that of a disabled set are there and are not shown."""
    rules = _of_set(session, [rule for rule in ipfw.rules if first <= rule.number <= last])
    _lines(session, ipfw, rules)
    if not rules:
        session.status = session.status or UNAVAILABLE
        session.warn(f"rule {first} does not exist" if first == last else f"no rules in range {first}-{last}")


def _states(session: Session, ipfw: Ipfw, ranges: list[tuple[int, int]]) -> None:
    numbers = {rule.id: rule.number for rule in ipfw.rules}
    now = session.machine.now()
    for state in ipfw.states:
        number = numbers.get(state.parent, DEFAULT_RULE)
        if any(first <= number <= last for first, last in ranges):
            session.say(state_line(state, number, session.style, now))


def zero(session: Session, words: Words, *, only_log: bool = False) -> None:
    """Forget what was counted, or how often was logged."""
    name = "RESETLOG" if only_log else "ZERO"
    if session.is_test:
        return
    ipfw = session.kernel(f"setsockopt(IP_FW_X{name})", UNAVAILABLE)
    if not words:
        _zero(session, _of_set(session, ipfw.rules), only_log=only_log)
        if not session.is_quiet:
            session.say("Logging counts reset." if only_log else "Accounting cleared.")
    for text in words:
        _zero_one(session, ipfw, text, only_log=only_log)


def _zero(session: Session, rules: list[Rule], *, only_log: bool) -> None:
    session.machine.touch()
    for rule in rules:
        if not only_log:
            rule.zero()


def _zero_one(session: Session, ipfw: Ipfw, text: str, *, only_log: bool) -> None:
    if not text[:1].isdecimal():
        raise Refused(f"invalid rule number ``{text}''", USAGE)
    number = values.atoi(text)
    rules = _of_set(session, [rule for rule in ipfw.rules if rule.number == number])
    _zero(session, rules, only_log=only_log)
    if not rules:
        session.say(f"Entry {number} not found")
        session.status = UNAVAILABLE
    elif not session.is_quiet:
        session.say(f"Entry {number} {'logging count reset' if only_log else 'cleared'}.")


def flush(session: Session) -> None:
    """Take all rules away, of one set or all; at a terminal only after asking."""
    if not session.is_forced and not session.is_quiet:
        session.out.append("Are you sure? [yn] ")
        if not session.answer.lower().startswith("y"):
            session.out.append("\n")
            return
    if session.is_test:
        return
    if not session.is_loaded("ipfw"):
        raise Refused(f"setsockopt(IP_FW_XDEL): {NO_MODULE}", UNAVAILABLE)
    ipfw = session.machine.kernel.ipfw
    if session.set_number is None:
        kernel.flush(ipfw)
    else:
        kernel.delete(ipfw, kernel.chosen(ipfw, set_number=session.set_number))
    session.machine.touch()
    if not session.is_quiet:
        session.say("Flushed all rules.")
