"""Read a rule's action and its argument, and what may stand behind it: log and tags.

Source: sbin/ipfw/ipfw2.c (compile_rule); reference ipfw §2, §12.
"""

from __future__ import annotations

import re

from apps.simulator.ipfw import values
from apps.simulator.ipfw.model import Rule
from apps.simulator.ipfw.refused import USAGE, Refused
from apps.simulator.ipfw.words import ACTIONS, DSCP, NUMBERED, UNREACH, UNREACH6, Words

HIGHEST_ARGUMENT = 65534
VALUED = frozenset({"setfib", "setdscp", "tcp-setmss"})


def read(words: Words) -> tuple[str, str]:
    """Read the action.

    Returns:
        Its canonical word and its argument.

    Raises:
        Refused: it is none, or its argument is not.
    """
    typed = words.take("missing action")
    action = ACTIONS.get(typed, "")
    if not action:
        raise Refused(f"invalid action {typed}\n")
    if action in NUMBERED:
        return action, _number(words, typed)
    if action == "unreach":
        return _code(words, UNREACH, "missing reject code", "ICMP")
    if action == "unreach6":
        return action, _code(words, UNREACH6, "missing unreach code", "ICMPv6")[1]
    return action, _other(words, action)


def _other(words: Words, action: str) -> str:
    """Read the argument of an action that has neither a number nor a code; most have none."""
    if action == "check-state":
        return _state(words)
    if action == "fwd":
        return _forward(words)
    return _value(words, action) if action in VALUED else ""


def _number(words: Words, typed: str) -> str:
    """Read a number from 1 on, `tablearg`, or for nat `global`."""
    if not words:
        raise Refused(f"missing argument for {typed}", USAGE)
    if typed == "nat" and words.accept("global"):
        return "global"
    if words.next[:1].isdecimal() and 0 < values.atoi(words.next) <= HIGHEST_ARGUMENT:
        return str(values.atoi(words.take()))
    if not words.next[:1].isdecimal() and words.accept("tablearg"):
        return "tablearg"
    raise Refused(f"illegal argument for {typed}")


def _state(words: Words) -> str:
    """Read the state's name of check-state."""
    if not words or words.next == "//":
        return "default"
    return state_name(words.take())


def state_name(text: str, *, may_be_any: bool = True) -> str:
    """Read `:NAME`.

    Raises:
        Refused: no state may be called so.
    """
    name = text[1:]
    if not text.startswith(":") or not values.is_name(name) or (name == "any" and not may_be_any):
        raise Refused(f"Invalid state name {text}")
    return name


def _code(words: Words, known: dict[str, int], missing: str, kind: str) -> tuple[str, str]:
    """Read a code of unreach; `host` is what `reject` says."""
    text = words.take(missing)
    number = int(text) if text.isdecimal() else known.get(text)
    if number is None or number > 0xFF:
        raise Refused(f"unknown {kind} unreachable code ``{text}''")
    name = next((name for name, code in known.items() if code == number), str(number))
    return ("reject", "") if known is UNREACH and name == "host" else ("unreach", name)


def _forward(words: Words) -> str:
    """Read `ADDRESS[,PORT]`; of an IPv6 address, the port stands behind brackets or a comma."""
    text = words.take("missing forward address[:port]")
    if text.startswith("tablearg"):
        return text
    match = re.fullmatch(r"\[?([0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*)\]?(?:,(.*))?", text)
    host, port = match.groups() if match else (*re.split(r"[:,]", text, maxsplit=1), None)[:2]
    shown = host if match else values.masked(values.ipv4(host or "", words), 0xFFFFFFFF)
    if port is None:
        return str(shown)
    found = values.ports(port, words)
    if found is None or not found.isdecimal():
        raise Refused(f"illegal forwarding port ``{port}''")
    return f"{shown},{found}"


def _value(words: Words, action: str) -> str:
    text = words.take(f"missing argument for {action}")
    if action == "setdscp" and text in DSCP:
        return text
    if text == "tablearg":
        return text
    if not text.isdecimal() or int(text) > HIGHEST_ARGUMENT:
        raise Refused(f"illegal argument for {action}")
    return str(int(text))


def read_marks(words: Words, rule: Rule) -> None:
    """Read `log [logamount N]`, `tag N` and `untag N`."""
    while words.next in {"log", "tag", "untag"}:
        word = words.take()
        if word == "log":
            if rule.is_logged:
                raise Refused("log cannot be specified more than once")
            rule.is_logged = True
            if words.accept("logamount"):
                rule.log_amount = _amount(words.take("logamount requires argument"))
            continue
        if rule.tag:
            raise Refused("tag and untag cannot be specified more than once", USAGE)
        rule.tag = argument(words, word) * (1 if word == "tag" else -1)


def _amount(text: str) -> int:
    if values.atoi(text) < 0:
        raise Refused("logamount must be positive")
    return values.atoi(text)


def argument(words: Words, name: str) -> int:
    """Read a whole number from 1 to 65534.

    Raises:
        Refused: it is none.
    """
    text = words.take(f"{name}: missing argument")
    if not text.isdecimal():
        raise Refused(f"{name}: invalid argument: {text}")
    if not 1 <= int(text) <= HIGHEST_ARGUMENT:
        raise Refused(f"{name}: argument is out of range (1..{HIGHEST_ARGUMENT}): {text}")
    return int(text)
