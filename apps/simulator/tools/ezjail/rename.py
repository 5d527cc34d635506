"""The rename of `ezjail-admin config -n`, which moves the root before it checks the new name.

Source: reference ezjail.md §3.5 (Rename, Hazard); captures/ezjail.json (config-rename, file-renamed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.rcscript import safe
from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.jailfile import NORUN, EzJail, hostname_of
from apps.simulator.tools.ezjail.session import CONTROL, RESERVED, Exit
from apps.simulator.tools.ezjail.zfs import zfs

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session


async def rename(session: Session, jail: EzJail, new: str) -> str:
    """Rename all but the jail's own file, and change its values.

    Returns:
        The new safe name.

    Raises:
        Exit: a check failed; the root may have been moved by then, with the old file still in place.
    """
    device = image.attached_device(session, jail)
    if device:
        raise Exit(
            f"Error: Jail image file {jail.image} is attached as {device}.\n"
            f"  'ezjail-admin config -i detach {jail.name}' it first."
        )
    hostname, safe_name, old_root, old_dataset = hostname_of(new), safe(new), jail.rootdir, jail.dataset
    new_root = _move_root(session, jail, hostname)
    _check_name(session, hostname, safe_name)
    await _rename_image(session, jail, old_root, new_root, new)
    jail.values.update(hostname=hostname, rootdir=new_root)
    if jail.zfs:
        await _rename_dataset(session, jail, old_dataset, old_root)
    await _replace_fstab(session, jail, safe_name)
    await session.say(
        f"Jail has been renamed. You might want to check {CONTROL}/{safe_name} and /etc/fstab.{safe_name} to "
        "ensure everything has gone smoothly.\n"
        "Also check settings in your Jail's /etc/ directory (especially /etc/rc.conf)."
    )
    return safe_name


def _move_root(session: Session, jail: EzJail, hostname: str) -> str:
    """Move a root that stands where create puts it; give where it is then."""
    if jail.rootdir != f"{session.jaildir}/{jail.hostname}":
        return jail.rootdir
    new_root = f"{session.jaildir}/{hostname}"
    if session.files.lexists(new_root):
        raise Exit(f"Error: An object already exists at {new_root}, cant rename.")
    if not jail.zfs and session.files.lexists(jail.rootdir):
        session.files.rename(jail.rootdir, new_root)
    return new_root


def _check_name(session: Session, hostname: str, safe_name: str) -> None:
    """Check the new name: too late, as the root is where it says by now."""
    if hostname in RESERVED:
        raise Exit(
            f"Error: ezjail needs the {hostname} directory for its own administrative purposes.\n"
            "  Please chose another name."
        )
    path = f"{CONTROL}/{safe_name}"
    if session.files.lexists(path) or session.files.lexists(path + NORUN):
        raise Exit(f"Error: An ezjail config already exists at {path}.\n  Please chose another name.")


async def _rename_image(session: Session, jail: EzJail, old_root: str, new_root: str, new: str) -> None:
    if not image.is_image(jail) or old_root == new_root:
        return
    if jail.image != f"{old_root}.img":
        await session.say(
            f"Warning: Image file for jail {new} remains {jail.image}, as it was not auto generated"
        )
        return
    place = f"{new_root}.img"
    if session.files.lexists(place):
        raise Exit(f"Error: An object already exists at {place}, cant rename image.")
    session.files.rename(jail.image, place)
    jail.values["image"] = place


async def _rename_dataset(session: Session, jail: EzJail, old_dataset: str, old_root: str) -> None:
    machine = session.machine
    await zfs(session, lambda: pool.rename(machine, old_dataset, jail.dataset))
    await zfs(session, lambda: pool.set_mountpoint(machine, jail.dataset, jail.rootdir))
    if old_root != jail.rootdir and session.files.is_empty_dir(old_root):
        session.files.rmdir(old_root)


async def _replace_fstab(session: Session, jail: EzJail, safe_name: str) -> None:
    """Write a fresh fstab: what the administrator had added to the old one is lost."""
    session.files.remove(f"/etc/fstab.{jail.safe_name}")
    root = jail.rootdir
    lines = [f"{root}.device {root} ufs rw 0 0\n"] if image.is_image(jail) else []
    lines.append(f"{session.get('jailbase')} {root}/basejail nullfs ro 0 0\n")
    await session.write(f"/etc/fstab.{safe_name}", "".join(lines))
