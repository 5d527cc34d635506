"""Turn a whole world into a basejail and a template: the second half of `install` and `update -b/-i`.

Source: reference ezjail.md §5, §6.2; captures/ezjail.json (install, tree-after-install).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.simulator import pool, world
from apps.simulator.tools.ezjail.copying import cpio
from apps.simulator.tools.ezjail.session import EXAMPLES, Exit
from apps.simulator.tools.ezjail.zfs import zfs

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

COPY_SECONDS = 3.5
PORTS = "usr/ports"


def moved_directories(session: Session) -> list[str]:
    """List the directories that go into the basejail."""
    return [*world.MOVED, *(["usr/lib32"] if session.machine.spec.arch == "amd64" else [])]


async def split(session: Session) -> None:
    """Fill the basejail from fulljail and make the template of what is left.

    Raises:
        Exit: a directory could not be copied; both stay as they are then.
    """
    full, base, files = session.get("jailfull"), session.get("jailbase"), session.files
    if session.on("use_zfs"):
        await _snapshot_base(session)
    if not files.is_dir(full):
        raise Exit("Error: Cant access temporary Jail directory.")
    files.mkdir(f"{base}/usr", parents=True)
    directories = moved_directories(session)
    for name in directories:
        await _move(session, full, base, name, COPY_SECONDS / len(directories))
    files.mkdir(f"{full}/basejail")
    await _replace_template(session, full)
    await _finish_template(session)


async def _move(session: Session, full: str, base: str, name: str, seconds: float) -> None:
    """Copy one directory over, then put a link in its place."""
    files = session.files
    if not await cpio(session, full, name, base, seconds):
        raise Exit(f"Error: Installation of {name} failed.")
    if files.lexists(f"{full}/{name}"):
        files.remove_tree(f"{full}/{name}")
    else:
        await session.complain(f"chflags: {name}: No such file or directory")
        await session.complain(f"rm: {name}: No such file or directory")
    files.symlink(f"/basejail/{name}", f"{full}/{name}")


async def _snapshot_base(session: Session) -> None:
    """Make the basejail's dataset (an existing one is complained of) and keep what it was."""
    dataset = f"{session.get('jailzfs')}/basejail"
    stamp = time.strftime("%Y%m%d_%H:%M:%S", time.gmtime(session.machine.now()))
    await zfs(session, lambda: pool.create(session.machine, dataset))
    await zfs(session, lambda: pool.snapshot(session.machine, f"{dataset}@{stamp}"))


async def _replace_template(session: Session, full: str) -> None:
    """Put the new template in the old one's place; between the two steps there is none."""
    template, jailzfs, machine = session.get("jailtemplate"), session.get("jailzfs"), session.machine
    if session.on("use_zfs"):
        if machine.kernel.dataset(f"{jailzfs}/newjail"):
            await zfs(session, lambda: pool.destroy(machine, f"{jailzfs}/newjail", recursive=True))
        await zfs(session, lambda: pool.rename(machine, f"{jailzfs}/fulljail", f"{jailzfs}/newjail"))
        return
    session.files.remove_tree(template)
    await session.call.pause(0.2)
    session.files.rename(full, template)


async def _finish_template(session: Session) -> None:
    """Refresh the example flavour and add what a template lacks."""
    files, template, base = session.files, session.get("jailtemplate"), session.get("jailbase")
    example, flavours = f"{EXAMPLES}/example", session.get("flavours_dir")
    if files.is_dir(example):
        files.mkdir(flavours, parents=True)
        files.copy_tree(example, f"{flavours}/example")
    if not files.lexists(f"{template}/{PORTS}"):
        files.symlink(f"/basejail/{PORTS}", f"{template}/{PORTS}")
    if files.is_file(f"{example}/etc/make.conf") and not files.is_file(f"{template}/etc/make.conf"):
        files.copy_entry(f"{example}/etc/make.conf", f"{template}/etc/make.conf")
        for name in ("packages", "distfiles"):
            files.mkdir(f"{template}/var/ports/{name}", parents=True)
        await session.say(
            "Note: a non-standard /etc/make.conf was copied to the template jail in order to get the ports "
            "collection running inside jails."
        )
    perl = f"{base}/usr/bin/perl"
    if session.get("uglyperlhack") and not files.lexists(perl):
        files.symlink("/usr/local/bin/perl", perl)
