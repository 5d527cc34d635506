"""Reads and writes the ways in through a NAT instance: redirect_port, redirect_addr, redirect_proto.

Source: reference ipfw §5.1, §12; captures ipfw (nat-redirects, nat-no-port, nat-range-mismatch).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall import operands
from apps.freebsd.firewall.model import Redirect
from apps.freebsd.firewall.rule_body import protocol

if TYPE_CHECKING:
    from apps.freebsd.firewall.word_stream import Words

_PORT_PROTOCOLS = ("tcp", "udp", "sctp")
_ANY = "0.0.0.0"  # noqa: S104  # no address that is listened on: any of the instance


def read_redirect(kind: str, words: Words) -> Redirect:
    """Take what stands behind redirect_port, redirect_addr or redirect_proto.

    Args:
        kind: `port`, `addr` or `proto`.
        words: Where it is taken from.

    Raises:
        InvalidInput: ipfw refuses it.
    """
    if kind == "port":
        return _port(words)
    if kind == "addr":
        local = _addresses(words.take("a local address"))
        return Redirect("addr", local, operands.ipv4(words.take("a public address")))
    return _proto(words)


def redirect_text(redirect: Redirect) -> str:
    """Return a redirect as the words that make it."""
    words = [redirect.proto, ",".join(redirect.local), redirect.public, redirect.remote]
    return " ".join([f"redirect_{redirect.kind}", *(word for word in words if word)])


def _port(words: Words) -> Redirect:
    proto = words.take("tcp, udp or sctp")
    if proto not in _PORT_PROTOCOLS:
        raise InvalidInput(f"redirect_port is for tcp, udp and sctp, and not for {proto}.")
    local = tuple(_local(piece) for piece in words.take("a local address and port").split(","))
    public = _public(words.take("a public port"))
    _check_sizes(local, public)
    return Redirect("port", tuple(sorted(local)), public, proto, _remote(words))


def _local(piece: str) -> str:
    host, sign, port = piece.partition(":")
    if not sign:
        raise InvalidInput(f"{piece or 'Nothing'} is missing its port: 10.0.0.2:80.")
    return f"{operands.ipv4(host)}:{_ports(port)}"


def _public(word: str) -> str:
    host, sign, port = word.rpartition(":")
    ports = _ports(port)
    return ports if not sign or operands.ipv4(host) == _ANY else f"{operands.ipv4(host)}:{ports}"


def _ports(word: str) -> str:
    if "," in word:
        raise InvalidInput(f"{word} is a list: a redirect takes one port or one range.")
    try:
        ports = operands.ports(word)
    except operands.NotUnderstood:
        raise InvalidInput(f"{word} is no port.") from None
    low, _, high = ports.partition("-")
    if int(low) == 0 or (high and int(high) < int(low)):
        raise InvalidInput(f"{word} is no port and no range of ports.")
    return ports


def _size(ports: str) -> int:
    low, _, high = ports.rpartition(":")[2].partition("-")
    return int(high or low) - int(low) + 1


def _check_sizes(local: tuple[str, ...], public: str) -> None:
    if len(local) > 1 and any(_size(ports) > 1 for ports in (*local, public)):
        raise InvalidInput("With several local addresses each has a single port, and so has the public side.")
    if any(_size(ports) != _size(public) for ports in local):
        raise InvalidInput("The ranges of public and of local ports must be of one size.")


def _remote(words: Words) -> str:
    """Take the far side, which ipfw knows by its first digit."""
    if not words.next()[:1].isdigit():
        return ""
    host, sign, ports = words.take("a remote address").partition(":")
    address = operands.ipv4(host)
    return f"{address}:{_ports(ports)}" if sign and ports != "0" else address


def _proto(words: Words) -> Redirect:
    word = words.take("a protocol")
    name = protocol(word)
    if name is None or name in ("ip", "ip4", "ip6"):
        raise InvalidInput(f"{word} is no protocol.")
    local = _addresses(words.take("a local address"))
    if len(local) > 1:
        raise InvalidInput("redirect_proto takes one local address.")
    public = operands.ipv4(words.take("a public address")) if words.next()[:1].isdigit() else ""
    remote = operands.ipv4(words.take("a remote address")) if words.next()[:1].isdigit() else ""
    return Redirect("proto", local, public, name, remote)


def _addresses(word: str) -> tuple[str, ...]:
    return tuple(sorted(operands.ipv4(piece) for piece in word.split(",")))
