"""`ezjail-admin restore`.

Source: reference ezjail.md §8.2, §0.8; captures/ezjail.json (restore…).
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from apps.simulator import shellvars
from apps.simulator.rcscript import safe
from apps.simulator.tools.ezjail.archives import PROP, read_members
from apps.simulator.tools.ezjail.session import ADMIN, Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

NAME = re.compile(r"prop\.ezjail-(\w+)-(\d{12}\.\d\d)-(.+)-([^-]+)-([^-]+)")
NEEDED = ("hostname", "ip", "rootdir")


async def restore(session: Session, words: list[str]) -> None:
    """Restore jails from their archives, one after the other."""
    options, names = session.options("restore", "d:f", words)
    if not names:
        raise session.usage("restore")
    folder = options.get("d") or session.get("archivedir")
    for name in names:
        await _restore(session, _find(session, folder, name), force="f" in options)


def _find(session: Session, folder: str, name: str) -> str:
    """Find the archive: a path, a name in the folder, or a jail's newest (any that begins so)."""
    files = session.files
    if name.startswith("/"):
        if not files.is_file(name):
            raise Exit(f"Error: Archive {name} not found.")
        return name
    if files.is_file(f"{folder}/{name}"):
        return f"{folder}/{name}"
    wanted = safe(name)
    names = files.names(folder) if files.is_dir(folder) else []
    found = [f"{folder}/{item}" for item in names if item.startswith(wanted)]
    if not found:
        raise Exit(f"Error: No archive for pattern {wanted} can be found.")
    return max(found, key=lambda path: (files.lstat(path).st_mtime_ns, path))


async def _restore(session: Session, path: str, *, force: bool) -> None:
    """Check an archive and create the jail again; most of its settings are lost on the way (§0.8)."""
    text = _check(session, path, force=force)
    place = session.files.make_temporary("/tmp/ezjail.prop")  # noqa: S108 - a simulated host's
    session.files.write_text(place, text, 0o600)
    values = {
        key.split("_", 1)[1]: value for key, value in shellvars.parse(text).items() if key.startswith("jail_")
    }
    found = {name: next((values[key] for key in values if key.endswith(f"_{name}")), "") for name in NEEDED}
    kind = next((values[key] for key in values if key.endswith("_imagetype")), "")
    if not all(found.values()):
        raise Exit(
            "Error: Archive does not contain a valid ezjail properties file.\n"
            "  Some jails properties are missing."
        )
    argv = [ADMIN, "create", "-a", path, "-A", place, *(("-c", kind) if kind else ())]
    argv += ["-r", found["rootdir"], found["hostname"], found["ip"]]
    if await session.call.run(tuple(argv)):
        raise Exit("Error: Create failed.")
    session.files.remove(place)


def _check(session: Session, path: str, *, force: bool) -> str:
    """Make the checks; give the text of the jail's old file."""
    state, files = session.files.lstat(path), session.files
    if state.st_uid != os.geteuid():  # the simulator's own user is the host's root
        raise Exit(
            f"Error: Insecure ownership of archive {path}.\n"
            "  Please check the file and chown it to root if you trust its source."
        )
    if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Exit(
            f"Error: Insecure permissions for archive {path}.\n"
            "  Please check the file and fix permission (chmod og-w) if you trust its source."
        )
    members = read_members(files, path) or []
    prop = next((member for member in members if member.path.startswith(PROP)), None)
    match = NAME.fullmatch(prop.path) if prop else None
    if prop is None or match is None:
        raise Exit(f"Error: File {path} is not an ezjail archive.")
    if not path.rpartition("/")[2].startswith(match[1]):
        raise Exit(f"Error: Archive name {path} does not match archived jail {match[1]}.")
    if not force:
        _check_origin(session, path, match[3], match[5])
    return prop.data.decode("utf-8", "surrogateescape")


def _check_origin(session: Session, path: str, host: str, cpu: str) -> None:
    """Compare host and CPU; a norun jail's archive has the CPU "amd64.norun" and never fits (§8.2)."""
    hint = (
        f"  Consider using 'ezjail-admin create -a {path}' when migrating ezjails, or "
        f"'ezjail-admin restore -f {path}' to force restore."
    )
    if host != re.sub(r"[^A-Za-z0-9.]", "_", session.machine.hostname):
        raise Exit(f"Error: Archive was created on host named {host}.\n{hint}")
    if cpu != session.machine.spec.arch:
        raise Exit(f"Error: Archive was created on a different CPU. Can not restore.\n{hint}")
