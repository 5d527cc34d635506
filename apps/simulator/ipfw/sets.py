"""ipfw's commands about sets of rules: show, enable, disable, swap, move.

Source: sbin/ipfw/ipfw2.c (ipfw_sets_handler); reference ipfw §8; captures/ipfw.json.
"""

from __future__ import annotations

from apps.simulator.ipfw import kernel, values
from apps.simulator.ipfw.model import DEFAULT_RULE, DEFAULT_SET
from apps.simulator.ipfw.refused import DATAERR, OSERR, UNAVAILABLE, USAGE, Refused
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.words import Words


def run(session: Session, words: Words) -> None:
    """Do what stands behind `set`."""
    if not words:
        raise Refused("set needs command", USAGE)
    if words.accept("show"):
        _show(session)
    elif words.accept("swap"):
        _swap(session, words)
    elif words.accept("move"):
        _move(session, words)
    elif words.is_word("disable") or words.is_word("enable"):
        _switch(session, words)
    else:
        raise Refused(f"invalid set command {words.next}\n", USAGE)


def _show(session: Session) -> None:
    disabled = session.kernel("requesting config failed", OSERR).disabled
    text = "".join(["disable", *(f" {number}" for number in disabled), " "]) if disabled else ""
    on = [str(number) for number in range(DEFAULT_SET) if number not in disabled]
    session.say(f"{text}enable {' '.join(on)}")


def _number(text: str, shown: str = "set number") -> int:
    if not text[:1].isdecimal() or values.atoi(text) > DEFAULT_SET:
        raise Refused(f"invalid {shown} {text}\n")
    return values.atoi(text)


def _swap(session: Session, words: Words) -> None:
    pair = words.rest()
    if len(pair) < 2:
        raise Refused("set swap needs 2 set numbers\n", USAGE)
    one, other = _number(pair[0]), _number(pair[1])
    if not session.is_test:
        kernel.swap_sets(session.kernel("setsockopt(IP_FW_SET_SWAP)", UNAVAILABLE), one, other)
        session.machine.touch()


def _move(session: Session, words: Words) -> None:
    one_rule = words.accept("rule")
    given = words.rest()
    if len(given) != 3 or not words.same(given[1], "to"):
        raise Refused("syntax: set move [rule] X to Y\n", USAGE)
    source = values.atoi(given[0])
    highest = DEFAULT_RULE - 1 if one_rule else DEFAULT_SET
    if not given[0][:1].isdecimal() or source > highest:
        raise Refused(f"invalid source number {given[0]}\n")
    target = _number(given[2], "dest. set")
    if session.is_test:
        return
    ipfw = session.kernel("setsockopt(IP_FW_XMOVE)", UNAVAILABLE)
    found = kernel.chosen(ipfw, source, source) if one_rule else kernel.chosen(ipfw, set_number=source)
    kernel.move(found, target)
    session.machine.touch()


def _switch(session: Session, words: Words) -> None:
    """Read `enable A B disable C …` and switch them all in one step."""
    chosen: dict[str, set[int]] = {"enable": set(), "disable": set()}
    which = ""
    while words:
        if words.next[:1].isdecimal():
            number = values.atoi(words.take())
            if number > DEFAULT_SET:
                raise Refused(f"invalid set number {number}\n", DATAERR)
            chosen[which].add(number)
            continue
        which = next((word for word in ("disable", "enable") if words.accept(word)), "")
        if not which:
            raise Refused(f"invalid set command {words.next}\n", DATAERR)
    if chosen["enable"] & chosen["disable"]:
        raise Refused("cannot enable and disable the same set\n", DATAERR)
    if not session.is_test:
        ipfw = session.kernel("set enable/disable: setsockopt(IP_FW_SET_ENABLE)", 0)
        kernel.enable_sets(ipfw, chosen["enable"], chosen["disable"])
        session.machine.touch()
