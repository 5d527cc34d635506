"""The entries of tables: their keys in the kernel's form and order, and what comes of changing them.

Source: sbin/ipfw/tables.c; reference ipfw §9; captures/ipfw.json. What neither shows is inferred.
"""

from __future__ import annotations

import ipaddress
import socket

from apps.simulator.ipfw.model import Entry, Table
from apps.simulator.ipfw.refused import NOHOST, OSERR, Refused
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.words import Words


def order(kind: str, key: str) -> tuple[object, ...]:
    """Give the place of a key in the kernel's order: IPv4 before IPv6, by number; names as they are."""
    if kind == "addr":
        network = ipaddress.ip_network(key)
        return network.version, int(network.network_address), network.prefixlen
    return (int(key),) if kind == "number" else (key,)


def covering(table: Table, wanted: str) -> Entry | None:
    """Find the longest network that an address lies in."""
    address = ipaddress.ip_network(wanted)
    found = []
    for entry in table.entries:
        network = ipaddress.ip_network(entry.key)
        if network.version == address.version and network.overlaps(address):
            found.append((network.prefixlen, entry))
    return max(found, key=lambda item: item[0])[1] if found else None


def key(kind: str, text: str, words: Words) -> str:
    """Read a key; of an address table its network, with its length.

    Raises:
        Refused: no table of this kind has such a key.
    """
    if kind == "number":
        if not text.isdecimal():
            raise Refused(f"Invalid number: {text}")
        return str(int(text))
    if kind != "addr":
        return text
    host, _, length = text.partition("/")
    try:
        base = host if ":" in host else str(ipaddress.IPv4Address(socket.inet_aton(host)))
        return str(ipaddress.ip_network(f"{base}/{length}" if length else base, strict=False))
    except OSError:
        found = words.names.hosts.get(host)
    except ValueError:
        raise Refused(f"bad {'width' if length else 'address'} ``{length or text}''") from None
    if found is None:
        raise Refused(f"hostname ``{host}'' unknown", NOHOST)
    return f"{found}/32"


def value(text: str) -> str:
    """Read a value: a number, or an IPv4 address, which is one."""
    if text.isdecimal():
        return str(int(text))
    try:
        return str(int(ipaddress.IPv4Address(text)))
    except ValueError:
        raise Refused(f"Unable to parse value {text}", OSERR) from None


def put(session: Session, table: Table, entry: Entry) -> tuple[str, Entry]:
    """Put an entry in; one that is there is kept, or with -q gets the new value."""
    old = next((item for item in table.entries if item.key == entry.key), None)
    if old is None and table.limit and len(table.entries) >= table.limit:
        return "limit", entry
    if old is None:
        table.entries.append(entry)
        return "added", entry
    if session.is_quiet:
        old.value = entry.value
        return "updated", entry
    return "exists", entry


FAULTS = {"exists": "record already exists", "notfound": "record not found", "limit": "limit hit"}


def report(session: Session, done: list[tuple[str, Entry]], doing: str) -> None:
    """Say what came of each key; with -q only of what is worse than a key that was there or was not."""
    fault = next((FAULTS[word] for word, _entry in done if word in FAULTS), "")
    if session.is_quiet and fault != "limit hit":
        return
    for word, entry in done:
        session.say(f"{word}: {entry.key} {entry.value}")
    if fault:
        raise Refused(f"{doing} record failed: {fault}", OSERR)
