"""Packets as a few words, the same in an address of a page and on a command line.

`jail:www tcp 198.51.100.7:443 syn` · `outside tcp 198.51.100.7:40000 192.0.2.10:80 syn` · `reply syn,ack` ·
`host udp 192.0.2.53:53` · `outside icmp 198.51.100.7 192.0.2.10 type=8` · `reply after=30`
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlencode

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.packet import From, Origin, Packet

FLAGS = ("syn", "ack", "fin", "rst", "psh", "urg")
WITH_PORTS = ("tcp", "udp", "udplite", "sctp")
MOST_CHARACTERS = 300
MOST_S = 100_000
_PROTO = re.compile(r"[a-z][a-z0-9-]{0,18}|[0-9]{1,3}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_END = re.compile(
    r"\[(?P<six>[0-9a-fA-F:.]+)\](?::(?P<port6>\d{1,5}))?|(?P<four>[0-9.]+)(?::(?P<port4>\d{1,5}))?"
)
_SAYS = "A packet is: jail:NAME, outside or host; a protocol; a source, which may be left out; a destination."


def read_packet(text: str) -> Packet:
    """Return the packet that some words stand for.

    Raises:
        InvalidInput: They stand for none; `message` says what is wrong.
    """
    words = text.split()
    if not words or len(text) > MOST_CHARACTERS:
        raise InvalidInput(_SAYS, field="packet")
    if words[0] == "reply":
        return _with_options(Packet(is_reply=True), words[1:])
    if len(words) < 3:
        raise InvalidInput(_SAYS, field="packet")
    origin, proto = _origin(words[0]), _proto(words[1])
    ends = [word for word in words[2:4] if "=" not in word and (_END.fullmatch(word) or ":" in word)]
    if not ends:
        raise InvalidInput("It says no address that the packet goes to.", field="packet")
    (src, sport), (dst, dport) = [("", 0), *map(_end, ends)][-2:]
    packet = Packet(origin, proto, src, dst, sport, dport)
    packet = _with_options(packet, words[2 + len(ends) :])
    _refuse_mixed(packet)
    return packet


def _origin(word: str) -> Origin:
    kind, _, name = word.partition(":")
    if kind not in set(From) or ((kind == From.JAIL) != bool(name) and kind != From.OUTSIDE):
        raise InvalidInput(f"“{word}” says nobody who sends: jail:NAME, outside or host.", field="packet")
    if name and not _NAME.fullmatch(name):
        raise InvalidInput(f"“{name}” is no name.", field="packet")
    return Origin(From(kind), name)


def _proto(word: str) -> str:
    if not _PROTO.fullmatch(word) or (word.isdigit() and int(word) > 255):
        raise InvalidInput(f"“{word}” is no protocol.", field="packet")
    return word


def _end(word: str) -> tuple[str, int]:
    found = _END.fullmatch(word)
    address = (found["six"] or found["four"]) if found else word
    port = int((found["port6"] or found["port4"] or 0) if found else 0)
    try:
        ip = ip_address(address)
    except ValueError:
        raise InvalidInput(f"“{word}” is no address, or no address and port.", field="packet") from None
    if port > 65535:
        raise InvalidInput(f"{port} is no port: they end at 65535.", field="packet")
    return str(ip), port


def _refuse_mixed(packet: Packet) -> None:
    families = {ip_address(text).version for text in (packet.src, packet.dst) if text}
    if len(families) > 1:
        raise InvalidInput("One of its addresses is IPv4, the other IPv6.", field="packet")
    if packet.proto not in WITH_PORTS and (packet.sport or packet.dport):
        raise InvalidInput(f"{packet.proto} has no ports.", field="packet")


def _with_options(packet: Packet, words: list[str]) -> Packet:
    for word in words:
        name, sign, value = word.partition("=")
        if sign and name in _NUMBERS:
            packet = _NUMBERS[name](packet, _number(name, value))
        elif set(word.split(",")) <= set(FLAGS):
            packet = replace(packet, flags=frozenset(word.split(",")))
        else:
            raise InvalidInput(f"“{word}” is not understood.", field="packet")
    return packet


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= MOST_S):
        raise InvalidInput(f"{name}= takes a whole number.", field="packet")
    return int(value)


_NUMBERS: dict[str, Callable[[Packet, int], Packet]] = {
    "sport": lambda packet, value: replace(packet, sport=min(value, 65535)),
    "type": lambda packet, value: replace(packet, icmp_type=min(value, 255)),
    "id": lambda packet, value: replace(packet, icmp_id=min(value, 65535)),
    "after": lambda packet, value: replace(packet, after_s=value),
    "length": lambda packet, value: replace(packet, length=min(value, 65535)),
    "offset": lambda packet, value: replace(packet, fragment_offset=min(value, 65528)),
    "ttl": lambda packet, value: replace(packet, ttl=min(value, 255)),
}


def spell(packet: Packet) -> str:
    """Return the words for a packet; `read_packet` reads them back."""
    plain, words = Packet(), []
    if packet.is_reply:
        words = ["reply"]
    else:
        origin = (
            f"{packet.origin.kind}:{packet.origin.name}" if packet.origin.name else str(packet.origin.kind)
        )
        source = [_spell_end(packet.src, packet.sport)] if packet.src else []
        words = [origin, packet.proto, *source, _spell_end(packet.dst, packet.dport)]
    if packet.flags:
        words.append(",".join(flag for flag in FLAGS if flag in packet.flags))
    if packet.sport and not packet.src and not packet.is_reply:
        words.append(f"sport={packet.sport}")
    for name, field in _FIELDS.items():
        value = getattr(packet, field)
        words += [f"{name}={int(value)}"] if value != getattr(plain, field) else []
    return " ".join(words)


_FIELDS = {
    "type": "icmp_type", "id": "icmp_id", "after": "after_s", "length": "length",
    "offset": "fragment_offset", "ttl": "ttl",
}  # fmt: skip


def _spell_end(address: str, port: int) -> str:
    shown = f"[{address}]" if ":" in address else address
    return f"{shown}:{port}" if port else shown


def query_of(spelled: list[str], against: str) -> str:
    """Return the query string of a conversation."""
    pairs = [("p", text) for text in spelled] + ([("against", against)] if against else [])
    return f"?{urlencode(pairs)}" if pairs else "?"
