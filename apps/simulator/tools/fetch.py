"""fetch(1): get files over the network.

Source: reference ezjail.md §6.1, §12 (the complaints); the line at the end of a file: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.mirrors import Fetched, NotFetched, get
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: fetch [-146AadFlMmnPpqRrsUv] [-B bytes] [--bind-address=host] [-i file]
       [-o file] [-T seconds] [-w seconds] [--user-agent=agent-string] URL ..."""
RATE_KB = 40_000
STEPS = 10


@tool("/usr/bin/fetch")
async def fetch(call: Call) -> int:
    """Play fetch [-qr] [-o FILE|FOLDER|-] URL…."""
    words = [word for word in call.args if not word.startswith("--")]
    try:
        found, urls = getopt(words, "146AaB:dFi:lMmN:no:PpqRrS:sT:Uvw:")
    except BadOption as bad:
        return await call.fail(f"{bad.text('fetch')}\n{USAGE}")
    options = dict(found)
    if not urls:
        return await call.fail(USAGE)
    statuses = [await _one(call, options, url) for url in urls]
    return max(statuses)


async def _one(call: Call, options: dict[str, str], url: str) -> int:
    try:
        fetched = await get(call.machine, url)
    except NotFetched as error:
        return await call.fail(f"fetch: {url}: {error}")
    name = url.rpartition("/")[2] or "fetch.out"
    target = options.get("o", name)
    if target == "-":
        await _transfer(call, options, name, fetched)
        await call.sink_out(fetched.data)
        return 0
    path = target if target.startswith("/") else f"{call.cwd.rstrip('/')}/{target}"
    if call.machine.files.is_dir(path):
        path = f"{path}/{name}"
    try:
        await _into(call, options, (path, name), fetched)
    except OSError as error:
        return await call.fail(f"fetch: {target}: open(): {error.strerror}")
    return 0


async def _into(call: Call, options: dict[str, str], place: tuple[str, str], fetched: Fetched) -> None:
    """Write what comes: with -r behind whatever is there already, and so that what is cut short stays."""
    files, data, (path, name) = call.machine.files, fetched.data, place
    if "r" not in options:
        await _transfer(call, options, name, fetched)
        files.write_bytes(path, data)
        return
    have = files.read_bytes(path) if files.is_file(path) else b""
    whole = have + data[len(have) :]
    files.write_bytes(path, whole[: max(len(have), len(whole) // 2)])
    missing = (len(whole) - len(have)) / len(data) if data else 0
    await _transfer(call, options, name, Fetched(data, int(fetched.size_kb * missing)))
    files.write_bytes(path, whole)


async def _transfer(call: Call, options: dict[str, str], name: str, fetched: Fetched) -> None:
    """Take the time that the file takes; at a terminal the line grows, else it stands at the end."""
    seconds = fetched.size_kb / RATE_KB
    megabytes = fetched.size_kb // 1024
    for step in range(1, STEPS + 1):
        await call.pause(seconds / STEPS)
        if call.stdin_tty and "q" not in options:
            left = seconds * (STEPS - step) / STEPS
            shown = f"{name:30.30} {step * 100 // STEPS:3}% of {megabytes:4} MB {RATE_KB // 1024:4} MBps"
            await call.err(f"\r{shown} {left:02.0f}s")
    if "q" in options:
        return
    if call.stdin_tty:
        await call.err("\n")
    else:
        size = f"{megabytes} MB" if megabytes else f"{len(fetched.data)}  B"
        await call.err(f"{name:48.48} {size:>9} {RATE_KB // 1024:4} MBps    {seconds:02.0f}s\n")
