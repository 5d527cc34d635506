"""What a rule does: its action with what it is given, and log and tag behind it.

Source: reference ipfw §2, §4; captures ipfw (unreach host is printed as reject).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall import operands
from apps.freebsd.firewall.operands import NotUnderstood
from apps.freebsd.firewall.words import (
    ACTIONS,
    BARE_ACTIONS,
    DSCP,
    NUMBERED_ACTIONS,
    PROTOCOL_ALIASES,
    UNREACH6_CODES,
    UNREACH_CODES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.freebsd.firewall.word_stream import Words

DEFAULT_STATE = ":default"
_STATE_NAME = re.compile(r":[A-Za-z0-9_.-]{1,63}")
_TAGS = (1, 65534)


@dataclass(slots=True)
class ActionPart:
    """The front of a rule."""

    action: str
    argument: str = ""
    is_logged: bool = False
    log_amount: int | None = None
    tag: str = ""


def read_action(words: Words) -> ActionPart:
    """Take the action with its argument, and log and tag behind it.

    Raises:
        InvalidInput: ipfw refuses it.
        NotUnderstood: It is no action that is known here.
    """
    word = words.take("an action")
    if word not in ACTIONS:
        raise NotUnderstood(word)
    part = _with_argument(ACTIONS[word], words)
    while words.next() in ("log", "tag", "untag", "altq"):
        _take_parameter(part, words)
    return part


def state_name(words: Words, *, may_be_any: bool = False) -> str:
    """Take `:NAME` if it stands there; the default state's otherwise.

    Raises:
        InvalidInput: It is no name of a state.
    """
    if not words.next().startswith(":"):
        return DEFAULT_STATE
    name = words.take("a state's name")
    if not _STATE_NAME.fullmatch(name) or (name == ":any" and not may_be_any):
        raise InvalidInput(f"{name} names no state: 1 to 63 letters, digits, _, . and - after the colon.")
    return name


def _with_argument(action: str, words: Words) -> ActionPart:
    if action in BARE_ACTIONS:
        return ActionPart(action)
    if action == "unreach":
        return _unreach(words)
    if action in NUMBERED_ACTIONS:
        return ActionPart(action, _numbered(action, words))
    return ActionPart(action, _ARGUMENTS[action](words))


def _numbered(action: str, words: Words) -> str:
    lowest, highest, others = NUMBERED_ACTIONS[action]
    word = words.take(f"what {action} is given")
    if word in others:
        return word
    if word in PROTOCOL_ALIASES:
        raise InvalidInput(f"{action} needs a number, and {word} stands there.")
    return operands.number(word, lowest, highest, f"What {action} is given")


def _checked_state(words: Words) -> str:
    return state_name(words, may_be_any=True)


def _where_to_return(words: Words) -> str:
    """Take where to go on; the newest releases print the usual way, which older ones have no word for."""
    if words.take_if("next-rulenum"):
        return ""
    return "next-rule" if words.take_if("next-rule") else ""


def _unreach(words: Words) -> ActionPart:
    word = words.take("an ICMP code")
    if word.isdigit():
        code = operands.number(word, 0, 255, "An ICMP code")
        word = UNREACH_CODES[int(code)] if int(code) < len(UNREACH_CODES) else code
    elif word not in UNREACH_CODES:
        raise InvalidInput(f"{word} is no ICMP unreachable code: {', '.join(UNREACH_CODES)}.")
    return ActionPart("reject") if word == "host" else ActionPart("unreach", word)


def _unreach6(words: Words) -> str:
    word = words.take("an ICMPv6 code")
    if word.isdigit():
        code = operands.number(word, 0, 255, "An ICMPv6 code")
        return UNREACH6_CODES.get(int(code), code)
    if word not in UNREACH6_CODES.values():
        raise InvalidInput(f"{word} is no ICMPv6 unreachable code: {', '.join(UNREACH6_CODES.values())}.")
    return word


def _dscp(words: Words) -> str:
    word = words.take("a DSCP value")
    if word == "tablearg":
        return word
    if "," in word or (word not in DSCP and not word.isdigit()):
        raise InvalidInput(f"{word} is no DSCP value, such as af11, cs3 or 46.")
    return operands.dscp(word)


def _next_hop(words: Words) -> str:
    word = words.take("where to forward to")
    if word.count(":") == 1:
        word = word.replace(":", ",")
    host, comma, port = word.partition(",")
    if host != "tablearg":
        host = operands.address(host)
    if host in ("any", "me", "me6") or any(sign in host for sign in "/{("):
        raise InvalidInput(f"{word} is no single address to forward to.")
    return f"{host},{operands.number(port, 1, operands.HIGHEST_PORT, 'A port')}" if comma else host


_ARGUMENTS: dict[str, Callable[[Words], str]] = {
    "check-state": _checked_state,
    "return": _where_to_return,
    "unreach6": _unreach6,
    "setdscp": _dscp,
    "fwd": _next_hop,
}


def _take_parameter(part: ActionPart, words: Words) -> None:
    word = words.take("log or tag")
    if word == "altq":
        raise NotUnderstood(word)
    if (word == "log" and part.is_logged) or (word != "log" and part.tag):
        raise InvalidInput(f"{word} is said twice.")
    if word == "log":
        part.is_logged = True
        part.log_amount = _log_amount(words)
    else:
        part.tag = f"{word} {_tag(words)}"


def _log_amount(words: Words) -> int | None:
    if words.next() == "logdst":
        raise NotUnderstood("logdst")
    if not words.take_if("logamount"):
        return None
    return int(operands.number(words.take("a number"), 0, 2**31 - 1, "logamount")) or None


def _tag(words: Words) -> str:
    word = words.take("a tag's number")
    return word if word == "tablearg" else operands.number(word, *_TAGS, "A tag")
