"""Turn what stands behind `ipfw add` into a rule of the kernel, with all that ipfw lets pass.

Source: sbin/ipfw/ipfw2.c (compile_rule); reference ipfw §2, §12; captures/ipfw.json.
"""

from __future__ import annotations

from apps.simulator.ipfw import actions, options, values
from apps.simulator.ipfw.builder import Builder
from apps.simulator.ipfw.model import DEFAULT_SET, Rule
from apps.simulator.ipfw.refused import USAGE, Refused
from apps.simulator.ipfw.words import Words, protocol_number

LONGEST_COMMENT = 82  # ipfw says 80 and counts otherwise


def parse_rule(words: Words) -> Rule:
    """Read a rule.

    Args:
        words: what stands behind `add`.

    Returns:
        The rule; its number is 0 when the kernel is to choose.

    Raises:
        Refused: ipfw does not take it.
    """
    rule = _head(words)
    rule.action, rule.argument = actions.read(words)
    actions.read_marks(words, rule)
    if rule.action == "check-state":
        _ended(words, rule)
        return rule
    if rule.action == "//":
        rule.action, rule.only_options = "count", True
        rule.comment = comment(words)
        return rule
    _body(words, rule)
    return rule


def _head(words: Words) -> Rule:
    """Read number, set and probability."""
    rule = Rule(0, "")
    if words.next[:1].isdecimal():
        rule.number = values.atoi(words.take())
    if words.accept("set"):
        text = words.take("missing action")
        rule.set_number = values.atoi(text)
        if not 0 <= rule.set_number <= DEFAULT_SET:
            raise Refused(f"illegal set {text}")
    if words.accept("prob"):
        rule.prob = _probability(words.take("missing action"))
    return rule


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise Refused(f"illegal match prob. {text}")
    return number


def _ended(words: Words, rule: Rule) -> None:
    """Take a comment behind check-state; anything else there is passed over, as ipfw does."""
    if words.next == "//":
        words.take()
        rule.comment = comment(words)


def comment(words: Words) -> str:
    """Take all that is left as a comment.

    Raises:
        Refused: it is too long.
    """
    text = " ".join(words.rest())
    if len(text) > LONGEST_COMMENT:
        raise Refused("comment too long (max 80 chars)")
    return text


def _body(words: Words, rule: Rule) -> None:
    """Read protocol, addresses, ports and options; without a protocol, options only."""
    builder = Builder(words, rule)
    if not _protocols(builder):
        rule.only_options = True
    else:
        if not words.accept("from"):
            raise Refused("missing ``from''", USAGE)
        _end(builder, "src", "source address", "source address")
        if not words.accept("to"):
            raise Refused("missing ``to''", USAGE)
        _end(builder, "dst", "dst address", "destination address")
    options.read(builder)
    if builder.comment_follows:
        rule.comment = comment(words)


def _protocols(builder: Builder) -> bool:
    """Read the protocol or an or-block of them; False when the word is an option instead."""
    words, is_first = builder.words, True
    builder.open_block()
    while True:
        builder.take_not()
        if not words:
            raise Refused("missing protocol", USAGE)
        if not _protocol(builder):
            if not is_first and builder.rule.body:
                raise Refused(f"invalid protocol ``{words.next}''")
            return False
        is_first = False
        if not builder.take_or():
            return True


def _protocol(builder: Builder) -> bool:
    words = builder.words
    if words.is_word("all") or words.next == "ip":
        words.take()
    elif words.next in {"ip4", "ipv4", "ip6", "ipv6"}:
        name = f"ip{words.take()[-1]}"
        builder.is_six = name == "ip6"
        builder.add(name)
    else:
        number = protocol_number(words.next)
        if number is None:
            return False
        words.take()
        builder.add("proto", str(number))
    return True


def _end(builder: Builder, name: str, missing: str, bad: str) -> None:
    """Read an address or an or-block of them, and the ports behind it."""
    words = builder.words
    builder.open_block()
    while True:
        builder.take_not()
        if not words:
            raise Refused(f"missing {missing}", USAGE)
        text = words.take()
        if not text:
            raise Refused(f"bad {bad} {text}", USAGE)
        _address(builder, name, text)
        if not builder.take_or():
            break
    builder.take_not()
    _ports(builder, f"{name}-port")


def _address(builder: Builder, name: str, text: str) -> None:
    found = values.addresses(text, builder.words, is_six=builder.is_six, is_not=builder.is_not)
    if found is not None:
        builder.add(name, found)


def _ports(builder: Builder, name: str) -> None:
    """Read ports, if the next word is some; another word is for whoever reads on."""
    words = builder.words
    if words.accept("any"):
        return
    found = values.ports(words.next, words)
    if found is not None:
        words.take()
        builder.add(name, found)
