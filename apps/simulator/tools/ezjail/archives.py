"""`ezjail-admin archive`, and the reading of what it writes.

Source: reference ezjail.md §8.1; captures/ezjail.json (archive-…, archives).
"""

from __future__ import annotations

import gzip
import re
import stat
import time
import zlib
from typing import TYPE_CHECKING

from apps.simulator.cpio import Damaged, Member, pack, unpack
from apps.simulator.files import Files
from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.jailfile import NORUN, EzJail, load, ordered
from apps.simulator.tools.ezjail.session import Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

ARCHIVE_SECONDS = 1.5
PROP, FSTAB, TREE = "prop.ezjail-", "fstab.ezjail", "ezjail"


async def archive(session: Session, words: list[str]) -> None:
    """Archive jails; a jail that cannot be is a warning, and the status stays 0."""
    options, names = session.options("archive", "Aa:d:f", words)
    every = "A" in options
    if not names and not every:
        raise session.usage("archive")
    folder = options.get("d") or session.get("archivedir")
    try:
        session.files.mkdir(folder, parents=True)
    except OSError:
        raise Exit(f"Error: Can not create archive directory {folder}.") from None
    if "a" in options and (every or len(names) > 1):
        raise Exit(
            "Error: Must not specify an archive location for multiple archives.\n"
            "  Can not archive multiple jails into one archive."
        )
    if every and names:
        raise Exit(
            "Error: Must not specify an ezjail to backup with -A.\n"
            "  Please use either 'ezjail-admin archive -A' or 'ezjail-admin archive <args>'."
        )
    for name in [item.removesuffix(NORUN) for item in ordered(session).names] if every else names:
        await _archive_one(session, name, folder, options)


async def _archive_one(session: Session, name: str, folder: str, options: dict[str, str]) -> None:
    jail = load(session, name)
    if not jail.config:
        raise Exit(f"Error: Nothing known about jail {name}.")
    if jail.jid and "f" not in options:
        await session.say(
            f"Warning: Jail {name} appears to be still running.\n"
            f"  Stop it first, or use 'ezjail-admin archive -f {name}' to force archiving."
        )
        return
    attached = not image.is_image(jail) or bool(image.attached_device(session, jail))
    if not attached and jail.imagetype != "simple":
        await session.say(
            f"Warning: Jail {name} is an image jail and can not be attached automatically.\n"
            f"  Use 'ezjail-admin config -i attach {name}' to attach it first."
        )
        return
    if not attached:
        await image.attach(session, jail)
    if not session.files.is_dir(jail.rootdir):
        raise Exit("Error: Can't cd to .")
    await _write(session, jail, folder, options.get("a", ""))
    if not attached:
        image.detach(session, jail.rootdir)


async def _write(session: Session, jail: EzJail, folder: str, wanted: str) -> None:
    """Write the archive under its last name, bit by bit, so that a broken one is left when it is killed."""
    stamp = time.strftime("%Y%m%d%H%M.%S", time.gmtime(session.machine.now()))
    data = gzip.compress(pack(_members(session, jail, stamp)), 1, mtime=0)
    if wanted == "-":
        await session.call.sink_out(data)
        return
    path = _place(folder, wanted or f"{jail.safe_name}-{stamp}")
    try:
        session.files.write_bytes(path, data[: len(data) // 2], 0o644)
        await session.call.pause(ARCHIVE_SECONDS)
        session.files.write_bytes(path, data, 0o644)
    except OSError as error:
        await session.complain(f"pax: Failed write to archive volume: {error.strerror}")
        text = f"Warning: Archiving jail {jail.name} was not completely successful."
        await session.call.out(
            text + "\\n  Please refer to the output above for problems the archiving tool encountered."
        )
        await session.say(f"{text} For a running jail this is not unusual.")


def _place(folder: str, wanted: str) -> str:
    name = wanted if wanted.endswith((".tar.gz", ".tgz")) else f"{wanted}.tar.gz"
    return name if name.startswith("/") else f"{folder}/{name}"


def _members(session: Session, jail: EzJail, stamp: str) -> list[Member]:
    """Collect the members: the jail's file under a telling name, its fstab, its tree on one file system."""
    files, machine = session.files, session.machine
    words = (machine.hostname, machine.spec.release, machine.spec.arch)
    about = "-".join(re.sub(r"[^A-Za-z0-9.]", "_", word) for word in words)
    suffix = NORUN if jail.norun else ""
    mode = stat.S_IFREG | 0o644
    found = [Member(f"{PROP}{jail.safe_name}-{stamp}-{about}{suffix}", mode, files.read_bytes(jail.config))]
    fstab = f"/etc/fstab.{jail.safe_name}"
    if files.is_file(fstab):
        found.append(Member(FSTAB, mode, files.read_bytes(fstab)))
    mounted = [
        item.point for item in machine.kernel.mounted_under(jail.rootdir) if item.point != jail.rootdir
    ]
    for below in ("", *files.walk(jail.rootdir)):
        path = f"{jail.rootdir}/{below}".rstrip("/")
        if not any(path.startswith(f"{point}/") for point in mounted):
            found.append(_member(files, path, f"{TREE}/{below}".rstrip("/")))
    return found


def _member(files: Files, path: str, name: str) -> Member:
    mode = files.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return Member(name, mode, files.readlink(path).encode("utf-8", "surrogateescape"))
    return Member(name, mode, b"" if stat.S_ISDIR(mode) else files.read_bytes(path))


def read_members(files: Files, path: str) -> list[Member] | None:
    """Read an archive; None when it is none or was cut short."""
    try:
        return unpack(gzip.decompress(files.read_bytes(path)))
    except (OSError, EOFError, zlib.error, Damaged, ValueError):
        return None


async def extract(session: Session, path: str, root: str) -> bool:
    """Unpack an archive's tree into a root; "-" reads standard input. False when that fails."""
    if path == "-":
        place = session.files.make_temporary("/tmp/ezjail.stdin")  # noqa: S108 - a simulated host's
        session.files.write_bytes(place, await session.call.stdin())
        members = read_members(session.files, place)
        session.files.remove(place)
    else:
        members = read_members(session.files, path)
    await session.call.pause(ARCHIVE_SECONDS)
    if members is None:
        await session.complain("pax: End of archive volume 1 reached")
        return False
    session.files.mkdir(root, parents=True)
    for member in members:
        if member.path.startswith(f"{TREE}/"):
            _put(session.files, member, f"{root}/{member.path.removeprefix(f'{TREE}/')}")
    return True


def _put(files: Files, member: Member, place: str) -> None:
    if stat.S_ISLNK(member.mode):
        files.symlink(member.data.decode("utf-8", "surrogateescape"), place)
    elif stat.S_ISDIR(member.mode):
        files.mkdir(place, stat.S_IMODE(member.mode), parents=True)
    else:
        files.write_bytes(place, member.data, stat.S_IMODE(member.mode))
