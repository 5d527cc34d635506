"""`ezjail-admin delete`.

Source: reference ezjail.md §1.2; captures/ezjail.json (delete-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.jailfile import EzJail, load
from apps.simulator.tools.ezjail.session import CONTROL, RC_SCRIPT, Exit
from apps.simulator.tools.ezjail.zfs import check_pool

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

RETRY_SECONDS = 5.0
WIPE_SECONDS = 0.4


async def delete(session: Session, words: list[str]) -> None:
    """Remove a jail's files; with -w what it holds, too; with -f while it runs."""
    options, operands = session.options("delete", "wf", words)
    if len(operands) != 1 or not operands[0]:
        raise session.usage("delete")
    jail, force = load(session, operands[0]), "f" in options
    if not jail.config:
        raise Exit(f"Error: Nothing known about jail {jail.name}.")
    if jail.zfs:
        await check_pool(session)
    await _stop(session, jail, force=force)
    _detach(session, jail, force=force)
    for path in (f"{CONTROL}/{jail.safe_name}", f"{CONTROL}/{jail.safe_name}.norun"):
        session.files.remove(path)
    session.files.remove(f"/etc/fstab.{jail.safe_name}")
    link = f"{session.jaildir}/{jail.rootdir.rstrip('/').rpartition('/')[2]}"
    if session.files.is_link(link):
        session.files.remove(link)
    await session.call.pause(0.1)
    if "w" in options:
        await _wipe(session, jail, force=force)


async def _stop(session: Session, jail: EzJail, *, force: bool) -> None:
    """Stop a running jail, or refuse; a norun jail is skipped by the script and goes on running (§0.3)."""
    if not jail.jid:
        return
    name = jail.name
    if not force:
        raise Exit(
            "Error: Jail appears to be still running.\n"
            f"  'ezjail-admin stop {name}' it first or use 'ezjail-admin delete -f {name}' to force stop."
        )
    await session.call.run((RC_SCRIPT, "onestop", name))
    if not jail.norun and load(session, name).jid:
        raise Exit(f"Error: Could not onestop {name}.\n  You need to onestop it by hand.")


def _detach(session: Session, jail: EzJail, *, force: bool) -> None:
    device = image.attached_device(session, jail)
    if not device:
        return
    if not force:
        raise Exit(
            f"Error: Jail image file {jail.image} is attached as {device}.\n"
            f"  'ezjail-admin config -i detach {jail.name}' it first, "
            f"or use 'ezjail-admin delete -f {jail.name}' to force detach."
        )
    image.detach(session, jail.rootdir)


async def _wipe(session: Session, jail: EzJail, *, force: bool) -> None:
    """Remove what the jail holds, by its kind; what rm says is not asked."""
    if jail.imagetype in image.IMAGES:
        session.files.remove(jail.image)
        session.files.remove(f"{jail.image.removesuffix('.img')}.device")
    await session.call.pause(WIPE_SECONDS / 2)
    if jail.zfs:  # all or nothing; what is left for rm is an empty mount point
        await _destroy(session, jail, force=force)
    elif jail.rootdir and session.files.is_dir(jail.rootdir):
        await _remove_slowly(session, jail.rootdir)
    if jail.rootdir:
        session.files.remove_tree(jail.rootdir)


async def _remove_slowly(session: Session, root: str) -> None:
    """Remove a directory tree as rm does, bit by bit: whoever is killed leaves the rest (§11)."""
    mounted = session.machine.kernel.mounted_under
    names = [name for name in session.files.names(root) if not mounted(f"{root}/{name}")]
    for name in names:
        session.files.remove_tree(f"{root}/{name}")
        await session.call.pause(WIPE_SECONDS / 2 / len(names))


async def _destroy(session: Session, jail: EzJail, *, force: bool) -> None:
    """Destroy the jail's dataset; the jail's files are gone already when this fails."""
    if await _try_destroy(session, jail):
        return
    what = f"Could not destroy file system {jail.dataset} for jail {jail.name}."
    if not force:
        raise Exit(f"Error: {what}")
    await session.say(f"Warning: {what}\n  Sleeping 5 seconds before retrying forcefully.")
    await session.call.pause(RETRY_SECONDS)
    for mounted in reversed(session.machine.kernel.mounted_under(jail.rootdir)):
        if mounted.fstype != "zfs":
            session.machine.unmount(mounted)
    if not await _try_destroy(session, jail):
        raise Exit("Error: Failed to destroy file system.")
    await session.say("Success.")


async def _try_destroy(session: Session, jail: EzJail) -> bool:
    try:
        pool.destroy(session.machine, jail.dataset, recursive=True)
    except pool.ZfsError as error:
        await session.complain(str(error))
        return False
    return True
