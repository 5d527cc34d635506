"""sha256(1) and tar(1), as far as distribution sets need them.

Source: md5(1) (-c: status 2 and “[ Failed ]” where the file is another); tar(1); what tar says of a damaged
file: inferred, as in ezjail's own unpacking.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from apps.simulator import world
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools import flavour_tar
from apps.simulator.tools.ezjail.install import extract
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = "usage: sha256 [-pqrtx] [-c string] [-s string] [file ...]"
UNPACK_SECONDS_EACH = 0.003


@tool("/sbin/sha256")
async def sha256(call: Call) -> int:
    """Play sha256 [-q] [-c STRING] FILE…."""
    try:
        found, paths = getopt(call.args, "c:pqrs:tx")
    except BadOption as bad:
        return await call.fail(f"{bad.text('sha256')}\n{USAGE}")
    options, status = dict(found), 0
    for path in paths:
        try:
            digest = hashlib.sha256(call.machine.files.read_bytes(path)).hexdigest()
        except OSError as error:
            status = max(status, await call.fail(f"sha256: {path}: {error.strerror}"))
            continue
        failed = "c" in options and options["c"] != digest
        mark = " [ Failed ]" if failed and "q" not in options else ""
        await call.out(f"{digest}\n" if "q" in options else f"SHA256 ({path}) = {digest}{mark}\n")
        status = 2 if failed else status
    return status


@tool("/usr/bin/tar")
async def tar(call: Call) -> int:
    """Play tar -xf SET -C FOLDER, of simulated sets; and of directories, with a name at the end."""
    try:
        found, operands = getopt(call.args, "C:cf:Jpvx")
    except BadOption as bad:
        return await call.fail(f"tar: {bad.text('tar')}")
    options = dict(found)
    if len(operands) == 1 and "f" in options and "C" in options:
        play = flavour_tar.pack if "c" in options else flavour_tar.unpack
        return await play(call, options["f"], options["C"], operands[0])
    if "x" not in options or "f" not in options or operands:
        return await call.fail("tar: the simulator plays `tar -xf FILE -C FOLDER` only", 64)
    return await _unpack(call, options["f"], options.get("C", call.cwd))


async def _unpack(call: Call, path: str, folder: str) -> int:
    files = call.machine.files
    if not files.is_file(path):
        return await call.fail(f"tar: Error opening archive: Failed to open '{path}'")
    if not files.is_dir(folder):
        return await call.fail(f"tar: could not chdir to '{folder}'")
    found = world.read_set(files.read_text(path))
    if found is None:
        return await call.fail("tar: Error opening archive: Unrecognized archive format")
    for at, entry in enumerate(world.set_entries(found.name, found.release, found.rc_conf)):
        try:
            extract(files, entry, folder)
        except OSError as error:
            return await call.fail(
                f"{entry.path}: Can't create: {error.strerror}\ntar: Error exit delayed from previous errors."
            )
        if at % 20 == 0:
            await call.pause(UNPACK_SECONDS_EACH * 20)
    return 0
