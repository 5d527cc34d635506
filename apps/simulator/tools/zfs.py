"""zfs(8) and zpool(8), as far as ezjail and a probe use them.

Source: reference jail-tools.md §9.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import datasets, pool
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.simulator.call import Call

USAGE = "usage: zfs command args ...\nwhere 'command' is one of the following:\n"
NOT_LOADED = "The ZFS modules are not loaded.\nTry running '/sbin/kldload zfs' as root to load them."
COLUMNS = ("name", "used", "avail", "refer", "mountpoint")
POOL_COLUMNS = ("name", "size", "alloc", "free", "cap", "dedup", "health", "altroot")


@tool("/sbin/zfs")
async def zfs(call: Call) -> int:
    """Play zfs."""
    verbs: dict[str, Callable[[Call, list[str]], Awaitable[int]]] = {
        "list": _list,
        "get": _get,
        "set": _set,
        "create": _create,
        "destroy": _destroy,
        "snapshot": _snapshot,
        "snap": _snapshot,
        "rename": _rename,
        "rollback": _rollback,
        "jail": _jail,
        "unjail": _jail,
    }
    if "zfs" not in call.machine.kernel.modules:
        return await call.fail(NOT_LOADED)
    if not call.args or call.args[0] not in verbs:
        head = f"unrecognized command '{call.args[0]}'\n" if call.args else "missing command\n"
        return await call.fail(head + USAGE + "\n".join(f"\t{verb}" for verb in sorted(verbs)), 2)
    try:
        return await verbs[call.args[0]](call, list(call.args[1:]))
    except pool.ZfsError as error:
        return await call.fail(str(error))
    except BadOption as bad:
        fault = "missing argument for" if bad.missing else "invalid option"
        return await call.fail(f"{fault} '{bad.option}'\nusage:", 2)


async def _list(call: Call, words: list[str]) -> int:
    """Play zfs list -H -p -r -t -o -s -d."""
    found, operands = getopt(words, "d:Ho:prs:t:")
    options = dict(found)
    kinds = options.get("t", "filesystem").replace("all", "filesystem,snapshot").split(",")
    rows = datasets.chosen(call.machine, operands, kinds, recursive="r" in options or not operands)
    columns = options.get("o", ",".join(COLUMNS)).split(",")
    unknown = [name for name in columns if name not in datasets.PROPERTIES]
    if unknown:
        return await call.fail(f"bad property list: invalid property '{unknown[0]}'", 2)
    cells = [[datasets.value(row, name, exact="p" in options) for name in columns] for row in rows]
    if not rows and "H" not in options:
        return 0 if await call.fail("no datasets available", 0) == 0 else 1
    await call.out(datasets.table(columns, cells, plain="H" in options))
    return 0


async def _get(call: Call, words: list[str]) -> int:
    """Play zfs get -H -p -r -s -o: a row for each property of each dataset."""
    found, operands = getopt(words, "d:Ho:prs:t:")
    options = dict(found)
    if not operands:
        return await call.fail("missing property=value argument\nusage:", 2)
    names = datasets.asked(operands[0])
    kinds = options.get("t", "filesystem,snapshot").split(",")
    rows = datasets.chosen(call.machine, operands[1:], kinds, recursive="r" in options or not operands[1:])
    columns = options.get("o", "name,property,value,source").split(",")
    cells = []
    for row in rows:
        for name in names:
            known = datasets.row_value(row, name, exact="p" in options)
            if "s" not in options or known["source"].split(" ")[0] in options["s"].split(","):
                cells.append([known[column] for column in columns])
    await call.out(datasets.table(columns, cells, plain="H" in options))
    return 0


async def _set(call: Call, words: list[str]) -> int:
    name, _, value = words[0].partition("=")
    for target in words[1:]:
        if name == "mountpoint":
            pool.set_mountpoint(call.machine, target, value)
        else:
            pool.find(call.machine, target).properties[name] = value
            call.machine.touch()
    return 0


async def _create(call: Call, words: list[str]) -> int:
    """Play zfs create -p -o."""
    found, operands = getopt(words, "o:pu")
    properties = dict(value.split("=", 1) for letter, value in found if letter == "o" and "=" in value)
    if len(operands) != 1:
        return await call.fail("missing filesystem argument\nusage:", 2)
    parents = any(letter == "p" for letter, _value in found)
    pool.create(call.machine, operands[0], properties, parents=parents)
    return 0


async def _destroy(call: Call, words: list[str]) -> int:
    """Play zfs destroy -f -n -p -r -R -v with its refusals."""
    found, operands = getopt(words, "dfnprRv")
    letters = {letter for letter, _value in found}
    if len(operands) != 1:
        return await call.fail("missing dataset argument\nusage:", 2)
    name, recursive = operands[0], bool({"r", "R"} & letters)
    if "/" not in name and "@" not in name and not recursive:
        return await call.fail(
            f"cannot destroy '{name}': operation does not apply to pools\n"
            f"use 'zfs destroy -r {name}' to destroy all datasets in the pool\n"
            f"use 'zpool destroy {name}' to destroy the pool itself"
        )
    if "n" in letters:
        return await _dry(call, name, letters)
    if "@" in name and recursive:
        pool.destroy_snapshots(call.machine, name)
        return 0
    pool.destroy(call.machine, name, recursive=recursive)
    return 0


async def _dry(call: Call, name: str, letters: set[str]) -> int:
    snapshot = "@" in name
    if snapshot and pool.find_snapshot(call.machine, name) is None:
        raise pool.ZfsError("could not find any snapshots to destroy; check snapshot names.")
    if not snapshot:
        pool.find(call.machine, name)
    if "p" in letters:
        await call.out(f"destroy\t{name}\n" + ("reclaim\t12288\n" if snapshot else ""))
    elif "v" in letters:
        await call.out(f"would destroy {name}\n" + ("would reclaim 12K\n" if snapshot else ""))
    return 0


async def _snapshot(call: Call, words: list[str]) -> int:
    """Play zfs snapshot -r."""
    found, operands = getopt(words, "o:r")
    for name in operands:
        holder, _, label = name.partition("@")
        if not label:
            return await call.fail("missing snapshot argument\nusage:", 2)
        pool.find(call.machine, holder, "open")
        below = pool.children(call.machine, holder) if found and found[0][0] == "r" else []
        for target in [holder, *(item.name for item in below)]:
            pool.snapshot(call.machine, f"{target}@{label}")
    return 0


async def _rename(call: Call, words: list[str]) -> int:
    _found, operands = getopt(words, "fpru")
    pool.rename(call.machine, operands[0], operands[1])
    return 0


async def _rollback(call: Call, words: list[str]) -> int:
    """Play zfs rollback -r: to the newest snapshot, or past newer ones, which go."""
    found, operands = getopt(words, "frR")
    if len(operands) != 1 or "@" not in operands[0]:
        return await call.fail("missing dataset argument\nusage:", 2)
    further = bool({"r", "R"} & {letter for letter, _value in found})
    pool.rollback(call.machine, operands[0], further=further)
    return 0


async def _jail(call: Call, words: list[str]) -> int:
    """Play zfs jail and unjail: the dataset must be meant for jails."""
    if call.machine.kernel.jail(words[0]) is None:
        return await call.fail(f'jail "{words[0]}" not found')
    if pool.find(call.machine, words[1]).properties.get("jailed", "off") != "on":
        return await call.fail(f"cannot jail '{words[1]}': 'jailed' property must be set to 'on'")
    return 0


@tool("/sbin/zpool")
async def zpool(call: Call) -> int:
    """Play zpool list -H -p -o, get and status -x."""
    if "zfs" not in call.machine.kernel.modules:
        return await call.fail(NOT_LOADED)
    verb, words = (call.args[0] if call.args else ""), list(call.args[1:])
    name = call.machine.spec.pool
    try:
        if verb == "list":
            return await _pools(call, words)
        if verb == "status":
            await call.out("all pools are healthy\n" if name else "no pools available\n")
            return 0
        if verb == "get":
            return await _pool_get(call, words)
    except BadOption as bad:
        return await call.fail(f"invalid option '{bad.option}'\nusage:", 2)
    return await call.fail(f"unrecognized command '{verb}'\nusage: zpool command args ...", 2)


async def _pools(call: Call, words: list[str]) -> int:
    found, operands = getopt(words, "gHLo:PpT:v")
    options = dict(found)
    name = call.machine.spec.pool
    for wanted in operands:
        if wanted != name:
            return await call.fail(f"cannot open '{wanted}': no such pool")
    columns = options.get("o", ",".join(POOL_COLUMNS)).split(",")
    values = datasets.pool_values(call.machine, exact="p" in options)
    unknown = [column for column in columns if column not in values]
    if unknown:
        return await call.fail(f"bad property list: invalid property '{unknown[0]}'", 2)
    if not name:
        await call.out("" if "H" in options else "no pools available\n")
        return 0
    cells = [[values[column] for column in columns]]
    await call.out(datasets.table(columns, cells, plain="H" in options))
    return 0


async def _pool_get(call: Call, words: list[str]) -> int:
    found, operands = getopt(words, "Ho:p")
    options = dict(found)
    values = datasets.pool_values(call.machine, exact="p" in options)
    names = list(values)[1:] if operands[:1] == ["all"] else operands[0].split(",")
    columns = options.get("o", "name,property,value,source").split(",")
    rows = [
        {"name": call.machine.spec.pool, "property": name, "value": values.get(name, "-"), "source": "-"}
        for name in names
    ]
    await call.out(
        datasets.table(columns, [[row[column] for column in columns] for row in rows], plain="H" in options)
    )
    return 0
