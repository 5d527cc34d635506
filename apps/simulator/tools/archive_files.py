"""gzip -t, link(1) and unlink(1), as far as archives need them.

Source: gzip(1), link(1) (ln), unlink(1) (rm); reference ezjail.md §11.
"""

from __future__ import annotations

import gzip
import zlib

from apps.simulator.call import Call
from apps.simulator.tools.registry import tool


@tool("/usr/bin/gzip")
async def test_gzip(call: Call) -> int:
    """Play gzip -t FILE; nothing else."""
    if len(call.args) != 2 or call.args[0] != "-t":
        return await call.fail("usage: gzip [-t] [<file> [<file> ...]]")
    path = call.args[1]
    try:
        gzip.decompress(call.machine.files.read_bytes(path))
    except EOFError:
        return await call.fail(f"gzip: {path}: unexpected end of file\ngzip: {path}: uncompress failed")
    except (gzip.BadGzipFile, zlib.error):
        return await call.fail(f"gzip: input not gziped (MAGIC1)\ngzip: {path}: uncompress failed")
    except OSError as error:
        return await call.fail(f"gzip: can't stat: {path}: {error.strerror}")
    return 0


@tool("/bin/link")
async def link(call: Call) -> int:
    """Play link FILE NAME: a second name, unless there is one already."""
    if len(call.args) != 2:
        return await call.fail("usage: link source_file target_file")
    source, target = call.args
    files = call.machine.files
    if not files.is_file(source):
        return await call.fail(f"link: {source}: No such file or directory")
    if files.lexists(target):
        return await call.fail(f"link: {target}: File exists")
    files.link(source, target)
    return 0


@tool("/bin/unlink")
async def unlink(call: Call) -> int:
    """Play unlink FILE."""
    if len(call.args) != 1:
        return await call.fail("usage: unlink [--] file")
    path = call.args[0]
    if not call.machine.files.lexists(path):
        return await call.fail(f"unlink: {path}: No such file or directory")
    if call.machine.files.is_dir(path):
        return await call.fail(f"unlink: {path}: is a directory")
    call.machine.files.remove(path)
    return 0
