"""Read the redirects of a NAT instance.

Source: sbin/ipfw/nat.c (setup_redir_addr, setup_redir_port, setup_redir_proto); reference ipfw §5.1, §12.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection

from apps.simulator.ipfw.model import Redirect, Server
from apps.simulator.ipfw.refused import Refused
from apps.simulator.ipfw.words import SERVICES, Words, protocol_number

KINDS = {"redirect_addr": 2, "redirect_port": 3, "redirect_proto": 2}
TRANSPORTS = {"tcp": 6, "udp": 17, "sctp": 132}
NOWHERE = "0.0.0.0"  # noqa: S104 - any address
_HALF_PORT = re.compile(r"\d{1,5}")


def estimate(words: Words, modes: Collection[str]) -> None:
    """Go over all options once, as ipfw does before it reads any of them.

    Raises:
        Refused: one of them is none, or a redirect has not enough words.
    """
    while words:
        word = words.take()
        if word in {"ip", "if", "port_range"}:
            words.skip(1)
        elif word in KINDS:
            if not words.skip(KINDS[word]):
                raise Refused(f"{word}: not enough arguments")
            most = {"redirect_addr": 0, "redirect_port": 1, "redirect_proto": 2}[word]
            while most and words.next[:1].isdecimal():
                words.take()
                most -= 1
        elif word not in modes:
            raise Refused(f"unrecognised option ``{word}''")


def plain_address(text: str) -> str:
    """Read an address as inet_aton does.

    Raises:
        Refused: it is none.
    """
    try:
        return str(ipaddress.IPv4Address(socket.inet_aton(text)))
    except OSError:
        raise Refused(f"bad ip address ``{text}''") from None


def _address(text: str, words: Words) -> str:
    """Read an address or a host's name."""
    try:
        return str(ipaddress.IPv4Address(socket.inet_aton(text)))
    except OSError:
        if text in words.names.hosts:
            return words.names.hosts[text]
        raise Refused(f"unknown host {text}", 1) from None


def read(word: str, words: Words) -> Redirect:
    """Read a redirect.

    Args:
        word: which kind.
        words: what stands behind it.

    Raises:
        Refused: it is not one that ipfw takes.
    """
    if word == "redirect_addr":
        servers = _servers(words.take(), words)
        return Redirect("addr", servers, _address(words.take(), words))
    return _port(words) if word == "redirect_port" else _proto(words)


def _servers(text: str, words: Words) -> list[Server]:
    """Read a pool, whose members the kernel has in reversed order."""
    return [Server(_address(item, words)) for item in reversed(text.split(","))]


def _proto(words: Words) -> Redirect:
    name = words.take()
    number = protocol_number(name)
    if number is None:
        raise Refused(f"redirect_proto: unknown protocol {name}")
    found = Redirect("proto", [Server(_address(words.take(), words))], proto=number)
    if words.next[:1].isdecimal():
        found.public = _address(words.take(), words)
        if words.next[:1].isdecimal():
            found.remote = _address(words.take(), words)
    return found


def _port(words: Words) -> Redirect:
    name = words.take()
    if name not in TRANSPORTS:
        raise Refused(f"unknown protocol {name}. Expected sctp, tcp or udp")
    local, public = words.take(), words.take()
    found = Redirect("port", [], proto=TRANSPORTS[name])
    pool = local.split(",") if "," in local else []
    if not pool and name != "sctp":
        found.servers = [_server(local, words, name)]
        found.ports = _count(local.partition(":")[2])
    host, colon, ports = public.partition(":") if ":" in public else ("", "", public)
    found.public = _address(host, words) if colon else NOWHERE
    found.public_port = _first_port(ports, name)
    if name == "sctp" and not pool:
        found.ports = _count(ports)
        found.servers = [Server(_sctp_address(local, words), found.public_port)]
    _remote(found, words, name)
    _check(found, _count(ports))
    if pool:
        found.servers = [_pool_server(item, words, name) for item in reversed(pool)]
    return found


def _sctp_address(text: str, words: Words) -> str:
    if ":" in text:
        raise Refused(
            "redirect_port: port numbers do not change in sctp, so do not specify them as part of the target"
        )
    return _address(text, words)


def _server(text: str, words: Words, proto: str) -> Server:
    if ":" not in text:
        raise Refused(f"{text} is missing port number")
    host, _, ports = text.partition(":")
    return Server(_address(host, words), _first_port(ports, proto))


def _pool_server(text: str, words: Words, proto: str) -> Server:
    server = _server(text, words, proto)
    if _count(text.partition(":")[2]) != 1:
        raise Refused("redirect_port: local port must be single in this context")
    return server


def _remote(found: Redirect, words: Words, proto: str) -> None:
    """Read from whom alone it is taken; what does not begin with a digit is the next option."""
    if not words.next[:1].isdecimal():
        return
    host, colon, ports = words.take().partition(":")
    found.remote = _address(host, words)
    if colon:
        found.remote_port, found.remote_ports = _first_port(ports, proto), _count(ports)


def _check(found: Redirect, public_ports: int) -> None:
    if public_ports != found.ports:
        raise Refused("redirect_port: port ranges must be equal in size")
    if found.remote_ports != found.ports and (found.remote_ports != 1 or found.remote_port):
        raise Refused("redirect_port: remote port mustbe 0 or equal to local port range in size")


def _ends(text: str) -> tuple[int, int] | None:
    """Read the two ends of `LOW-HIGH`; None when it is no range."""
    if text in SERVICES or "-" not in text:
        return None
    low, _, high = text.partition("-")
    found = [int(match[0]) & 0xFFFF if (match := _HALF_PORT.match(half)) else 0 for half in (low, high)]
    if found[0] > found[1]:
        raise Refused(f"invalid port range {text}")
    return found[0], found[1]


def _first_port(text: str, proto: str) -> int:
    if text in SERVICES:
        return SERVICES[text]
    ends = _ends(text)
    if ends:
        return ends[0]
    match = re.match(r"\d+", text)
    if match is None:
        raise Refused(f"{text}/{proto}: unknown service")
    return int(match[0]) & 0xFFFF


def _count(text: str) -> int:
    ends = _ends(text)
    return ends[1] - ends[0] + 1 if ends else 1
