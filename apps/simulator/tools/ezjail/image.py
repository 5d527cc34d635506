"""Jails in image files: memory discs, their links, their mounts.

Encrypted images (eli) ask for passphrases on a terminal, as geli does; what is kept of one is its checksum,
in the image. The simulator does not play gbde, and says so where the real command would ask.

Source: reference ezjail.md §3.5, §7.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from apps.simulator.state import Mount
from apps.simulator.tools.ezjail.session import Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.jailfile import EzJail
    from apps.simulator.tools.ezjail.session import Session

IMAGES = ("simple", "bde", "eli")
_METADATA = "GEOM::ELI"
NO_TERMINAL = "geli: Missing -p flag or no terminal to ask for a passphrase."  # [inferred]


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
    if not session.files.is_file(jail.image):
        await session.complain(f"mdconfig: {jail.image}: No such file or directory")
        raise Exit("Error: Could not attach memory disc.")
    device = new_device(session)
    if jail.imagetype in {"bde", "eli"}:
        await session.say(f"Attaching {jail.imagetype} device for image jail {jail.safe_name}...")
        if not await unlock(session, jail.imagetype, jail.image, device):
            raise Exit(f"Error: Attaching {jail.imagetype} device failed.")
        device += f".{jail.imagetype}"
    if not session.files.is_dir(jail.rootdir):
        raise Exit(f"Error: Could not mount {device} to {jail.rootdir}.")
    mount(session, device, jail.rootdir)
    return device


async def ask(session: Session, prompt: str) -> str | None:
    """Ask at the terminal as readpassphrase(3) does: nothing is echoed but the end of the line.

    Returns:
        What was typed, or None where there is no terminal or nobody at it.
    """
    if not session.call.stdin_tty:
        await session.complain(NO_TERMINAL)
        return None
    await session.call.out(prompt)
    typed = await session.call.read()
    await session.call.out("\n")
    return typed.decode("utf-8", "surrogateescape").removesuffix("\n")


async def encrypt(session: Session, path: str) -> bool:
    """Play geli init: a new passphrase, twice; two that differ are asked for again."""
    while True:
        first = await ask(session, "Enter new passphrase: ")
        if not first:
            return False
        if first == await ask(session, "Reenter new passphrase: "):
            break
        await session.say("They didn't match.")
    salt = secrets.token_hex(8)
    session.files.write_text(path, f"{_METADATA} {salt} {_sum(salt, first)}\n")
    return True


async def unlock(session: Session, imagetype: str, path: str, device: str) -> bool:
    """Play geli attach: the passphrase that the image was made with."""
    if imagetype == "bde":
        await session.complain("simulator: gbde is not played")
        return False
    typed = await ask(session, "Enter passphrase: ")
    if typed is None:
        return False
    _, salt, known = session.files.read_text(path).split()
    if _sum(salt, typed) != known:
        await session.complain(f"geli: Wrong key for {device.removeprefix('/dev/')}.")
        return False
    return True


def _sum(salt: str, passphrase: str) -> str:
    return hashlib.sha256(f"{salt}{passphrase}".encode("utf-8", "surrogateescape")).hexdigest()


def new_device(session: Session) -> str:
    """Give the next free memory disc."""
    used = {mount.device.removesuffix(".eli") for mount in session.machine.kernel.mounts}
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
