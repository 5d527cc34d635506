"""ipfw's commands about tables.

Source: sbin/ipfw/tables.c; reference ipfw §9; captures/ipfw.json. What neither shows is inferred.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

from apps.simulator.ipfw import kernel
from apps.simulator.ipfw.model import Entry, Ipfw, Table
from apps.simulator.ipfw.refused import DATAERR, NOHOST, OSERR, UNAVAILABLE, USAGE, Refused
from apps.simulator.ipfw.session import Session
from apps.simulator.ipfw.values import c_number, is_name
from apps.simulator.ipfw.words import Words

KINDS = {
    "addr": "addr:radix",
    "iface": "iface:array",
    "number": "number:array",
    "flow": "flow:hash",
    "mac": "mac:radix",
}
COMMANDS = (
    *("add", "delete", "create", "destroy", "flush", "modify", "swap", "info", "detail", "list", "lookup"),
    *("atomic", "lock", "unlock"),
)
FOR_ALL = frozenset({"list", "info", "detail", "flush", "destroy"})
READING = frozenset({"list", "info", "detail", "lookup"})
INFO = "failed to request table info"
MISSING = "No such process"
HEAD_BYTES, ENTRY_BYTES = 296, 120  # so that one entry makes 416, as captured


def run(session: Session, words: Words) -> None:
    """Do what stands behind `table`."""
    name = words.take("table needs name")
    if not is_name(name):
        raise Refused(f"table name {name} is invalid", USAGE)
    command = _command(words.take("table needs command"))
    if command == "atomic":
        command = _command(words.take("atomic needs command"))
    if name == "all" and command not in FOR_ALL:
        raise Refused("table name required", USAGE)
    if session.is_test:
        return
    ipfw = session.kernel(INFO, OSERR)
    if command not in READING:
        session.machine.touch()
    ACTIONS[command](session, ipfw, name, words)


def _command(typed: str) -> str:
    found = [word for word in COMMANDS if word == typed] or [w for w in COMMANDS if w.startswith(typed)]
    if len(found) != 1:
        raise Refused(f"{'invalid' if not found else 'ambiguous'} table command {typed}", USAGE)
    return found[0]


def _table(ipfw: Ipfw, name: str, doing: str = INFO) -> Table:
    found = ipfw.table(name)
    if found is None:
        raise Refused(f"{doing}: {MISSING}", OSERR)
    return found


def _create(_session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    """Make a table; with `missing` one that is there is as good, with `or-flush` it is emptied."""
    table, flags = Table(name), set()
    for word in words:
        if word == "type":
            table.kind = words.take("table type required").partition(":")[0]
        elif word == "valtype":
            table.valtype = words.take("table value type required")
        elif word in {"algo", "limit"}:
            text = words.take(f"{word} value required")
            table.limit = c_number(text) if word == "limit" and text.isdecimal() else table.limit
        elif word in {"locked", "missing", "or-flush"}:
            flags.add(word)
        else:
            raise Refused(f"ambiguous option {word}", USAGE)
    if table.kind not in KINDS:
        raise Refused(f"Unknown tabletype: {table.kind}", USAGE)
    table.is_locked = "locked" in flags
    old = ipfw.table(name)
    if old is None:
        kernel.add_table(ipfw, table)
    elif "missing" not in flags:
        raise Refused("Table creation failed: File exists", OSERR)
    else:
        _keep(old, table, flags)


def _keep(old: Table, table: Table, flags: set[str]) -> None:
    if old.kind != table.kind:
        raise Refused("The existing table type is not compatible with one you are creating.", DATAERR)
    if "or-flush" in flags:
        old.entries.clear()


def _destroy(session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    chosen = [table.name for table in ipfw.tables] if name == "all" else [name]
    for each in chosen:
        text = f"failed to destroy table {each}"
        table = ipfw.table(each)
        if table is None:
            if not session.is_quiet:
                session.warn(f"{text}: {MISSING}")
        elif _references(ipfw, each):
            raise Refused(f"{text}: Device busy", OSERR)
        else:
            ipfw.tables.remove(table)


def _references(ipfw: Ipfw, name: str) -> int:
    return sum(name in kernel.tables_of(rule) for rule in ipfw.rules)


def _flush(session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    if name != "all" and ipfw.table(name) is None:
        if not session.is_quiet:
            session.warn(f"failed to flush table {name} info: {MISSING}")
        return
    for table in ipfw.tables if name == "all" else [_table(ipfw, name)]:
        table.entries.clear()


def _swap(_session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    other = words.take("second table name required")
    one, two = (_table(ipfw, each, "Unable to swap table") for each in (name, other))
    if (one.kind, one.valtype) != (two.kind, two.valtype):
        raise Refused("Unable to swap table: check types", USAGE)
    if one.limit != two.limit:
        raise Refused("Unable to swap table: check limits", USAGE)
    one.entries, two.entries = two.entries, one.entries


def _lock(_session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    _table(ipfw, name, f"failed to lock table {name}").is_locked = True


def _unlock(_session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    _table(ipfw, name, f"failed to unlock table {name}").is_locked = False


def _modify(_session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = _table(ipfw, name, "table modification failed")
    if words.take("table modify needs option") == "limit" and words.next.isdecimal():
        table.limit = c_number(words.take())


def _list(session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    for table in ipfw.tables if name == "all" else [_table(ipfw, name)]:
        if name == "all":
            session.say(_head(table))
        for entry in sorted(table.entries, key=lambda item: order(table.kind, item.key)):
            session.say(f"{entry.key} {entry.value}")


def _head(table: Table) -> str:
    return f"--- table({table.name}), set(0) ---"


def order(kind: str, key: str) -> tuple[object, ...]:
    """Give the place of a key in the kernel's order: IPv4 before IPv6, by number; names as they are."""
    if kind == "addr":
        network = ipaddress.ip_network(key)
        return network.version, int(network.network_address), network.prefixlen
    return (int(key),) if kind == "number" else (key,)


def _info(session: Session, ipfw: Ipfw, name: str, _words: Words) -> None:
    for table in ipfw.tables if name == "all" else [_table(ipfw, name)]:
        count = len(table.entries)
        locked = ", locked" if table.is_locked else ""
        session.say(_head(table))
        session.say(f" kindex: {table.index}, type: {table.kind}{locked}")
        session.say(f" references: {_references(ipfw, table.name)}, valtype: {table.valtype}")
        session.say(f" algorithm: {KINDS[table.kind]}")
        session.say(f" items: {count}, size: {HEAD_BYTES + ENTRY_BYTES * count}")
        if table.limit:
            session.say(f" limit: {table.limit}")


def _lookup(session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = _table(ipfw, name)
    wanted = key(table.kind, words.take("address required"), words)
    found = next((entry for entry in table.entries if entry.key == wanted), None)
    if found is None and table.kind == "addr":
        found = _covering(table, wanted)
    if found is None:
        raise Refused("Entry not found", UNAVAILABLE)
    session.say(f"{found.key} {found.value}")


def _covering(table: Table, wanted: str) -> Entry | None:
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


def _value(text: str) -> str:
    """Read a value: a number, or an IPv4 address, which is one."""
    if text.isdecimal():
        return str(int(text))
    try:
        return str(int(ipaddress.IPv4Address(text)))
    except ValueError:
        raise Refused(f"Unable to parse value {text}", OSERR) from None


def _add(session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = ipfw.table(name) or Table(name)
    pairs = []
    while words:
        entry = Entry(key(table.kind, words.take(), words))
        if words:
            entry.value = _value(words.take())
        pairs.append(entry)
    if not pairs:
        raise Refused("address required", USAGE)
    if table not in ipfw.tables:
        if not session.is_quiet:
            session.warn(f"DEPRECATED: inserting data into non-existent table {name}. (auto-created)")
        kernel.add_table(ipfw, table)
    if table.is_locked:
        raise Refused("Adding record failed: table is locked", OSERR)
    _report(session, [_put(session, table, entry) for entry in pairs], "Adding")


def _put(session: Session, table: Table, entry: Entry) -> tuple[str, Entry]:
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


def _delete(session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = ipfw.table(name)
    if table is None:
        raise Refused("Deleting record failed: table not found", OSERR)
    if table.is_locked:
        raise Refused("Deleting record failed: table is locked", OSERR)
    done = []
    for text in words:
        wanted = key(table.kind, text, words)
        old = next((item for item in table.entries if item.key == wanted), None)
        if old:
            table.entries.remove(old)
        done.append(("deleted", old) if old else ("notfound", Entry(wanted)))
    _report(session, done, "Deleting")


FAULTS = {"exists": "record already exists", "notfound": "record not found", "limit": "limit hit"}


def _report(session: Session, done: list[tuple[str, Entry]], doing: str) -> None:
    """Say what came of each key; with -q only of what is worse than a key that was there or was not."""
    fault = next((FAULTS[word] for word, _entry in done if word in FAULTS), "")
    if session.is_quiet and fault != "limit hit":
        return
    for word, entry in done:
        session.say(f"{word}: {entry.key} {entry.value}")
    if fault:
        raise Refused(f"{doing} record failed: {fault}", OSERR)


ACTIONS: dict[str, Callable[[Session, Ipfw, str, Words], None]] = {
    "create": _create,
    "destroy": _destroy,
    "flush": _flush,
    "swap": _swap,
    "lock": _lock,
    "unlock": _unlock,
    "modify": _modify,
    "list": _list,
    "info": _info,
    "detail": _info,
    "lookup": _lookup,
    "add": _add,
    "delete": _delete,
}
