"""portsnap(8), which FreeBSD has up to 13: a ports tree of a few folders.

Source: reference ezjail.md §6.4, §9 (gone in 14); its texts: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = """usage: portsnap [options] command ... [path]

Options:
  -d workdir   -- Store working files in workdir
  -p portsdir  -- Location of uncompressed ports tree
Commands:
  fetch        -- Fetch a compressed snapshot of the ports tree
  cron         -- Sleep rand(3600) seconds, and then fetch
  extract      -- Extract the whole tree
  update       -- Update ports tree to match current snapshot"""
MARK = "/var/db/portsnap/tag"
FETCH_SECONDS, EXTRACT_SECONDS = 3.0, 3.0
STEPS = (
    "Fetching public key from ipv4.aws.portsnap.freebsd.org...",
    "Fetching snapshot tag from ipv4.aws.portsnap.freebsd.org...",
    "Fetching snapshot metadata...",
    "Extracting snapshot...",
    "Verifying snapshot integrity...",
)
FOLDERS = (
    "Mk",
    "Templates",
    "databases",
    "devel",
    "ftp",
    "lang",
    "net",
    "ports-mgmt/pkg",
    "shells",
    "www/nginx",
)
FILES = ("CHANGES", "GIDs", "INDEX-13", "Makefile", "MOVED", "UIDs", "UPDATING", "Mk/bsd.port.mk")


@tool("/usr/sbin/portsnap")
async def portsnap(call: Call) -> int:
    """Play portsnap; like freebsd-update it fetches only for someone at a terminal."""
    words = [word for word in call.args if word != "--interactive"]
    try:
        found, verbs = getopt(words, "d:f:k:l:p:s:")
    except BadOption as bad:
        return await call.fail(f"{bad.text('portsnap')}\n{USAGE}")
    place = dict(found).get("p", "/usr/ports")
    for verb in verbs or [""]:
        if verb in {"fetch", "cron"}:
            status = await _fetch(call, verb)
        elif verb in {"extract", "update"}:
            status = await _extract(call, verb, place)
        else:
            status = await call.fail(USAGE)
        if status:
            return status
    return 0


async def _fetch(call: Call, verb: str) -> int:
    if verb == "fetch" and not call.stdin_tty and "--interactive" not in call.args:
        await call.out("portsnap fetch should not be run non-interactively.\nRun portsnap cron instead.\n")
        return 1
    if call.machine.faults.fetch_fails:
        await call.out("Looking up portsnap.FreeBSD.org mirrors... none found.\n")
        await call.out("Fetching public key from portsnap.FreeBSD.org... failed.\n")
        await call.out("No mirrors remaining, giving up.\n")
        return 1
    await call.out("Looking up portsnap.FreeBSD.org mirrors... 4 mirrors found.\n")
    for step in STEPS:
        await call.out(step)
        await call.pause(FETCH_SECONDS / len(STEPS))
        await call.out(" done.\n")
    call.files.mkdir(MARK.rpartition("/")[0], parents=True)
    call.files.write_text(MARK, f"{int(call.machine.now())}\n")
    return 0


async def _extract(call: Call, verb: str, place: str) -> int:
    """Unpack the tree, or bring one that was unpacked up to date."""
    files = call.files
    if not files.is_file(MARK):
        return await call.fail(f"portsnap: no snapshot: run 'portsnap fetch' before 'portsnap {verb}'")
    if verb == "update" and not files.is_file(f"{place}/Makefile"):
        await call.out(
            f"{place} was not created by portsnap.\nYou must run 'portsnap extract' before running "
            "'portsnap update'.\n"
        )
        return 1
    for name in FOLDERS:
        files.mkdir(f"{place}/{name}", parents=True)
        await call.out(f"{place}/{name}/\n")
        await call.pause(EXTRACT_SECONDS / len(FOLDERS))
    for name in FILES:
        files.write_text(f"{place}/{name}", "")
        await call.out(f"{place}/{name}\n")
    await call.out("Building new INDEX files... done.\n")
    return 0
