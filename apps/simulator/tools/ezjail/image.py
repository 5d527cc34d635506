"""Jails in image files: memory discs, their links, their mounts.

Encrypted images (bde, eli) ask for passphrases on a terminal; the simulator does not play gbde and
geli, and says so where the real commands would ask.

Source: reference ezjail.md §3.5, §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.state import Mount
from apps.simulator.tools.ezjail.session import Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.jailfile import EzJail
    from apps.simulator.tools.ezjail.session import Session

IMAGES = ("simple", "bde", "eli")
_TYPE_WORDS = {"bde": "gbde", "eli": "geli"}


def is_image(jail: EzJail) -> bool:
    """Tell whether a jail lives in an image file."""
    return jail.imagetype in IMAGES and bool(jail.image)


def attached_device(session: Session, jail: EzJail) -> str:
    """Give the device of an attached image; a link left over from before a reboot is removed.

    The side effect on `<root>.device` is ezjail's own (reference §2, last anomaly).
    """
    link = f"{jail.rootdir}.device"
    if not is_image(jail) or not session.files.is_link(link):
        return ""
    device = session.files.readlink(link)
    if any(mount.device == device and mount.point == jail.rootdir for mount in session.machine.kernel.mounts):
        return device
    session.files.remove(link)
    return ""


async def attach(session: Session, jail: EzJail) -> str:
    """Attach an image and mount it on the jail's root.

    Returns:
        The device.

    Raises:
        Exit: it cannot be attached.
    """
    if jail.imagetype in _TYPE_WORDS:
        await session.say(f"Attaching {jail.imagetype} device for image jail {jail.safe_name}...")
        await session.complain(f"simulator: {_TYPE_WORDS[jail.imagetype]} is not played")
        raise Exit(f"Error: Attaching {jail.imagetype} device failed.")
    if not session.files.is_file(jail.image):
        await session.complain(f"mdconfig: {jail.image}: No such file or directory")
        raise Exit("Error: Could not attach memory disc.")
    device = new_device(session)
    if not session.files.is_dir(jail.rootdir):
        raise Exit(f"Error: Could not mount {device} to {jail.rootdir}.")
    mount(session, device, jail.rootdir)
    return device


def new_device(session: Session) -> str:
    """Give the next free memory disc."""
    used = {mount.device for mount in session.machine.kernel.mounts}
    return next(f"/dev/md{unit}" for unit in range(1024) if f"/dev/md{unit}" not in used)


def mount(session: Session, device: str, rootdir: str) -> None:
    """Mount an attached image's file system and set the link that remembers it."""
    session.machine.mount(Mount(device, rootdir, "ufs"))
    session.files.remove(f"{rootdir}.device")
    session.files.symlink(device, f"{rootdir}.device")


def detach(session: Session, rootdir: str) -> None:
    """Unmount an image and give its device back."""
    found = [item for item in session.machine.kernel.mounts if item.point == rootdir and item.fstype == "ufs"]
    for item in found:
        session.machine.unmount(item)
    session.files.remove(f"{rootdir}.device")
