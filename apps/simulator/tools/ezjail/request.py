"""What a `create` was asked for, and every check that it makes before it touches anything.

Source: reference ezjail.md §7, checks 1 to 15; captures/ezjail.json (create-…).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator.rcscript import safe
from apps.simulator.tools.ezjail.image import IMAGES
from apps.simulator.tools.ezjail.jailfile import NORUN, hostname_of
from apps.simulator.tools.ezjail.session import CONTROL, RESERVED, Exit
from apps.simulator.tools.ezjail.zfs import check_pool

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

LETTERS = "xbikf:r:s:c:C:a:A:z:"
UNITS = {"b": 512, "k": 1024, "m": 1024**2, "g": 1024**3, "w": 4}
_SIZE = re.compile(r"(\d+)([bkmgw]?)(?:x(\d+)([bkmgw]?))?", re.IGNORECASE)


@dataclass(slots=True)
class Request:
    """A create that was read and checked.

    Attributes:
        name: as given.
        ip: as given; nobody looks at it (§7: no validation).
        rootdir: absolute.
        imagetype: empty, "simple", "bde", "eli" or "zfs".
        flavours: to be applied, in order.
        exists: -x, only register what is there.
        archive: fill from this file; empty for the template.
        header_from: take the comments of this old file (internal, restore).
        size_bytes: of an image, or a quota; 0 when none was given.
        size: as it was written.
        image_args: -C.
        blocking: -b.
        parent: dataset that the jail's is made in.
        keep: -k, keep the snapshot.
        link: symbolic link to a root outside of the jail directory; empty for none.
    """

    name: str
    ip: str
    rootdir: str = ""
    imagetype: str = ""
    flavours: tuple[str, ...] = ()
    exists: bool = False
    archive: str = ""
    header_from: str = ""
    size_bytes: int = 0
    size: str = ""
    image_args: str = ""
    blocking: bool = False
    parent: str = ""
    keep: bool = False
    link: str = ""

    @property
    def safe_name(self) -> str:
        """The name in files and in the kernel."""
        return safe(self.name)

    @property
    def hostname(self) -> str:
        """The name without "/" and "~"."""
        return hostname_of(self.name)

    @property
    def dataset(self) -> str:
        """Of a jail with its own."""
        return f"{self.parent}/{self.hostname}"


async def read(session: Session, words: list[str]) -> Request:
    """Read and check a create, in the order of the table.

    Raises:
        Exit: with the text of the first check that does not hold.
    """
    options, operands = session.options("create", LETTERS, words)
    if len(operands) != 2 or not all(operands):
        raise session.usage("create")
    request = _request(session, options, operands)
    if request.imagetype and request.imagetype != "zfs" and not request.exists and "s" not in options:
        raise Exit("Error: Image jails need an image size.")
    if request.imagetype == "zfs":
        await check_pool(session)
    elif request.imagetype not in {"", *IMAGES}:
        raise session.usage("create")
    if request.size:
        request.size_bytes = await _size(session, request.size)
    _check_place(session, request)
    _check_content(session, request, options)
    await _control_folder(session)
    return request


def _request(session: Session, options: dict[str, str], operands: list[str]) -> Request:
    """Put the options together; an own parent dataset means a dataset of its own."""
    kind = options.get("c", "") or ("simple" if "i" in options else "")
    if "z" in options or (not kind and session.on("use_zfs_for_jails")):
        kind = "zfs"
    flavours = options.get("f", "")
    if not flavours and not {"x", "a"} & set(options):
        flavours = session.get("default_flavour")
    request = Request(operands[0], operands[1], imagetype=kind, flavours=tuple(flavours.split()))
    request.exists, request.blocking, request.keep = "x" in options, "b" in options, "k" in options
    request.archive, request.header_from = options.get("a", ""), options.get("A", "")
    request.size, request.image_args = options.get("s", ""), options.get("C", "")
    request.parent = options.get("z", "") or (session.get("jailzfs") if kind == "zfs" else "")
    request.rootdir = options.get("r", "") or f"{session.jaildir}/{request.hostname}"
    if not request.rootdir.startswith("/"):
        request.rootdir = f"{session.jaildir}/{request.rootdir}"
    return request


async def _size(session: Session, text: str) -> int:
    """Read a size: a number, a unit, and a product of two of them."""
    match = _SIZE.fullmatch(text)
    if match:
        number = int(match[1]) * UNITS.get(match[2].lower(), 1)
        if match[3]:
            number *= int(match[3]) * UNITS.get(match[4].lower(), 1)
        if number > 0:
            return number
    await session.complain("[: -gt: unexpected operator")  # sh's complaint about bc's empty answer [inferred]
    raise Exit(f"Error: The image size you specified is somehow incomprehensible (you specified {text}).")


def _check_place(session: Session, request: Request) -> None:
    """Make checks 6 to 10, and find the link that a root outside needs."""
    files, hostname, config = session.files, request.hostname, f"{CONTROL}/{request.safe_name}"
    if not files.is_dir(session.get("jailbase")):
        raise Exit(
            "Error: base jail does not exist.\n"
            "  Please run 'ezjail-admin install' or 'ezjail-admin update' first."
        )
    if not session.jaildir.startswith("/"):
        raise Exit(
            f"Error: Need an absolute path in ezjail_jaildir.\n  It is currently set to: {session.jaildir}."
        )
    if hostname in RESERVED:
        raise Exit(
            f"Error: Cannot name the jail {hostname}.\n  ezjail needs the {hostname} directory for its own "
            "administrative purposes.\n  Please rename the ezjail."
        )
    if files.lexists(config) or files.lexists(config + NORUN):
        raise Exit(
            f"Error: An ezjail config already exists at {config}.\n  This can happen because ezjail converts "
            "non alphanumeric characters in jail names to '_'.\n  Please rename the ezjail."
        )
    root = request.rootdir
    if files.exists(root) and not files.is_empty_dir(root) and not request.exists:
        raise Exit(
            f"Error: A file or a non empty directory already exists at the specified jail root {root}.\n"
            "  Maybe you want to 'ezjail-admin create -x' an existing jail?\n"
            "  Please specify another jail root with the -r switch."
        )
    if not root.startswith(session.jaildir):
        request.link = _free_link(session, f"{session.jaildir}/{root.rstrip('/').rpartition('/')[2]}")


def _free_link(session: Session, path: str) -> str:
    """Give a link's name that is free, with a suffix when it must be."""
    if not session.files.lexists(path):
        return path
    return next(
        f"{path}.{number:06d}" for number in range(10**6) if not session.files.lexists(f"{path}.{number:06d}")
    )


def _check_content(session: Session, request: Request, options: dict[str, str]) -> None:
    """Make checks 11 to 14."""
    folder = session.get("flavours_dir")
    for flavour in () if request.exists else request.flavours:
        if not session.files.is_dir(f"{folder}/{flavour}"):
            raise Exit(
                f"Error: Flavour config directory {folder}/{flavour} not found.\n"
                "  Refer to ezjail-admins man page for details on flavours."
            )
    if request.archive and request.exists:
        raise Exit(
            "Error: You can not restore an archive over an existing jail.\n"
            f"  'ezjail-admin delete -w {request.name}' the old version first."
        )
    if request.archive and options.get("f"):
        raise Exit("Error: Cannot apply flavours to a jail being restored.")
    if request.archive not in {"", "-"} and not session.files.is_file(request.archive):
        raise Exit(f"Error: No archive found at {request.archive}.")


async def _control_folder(session: Session) -> None:
    """Make check 15: the folder of the jails' files."""
    try:
        session.files.mkdir(CONTROL, parents=True)
    except OSError as error:
        await session.complain(f"mkdir: {CONTROL}: {error.strerror}")
        raise Exit(f"Error: ezjail can not create its control directory {CONTROL}.") from None
