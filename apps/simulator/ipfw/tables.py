"""ipfw's commands about tables.

Source: sbin/ipfw/tables.c; reference ipfw §9; captures/ipfw.json. What neither shows is inferred.
"""

from __future__ import annotations

from collections.abc import Callable

from apps.simulator.ipfw import entries, kernel
from apps.simulator.ipfw.model import Entry, Ipfw, Table
from apps.simulator.ipfw.refused import DATAERR, OSERR, UNAVAILABLE, USAGE, Refused
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
        for entry in sorted(table.entries, key=lambda item: entries.order(table.kind, item.key)):
            session.say(f"{entry.key} {entry.value}")


def _head(table: Table) -> str:
    return f"--- table({table.name}), set(0) ---"


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
    wanted = entries.key(table.kind, words.take("address required"), words)
    found = next((entry for entry in table.entries if entry.key == wanted), None)
    if found is None and table.kind == "addr":
        found = entries.covering(table, wanted)
    if found is None:
        raise Refused("Entry not found", UNAVAILABLE)
    session.say(f"{found.key} {found.value}")


def _add(session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = ipfw.table(name) or Table(name)
    pairs = []
    while words:
        entry = Entry(entries.key(table.kind, words.take(), words))
        if words:
            entry.value = entries.value(words.take())
        pairs.append(entry)
    if not pairs:
        raise Refused("address required", USAGE)
    if table not in ipfw.tables:
        if not session.is_quiet:
            session.warn(f"DEPRECATED: inserting data into non-existent table {name}. (auto-created)")
        kernel.add_table(ipfw, table)
    if table.is_locked:
        raise Refused("Adding record failed: table is locked", OSERR)
    entries.report(session, [entries.put(session, table, entry) for entry in pairs], "Adding")


def _delete(session: Session, ipfw: Ipfw, name: str, words: Words) -> None:
    table = ipfw.table(name)
    if table is None:
        raise Refused("Deleting record failed: table not found", OSERR)
    if table.is_locked:
        raise Refused("Deleting record failed: table is locked", OSERR)
    done = []
    for text in words:
        wanted = entries.key(table.kind, text, words)
        old = next((item for item in table.entries if item.key == wanted), None)
        if old:
            table.entries.remove(old)
        done.append(("deleted", old) if old else ("notfound", Entry(wanted)))
    entries.report(session, done, "Deleting")


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
