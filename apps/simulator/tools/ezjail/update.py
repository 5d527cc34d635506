"""`ezjail-admin update` (and `setup`).

Source: reference ezjail.md §6.5; captures/ezjail.json (update-bad).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.releases import without_patch
from apps.simulator.tools.ezjail.install import check_securelevel, freebsd_update, stage, update_ports
from apps.simulator.tools.ezjail.session import Exit
from apps.simulator.tools.ezjail.zfs import ensure_jailzfs, zfs

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

ACTIONS = "biuUP"
INSTALLS_MAX = 10
MISSING = "Please run 'ezjail-admin update' or 'ezjail-admin install' first."


async def update(session: Session, words: list[str]) -> None:
    """Update the basejail; the last of -b, -i, -u, -U, -P counts."""
    options, operands = session.options("update", "s:pbiuUP", words)
    if operands:
        raise session.usage("update")
    action = next((letter for letter in reversed(list(options)) if letter in ACTIONS), "")
    check_securelevel(session, "update")
    if not action:
        raise Exit(
            "Error: No install action has been chosen.\n"
            "  Please note that ezjails behaviour changed. Rebuilding the world no longer is default.\n"
            "  Run 'ezjail-admin update -b' to build and install a world from source or "
            "'ezjail-admin update -i' to install an already built world."
        )
    _check(session, action, options.get("s", ""))
    if action in "bi":
        await _build(session, action, options.get("s") or session.get("sourcetree"))
    elif action == "u":
        await _patch(session)
    elif action == "U":
        await _upgrade(session, options["s"])
    if action == "P" or "p" in options:
        await update_ports(session)


def _check(session: Session, action: str, source: str) -> None:
    """Refuse what cannot be done."""
    if action in "uUP" and not session.files.is_dir(session.get("jailbase")):
        what = "You cannot fill base jails ports tree before creating it."
        if action != "P":
            what = "You cannot update a base jail until it is created."
        raise Exit(f"Error: base jail does not exist.\n  {what}\n  {MISSING}")
    if action == "U" and not source:
        raise Exit(
            "Error: Can not (yet automatically) infer the basejail's osversion.\n"
            "  Please run ezjail-admin update -U -s X.X-RELEASE, with X.X-RELEASE being to osversion "
            "currently installed in the basejail in need of an upgrade."
        )


async def _build(session: Session, action: str, source: str) -> None:
    """Build from source; the simulator has no compiler and says so where make would begin."""
    if not session.files.is_dir(source) or session.files.is_empty_dir(source):
        raise Exit(
            f"Error: Cannot find your copy of the FreeBSD source tree in {source}.\n"
            "  Consider using 'ezjail-admin install' to create the base jail from an ftp server."
        )
    if not session.files.is_file(f"{source}/Makefile"):
        raise Exit(f"Error: Your source tree in {source} seems to be incomplete (Makefile is missing).")
    await stage(session)
    targets = "buildworld installworld" if action == "b" else "installworld"
    await session.complain("simulator: make is not played")
    raise Exit(f"Error: The command 'make {targets}' failed.\n  Refer to the error report(s) above.")


async def _patch(session: Session) -> None:
    """Let freebsd-update patch both trees; without a useful TERM it takes its time (§0.9)."""
    command = "cron" if session.call.env.get("TERM", "") in {"", "dumb"} else "fetch"
    if session.on("use_zfs"):
        await ensure_jailzfs(session)
        stamp = time.strftime("%Y%m%d_%H:%M:%S", time.gmtime(session.machine.now()))
        for leaf in ("basejail", "newjail"):
            name = f"{session.get('jailzfs')}/{leaf}@{stamp}"
            await zfs(session, lambda name=name: pool.snapshot(session.machine, name))  # type: ignore[misc]
    for setting in ("jailbase", "jailtemplate"):
        await freebsd_update(session, session.get(setting), (command, "install"))


async def _upgrade(session: Session, old: str) -> None:
    """Upgrade both trees to the host's release; install is repeated as long as it finds something."""
    target = without_patch(session.machine.spec.release).replace("-SECURITY", "-RELEASE")
    env = {"UNAME_r": old}
    for setting in ("jailbase", "jailtemplate"):
        folder = session.get(setting)
        await freebsd_update(session, folder, ("-r", target, "upgrade"), env)
        for _number in range(INSTALLS_MAX):
            if await freebsd_update(session, folder, ("install",), env):
                break
