"""Reads and writes `nat N config …`.

The kernel turns the redirects round, so that only their set tells whether two instances are the same; here
they are written in the order of their own text. A configuration replaces everything that was there.

Source: reference ipfw §5.1, §5.2; captures ipfw (nat-…).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.firewall import operands
from apps.freebsd.firewall.model import NatInstance
from apps.freebsd.firewall.nat_redirects import read_redirect, redirect_text
from apps.freebsd.firewall.word_stream import Words, plain_line

if TYPE_CHECKING:
    from apps.freebsd.firewall.model import Redirect

OPTIONS = (  # in the order in which ipfw prints them
    "log", "deny_in", "same_ports", "skip_global", "unreg_only", "unreg_cgn", "reset", "reverse",
    "proxy_only", "udp_eim",
)  # fmt: skip
REDIRECTS = ("redirect_port", "redirect_addr", "redirect_proto")
HIGHEST_NAT = 65534
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")


def parse_nat(line: str) -> NatInstance:
    """Read one instance.

    Args:
        line: `nat 123 config …`, with or without a leading `ipfw`.

    Raises:
        InvalidInput: ipfw refuses it, or it is more than one line.
    """
    words = Words(plain_line(line, "A NAT instance").split())
    words.take_if("ipfw")
    if not words.take_if("nat"):
        raise InvalidInput("A NAT instance is written as nat NUMBER config …")
    number = int(operands.number(words.take("a number"), 1, HIGHEST_NAT, "A NAT instance's number"))
    if not words.take_if("config"):
        raise InvalidInput("A NAT instance is written as nat NUMBER config …")
    return _read(number, words)


def parse_nats(text: str) -> tuple[NatInstance, ...]:
    """Read what `ipfw nat show config` prints.

    Raises:
        ParseError: A line is no instance that is understood.
    """
    try:
        found = [parse_nat(line) for line in text.split("\n") if line.strip()]
    except InvalidInput as error:
        raise ParseError(f"ipfw nat show config: {error.message}") from error
    return tuple(sorted(found, key=lambda nat: nat.number))


def nat_text(nat: NatInstance) -> str:
    """Return an instance as the line that makes it: `nat 123 config ip 192.0.2.10 same_ports`."""
    where = [f"if {nat.interface}"] if nat.interface else [f"ip {nat.address}"] if nat.address else []
    options = [word for word in OPTIONS if word in nat.options]
    redirects = sorted(redirect_text(redirect) for redirect in nat.redirects)
    return " ".join([f"nat {nat.number} config", *where, *options, *redirects])


def _read(number: int, words: Words) -> NatInstance:
    address = interface = ""
    options: set[str] = set()
    redirects: set[Redirect] = set()
    while not words.is_done:
        word = words.take("an option")
        if word == "ip":
            address, interface = operands.ipv4(words.take("an address")), ""
        elif word == "if":
            interface, address = _interface(words.take("an interface")), ""
        elif word in OPTIONS:
            options.add(word)
        elif word in REDIRECTS:
            redirects.add(read_redirect(word.removeprefix("redirect_"), words))
        else:
            raise InvalidInput(f"{word} is no option of a NAT instance that the panel knows.")
    return NatInstance(number, address, interface, frozenset(options), frozenset(redirects))


def _interface(word: str) -> str:
    if not _INTERFACE.fullmatch(word):
        raise InvalidInput(f"{word} is no interface: at most 15 letters and digits, such as vtnet0.")
    return word
