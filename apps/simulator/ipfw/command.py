"""One command of ipfw: flags, and which of its commands the words are.

Source: sbin/ipfw/main.c (ipfw_main); reference ipfw §1; captures/ipfw.json.
"""

from __future__ import annotations

from collections.abc import Callable

from apps.simulator.getopt import getopt
from apps.simulator.ipfw import nats, rules, sets, tables
from apps.simulator.ipfw.model import DEFAULT_SET
from apps.simulator.ipfw.refused import USAGE, Refused
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.words import Words

FLAGS = "abcdDefhinNp:qs:STtvx"
FILE_FLAGS = "cfNnp:qS"
SWITCHES = {
    "one_pass": ("net.inet.ip.fw.one_pass",),
    "debug": ("net.inet.ip.fw.debug",),
    "verbose": ("net.inet.ip.fw.verbose",),
    "dyn_keepalive": ("net.inet.ip.fw.dyn_keepalive",),
}
USAGE_TEXT = 'usage: ipfw [options]\ndo "ipfw -h" or "man ipfw" for details'


def split(text: str) -> list[str]:
    """Split one single argument, or a line of a file: at blanks, up to `#`, but not behind a comma."""
    kept, copying = "", False
    for letter in text.partition("#")[0]:
        if copying or not letter.isspace():
            kept += letter
        copying = not (letter.isspace() or (letter == "," and copying)) if copying else not letter.isspace()
    return kept.split()


def joined(words: list[str]) -> list[str]:
    """Join a word that ends in a comma with the next."""
    found: list[str] = []
    for word in words:
        if found and found[-1].endswith(","):
            found[-1] += word
        else:
            found.append(word)
    return found


def set_flags(session: Session, letters: set[str]) -> None:
    """Note flags; those of a file count for all its lines."""
    style = session.style
    style.counters = style.counters or "a" in letters
    style.brief = style.brief or "b" in letters
    style.compact = style.compact or "c" in letters
    style.sets = style.sets or "S" in letters
    style.clock = next((letter for letter in "Tt" if letter in letters), style.clock)
    session.is_quiet = session.is_quiet or "q" in letters
    session.is_test = session.is_test or "n" in letters
    session.is_forced = session.is_forced or "f" in letters
    session.shows_states = session.shows_states or bool({"d", "D"} & letters)
    session.only_states = session.only_states or "D" in letters


def run(session: Session, given: list[str]) -> None:
    """Run one command.

    Args:
        session: the run; what is printed and the status are left in it.
        given: the words behind `ipfw`.

    Raises:
        Refused: ipfw does not take it.
        BadOption: a flag is none.
    """
    found, operands = getopt(given, FLAGS)
    set_flags(session, {letter for letter, _value in found})
    if not operands:
        raise Refused("bad arguments, for usage summary ``ipfw''", USAGE)
    if len(operands) > 1 and operands[0][:1].isdecimal():
        operands[:2] = [operands[1], operands[0]]  # `100 add …` as ipfw1 took it
    family = _family(session, operands)
    if not operands:
        raise Refused("missing command", USAGE)
    if family and len(operands) > 1 and operands[0][:1].isdecimal():
        operands[:2] = [operands[1], operands[0]]  # `nat 123 config` is read as `nat config 123`
    _dispatch(session, family, session.words(operands))


def _family(session: Session, operands: list[str]) -> str:
    """Take `nat`, `pipe` or `queue` off the words, and `set N` where a command for one set follows."""
    first = operands[0]
    session.set_number = None
    for family in ("nat", "pipe"):
        if first and family.startswith(first):
            operands.pop(0)
            return family
    if first and "set".startswith(first) and operands[1:2] and operands[1][:1].isdecimal():
        if not operands[1].isdecimal() or int(operands[1]) > DEFAULT_SET:
            raise Refused(f"invalid set number {operands[1]}\n")
        session.set_number = int(operands[1])
        del operands[:2]
    return ""


def _dispatch(session: Session, family: str, words: Words) -> None:
    if family == "nat" and _nat(session, words):
        return
    typed = words.next
    if session.set_number is None and not family:
        for word, command in COMMANDS.items():
            if words.accept(word):
                command(session, words)
                return
    for word, command in FOR_SETS.items():
        if words.accept(word):
            command(session, words)
            return
    raise Refused(f"bad command `{typed}'", USAGE)


def _nat(session: Session, words: Words) -> bool:
    """Do a command about NAT instances; False when it is none."""
    for word, command in (("config", nats.config), ("show", nats.show)):
        if words.accept(word):
            command(session, words)
            return True
    if words.accept("delete"):
        rules.delete(session, words, of_nat=True)
        return True
    return False


def _switch(value: str) -> Callable[[Session, Words], None]:
    def switch(session: Session, words: Words) -> None:
        if not words:
            session.warn("missing keyword to enable/disable\n")
            return
        if words.accept("firewall"):
            ipfw = session.machine.kernel.ipfw
            ipfw.enabled = ipfw.enabled6 = value == "1"
        elif words.accept("one_pass"):
            session.machine.kernel.ipfw.one_pass = value == "1"
        elif words.accept("verbose"):
            session.machine.kernel.ipfw.verbose = value == "1"
        elif words.next not in {"debug", "dyn_keepalive", "altq"}:
            session.warn(f"unrecognize enable/disable keyword: {words.next}\n")
        session.machine.touch()

    return switch


def _list(session: Session, words: Words) -> None:
    rules.show(session, words)


def _show(session: Session, words: Words) -> None:
    rules.show(session, words, with_counters=True)


def _resetlog(session: Session, words: Words) -> None:
    rules.zero(session, words, only_log=True)


def _flush(session: Session, _words: Words) -> None:
    rules.flush(session)


COMMANDS: dict[str, Callable[[Session, Words], None]] = {
    "add": rules.add,
    "set": sets.run,
    "table": tables.run,
    "enable": _switch("1"),
    "disable": _switch("0"),
}
FOR_SETS: dict[str, Callable[[Session, Words], None]] = {
    "delete": rules.delete,
    "flush": _flush,
    "zero": rules.zero,
    "resetlog": _resetlog,
    "print": _list,
    "list": _list,
    "show": _show,
}
