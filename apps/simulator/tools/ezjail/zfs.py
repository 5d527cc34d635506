"""What ezjail-admin asks of ZFS before it uses it, and how it calls it.

Source: reference ezjail.md §6.3, §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.tools.ezjail.session import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.tools.ezjail.session import Session

SNAPSHOT = "_vanilla_newjail_"


async def check_pool(session: Session) -> None:
    """Check that ZFS can be used.

    Raises:
        Exit: as reference §6.3 says.
    """
    jailzfs = session.get("jailzfs")
    if not jailzfs:
        raise Exit(
            "Error: The variable ezjail_jailzfs needs to point a zfs ezjail can work in.\n"
            "  Set it in your ezjail.conf."
        )
    if "zfs" not in session.machine.kernel.modules:
        raise Exit("Error: ZFS is not loaded or your ZFS version is not supported.")
    if session.on("use_zfs") and not session.machine.rc_yes("zfs_enable"):
        await session.say("Warning: You should enable ZFS in /etc/rc.conf")
    if session.machine.kernel.dataset(jailzfs.partition("/")[0]) is None:
        await session.complain(f"cannot open '{jailzfs.partition('/')[0]}': no such pool")
        raise Exit("Error: Your zpool does not exist or is not online.")


async def ensure_jailzfs(session: Session) -> None:
    """Make the dataset that everything lives in, when it is not there yet.

    Raises:
        Exit: as reference §6.3 says.
    """
    await check_pool(session)
    jailzfs, jaildir, files = session.get("jailzfs"), session.jaildir, session.files
    if session.machine.kernel.dataset(jailzfs):
        return
    if files.is_dir(jaildir) and not files.is_empty_dir(jaildir):
        raise Exit(f"Error: Can not create zfs at {jaildir}.\n  There is a non-empty directory in the way.")
    if jailzfs.count("/") > 1:
        await zfs(session, lambda: pool.create(session.machine, jailzfs.rpartition("/")[0], parents=True))
    properties = {"mountpoint": jaildir, **read_properties(session.get("zfs_properties"))}
    await zfs(session, lambda: pool.create(session.machine, jailzfs, properties))


def read_properties(text: str) -> dict[str, str]:
    """Read `-o name=value …` words."""
    pairs = [word.partition("=")[::2] for word in text.split() if "=" in word]
    return {name.removeprefix("-o"): value for name, value in pairs}


async def zfs(session: Session, action: Callable[[], object]) -> bool:
    """Run a zfs command whose status nobody asks; what it complains of goes to standard error.

    Returns:
        Whether it worked, for the few who do ask.
    """
    await session.call.pause(0.05)
    try:
        action()
    except pool.ZfsError as error:
        await session.complain(str(error))
        return False
    return True
