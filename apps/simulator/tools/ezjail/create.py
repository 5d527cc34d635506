"""`ezjail-admin create`: fill a jail's root and register it.

Source: reference ezjail.md §5, §7; captures/ezjail.json (create-…, file-…, fstab-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.tools.ezjail import archives, image, warnings
from apps.simulator.tools.ezjail.copying import cpio
from apps.simulator.tools.ezjail.flavours import apply_flavours
from apps.simulator.tools.ezjail.jailfile import HEADER, text_of
from apps.simulator.tools.ezjail.request import Request, read
from apps.simulator.tools.ezjail.session import CONTROL, MOUNT_DEFAULTS, Exit
from apps.simulator.tools.ezjail.zfs import SNAPSHOT, read_properties, zfs

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

CHECK_SECONDS = 0.2
COPY_SECONDS = 2.0
IMAGE_SECONDS_PER_GIB = 8.0
EXTRAS = ("zfs_datasets", "cpuset", "fib", "parameters", "post_start_script", "retention_policy")


async def create(session: Session, words: list[str]) -> None:
    """Create a jail, or with -x register one that is there."""
    request = await read(session, words)
    await session.call.pause(CHECK_SECONDS)
    device = await _make_root(session, request)
    if not request.exists:
        await _fill(session, request)
    if request.link:
        session.files.symlink(request.rootdir, request.link)
    await register(session, request)
    if not request.exists:
        await apply_flavours(session, request.rootdir, request.flavours)
    if device:
        image.detach(session, request.rootdir)
        await session.say(
            "Note: To administrate your image jail, attach it using the 'ezjail-admin config -i attach "
            f"{request.hostname}' command."
        )
    await warnings.check_addresses(session, request.ip)


async def _make_root(session: Session, request: Request) -> str:
    """Make the root: a directory, a dataset or a mounted image; give the image's device."""
    files, root = session.files, request.rootdir
    if request.imagetype == "zfs":
        await _make_dataset(session, request)
    elif request.imagetype:
        return await _make_image(session, request)
    elif not request.exists:
        try:
            files.mkdir(root, parents=True)
        except OSError as error:
            await session.complain(f"mkdir: {root}: {error.strerror}")
            raise Exit(f"Error: Could not create jail root mount point {root}.") from None
    return ""


async def _make_dataset(session: Session, request: Request) -> None:
    """Make checks 20 to 22 and the dataset; whether zfs create worked is not asked (§7)."""
    machine, root = session.machine, request.rootdir
    if machine.kernel.dataset(request.parent) is None:
        raise Exit(
            "Error: The parent zfs dataset does not exist.\n"
            f"  Use 'zfs create -p {request.parent}' to create it."
        )
    if request.exists:
        if machine.kernel.dataset(request.dataset) is None:
            raise Exit("Error: The existing destination is not a ZFS filesystem.")
        return
    if session.files.is_dir(f"{session.jaildir}/{request.hostname}"):
        raise Exit(f"Error: Could not create jail root mount point {root}")
    properties = {"mountpoint": root, **read_properties(session.get("zfs_jail_properties"))}
    if request.size_bytes:
        properties["quota"] = str(request.size_bytes)
    await zfs(session, lambda: pool.create(machine, request.dataset, properties))


async def _make_image(session: Session, request: Request) -> str:
    """Make checks 16 to 24, the image file and its file system."""
    files, root = session.files, request.rootdir.rstrip("/")
    if not root:
        raise Exit(
            "Error: Could not determine image file name.\n"
            f"  Something is wrong with the jail root: {request.rootdir}."
        )
    path = f"{root}.img"
    if request.exists:
        return ""
    if files.lexists(path):
        raise Exit(f"Error: A file exists at {path}.\n  Won't overwrite an existing image.")
    await session.say(f"Creating jail image {path}. This may take a while.")
    try:
        files.write_text(path, "")
    except OSError:
        raise Exit(
            "Error: Could not (or not fully) create the image file.\n"
            f"  You might want to check (and possibly remove) the file {path}.\n"
            f"  The image size provided was {request.size}."
        ) from None
    await session.call.pause(IMAGE_SECONDS_PER_GIB * request.size_bytes / 1024**3)
    device = image.new_device(session)
    if request.imagetype != "simple":
        await _encrypt(session, request, path, device)
        device += f".{request.imagetype}"
    files.mkdir(root, parents=True)
    image.mount(session, device, root)
    return device


async def _encrypt(session: Session, request: Request, path: str, device: str) -> None:
    """Have geli ask for a new passphrase, and then for it once more."""
    await session.call.out(
        "Initialising crypto device. You will be asked to enter a new passphrase twice... "
    )
    if request.imagetype == "bde" or not await image.encrypt(session, path):
        raise Exit("Error: Could not initialise crypto image.")
    await session.call.out("Attaching crypto device. You will be asked to enter the new passphrase... ")
    if not await image.unlock(session, request.imagetype, path, device):
        raise Exit("Error: Could not attach crypto image.")


async def _fill(session: Session, request: Request) -> None:
    """Copy the template or an archive into the new root."""
    root = request.rootdir
    if request.archive:
        if not await archives.extract(session, request.archive, root):
            raise Exit(f"Error: Could not extract archive from {request.archive}.")
    elif request.imagetype == "zfs" and session.on("use_zfs"):
        await _clone_template(session, request)
        if not session.files.is_dir(root):
            raise Exit("Error: Could not copy template jail.")
    elif not await _copy_template(session, root):
        raise Exit("Error: Could not copy template jail.")


async def _copy_template(session: Session, root: str) -> bool:
    template = session.get("jailtemplate")
    if not session.files.is_dir(template):
        await session.complain(f"cd: {template}: No such file or directory")
        return False
    return await cpio(session, template, ".", root, COPY_SECONDS)


async def _clone_template(session: Session, request: Request) -> None:
    """Send the template's snapshot into the jail's dataset.

    All creates share the snapshot's one name, so two at a time disturb each other, and one that
    was left behind makes the next jail of an old template (§11). Nobody asks whether it worked.
    """
    machine, template = session.machine, f"{session.get('jailzfs')}/newjail@{SNAPSHOT}"
    mine = f"{request.dataset}@{SNAPSHOT}"
    await zfs(session, lambda: pool.snapshot(machine, template))
    await session.call.pause(COPY_SECONDS / 2)
    await zfs(session, lambda: pool.send_receive(machine, template, request.dataset))
    await zfs(session, lambda: pool.destroy(machine, template))
    if not request.keep:
        await zfs(session, lambda: pool.destroy(machine, mine))


async def register(session: Session, request: Request) -> None:
    """Write the jail's fstab and its file, each in place."""
    root, base = request.rootdir, session.get("jailbase")
    lines = [f"{base} {root}/basejail nullfs ro 0 0\n"]
    path = f"{root.rstrip('/')}.img" if request.imagetype in image.IMAGES else ""
    if path:
        lines.insert(0, f"{root.rstrip('/')}.device {root} ufs rw 0 0\n")
    await session.write(f"/etc/fstab.{request.safe_name}", "".join(lines))
    await session.call.pause(0.05)
    values = {
        "hostname": request.hostname,
        "ip": request.ip,
        "rootdir": root,
        "image": path,
        "imagetype": request.imagetype,
        "attachblocking": "YES" if request.imagetype in {"bde", "eli"} and not request.image_args else "",
        "forceblocking": "YES" if request.blocking else "",
        "parentzfs": request.parent if request.imagetype == "zfs" else "",
    }
    settings = (*MOUNT_DEFAULTS, "devfs_ruleset", "exec_start", "exec_stop", *EXTRAS)
    values.update({name: session.get(name) for name in settings})
    header = _header(session, request)
    await session.write(f"{CONTROL}/{request.safe_name}", text_of(request.safe_name, values, header))


def _header(session: Session, request: Request) -> str:
    """Take the comments of an old file over, or the ordinary ones."""
    if not request.header_from:
        return HEADER
    old = session.files.read_text(request.header_from)
    return "".join(line for line in old.splitlines(keepends=True) if line.startswith("#")) or HEADER
