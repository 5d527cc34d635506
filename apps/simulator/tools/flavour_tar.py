"""tar(1) of a directory: -cf FILE -C FOLDER NAME, and -xf FILE -C FOLDER NAME.

Source: tar(1): -C changes directory first; operands with -x are the only entries that are taken.
"""

from __future__ import annotations

import io
import stat
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.files import Files


async def pack(call: Call, file: str, folder: str, name: str) -> int:
    """Write FOLDER/NAME to FILE."""
    files = call.machine.files
    if not files.is_dir(folder):
        return await call.fail(f"tar: could not chdir to '{folder}'")
    if not files.lexists(f"{folder}/{name}"):
        return await call.fail(
            f"tar: {name}: Cannot stat: No such file or directory\ntar: Error exit delayed."
        )
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path in ("", *sorted(files.walk(f"{folder}/{name}"))):
            _add(archive, files, f"{folder}/{name}/{path}".rstrip("/"), f"{name}/{path}".rstrip("/"))
    try:
        files.write_bytes(file, data.getvalue(), 0o644)
    except OSError as error:
        return await call.fail(f"tar: Failed to open '{file}': {error.strerror}")
    return 0


def _add(archive: tarfile.TarFile, files: Files, path: str, name: str) -> None:
    entry, state = tarfile.TarInfo(name), files.lstat(path)
    entry.mode, entry.mtime = stat.S_IMODE(state.st_mode), int(state.st_mtime)
    if files.is_link(path):
        entry.type, entry.linkname = tarfile.SYMTYPE, files.readlink(path)
        archive.addfile(entry)
    elif files.is_dir(path):
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    else:
        content = files.read_bytes(path)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


async def unpack(call: Call, file: str, folder: str, name: str) -> int:
    """Take NAME and what is below it out of FILE."""
    files = call.machine.files
    if not files.is_file(file):
        return await call.fail(f"tar: Error opening archive: Failed to open '{file}'")
    if not files.is_dir(folder):
        return await call.fail(f"tar: could not chdir to '{folder}'")
    try:
        with tarfile.open(fileobj=io.BytesIO(files.read_bytes(file))) as archive:
            wanted = [item for item in archive if item.name == name or item.name.startswith(f"{name}/")]
            for item in wanted:
                _take(archive, files, item, f"{folder}/{item.name}")
    except tarfile.TarError:
        return await call.fail("tar: Error opening archive: Unrecognized archive format")
    except OSError as error:
        return await call.fail(f"tar: Error exit delayed from previous errors: {error.strerror}")
    if not wanted:
        return await call.fail(f"tar: {name}: Not found in archive\ntar: Error exit delayed.")
    return 0


def _take(archive: tarfile.TarFile, files: Files, item: tarfile.TarInfo, path: str) -> None:
    if item.isdir():
        files.mkdir(path, item.mode, parents=True)
    elif item.issym():
        files.symlink(item.linkname, path)
    else:
        content = archive.extractfile(item)
        files.write_bytes(path, content.read() if content else b"", item.mode)
