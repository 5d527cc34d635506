"""`ezjail-admin start`, `onestop`, …, and `console`: what goes to running jails.

Source: reference ezjail.md §1.3, §1.4; captures/ezjail.json (start-…, stop-…, console-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.tools.ezjail.jailfile import load
from apps.simulator.tools.ezjail.session import PREFIX, RC_SCRIPT, Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

ENDINGS = ("start", "stop", "startcrypto", "stopcrypto")


async def act(session: Session, action: str, names: list[str]) -> None:
    """Pass an action on to the rc script, then look whether each named jail did it."""
    if not session.files.is_file(RC_SCRIPT):
        raise Exit(
            f"Error: Could not find ezjail's rc.d script in {PREFIX}/etc/rc.d/.\n"
            f"  You need to {action} {' '.join(names)} by hand."
        )
    await session.call.run((RC_SCRIPT, action, *names))
    for name in names:
        jail = load(session, name)
        if not jail.norun and bool(jail.jid) != ("start" in action):
            raise Exit(f"Error: Could not {action} {' '.join(names)}.\n  You need to {action} it by hand.")


async def console(session: Session, words: list[str]) -> int:
    """Run a command (a login shell) in a jail; its status is the script's."""
    options, operands = session.options("console", "e:f", words)
    if len(operands) != 1 or not operands[0]:
        raise session.usage("console")
    jail = load(session, operands[0])
    if not jail.config:
        raise Exit(f"Error: Nothing known about jail {jail.name}.")
    if not jail.jid and "f" not in options:
        raise Exit(
            f"Error: Jail {jail.name} appears not to be running\n"
            f"  Start it first, or use 'ezjail-admin console -f {jail.name}' to force start."
        )
    if not jail.jid:
        await session.call.run((RC_SCRIPT, "onestart", jail.name))
        jail = load(session, jail.name)
    command = session.glob(options.get("e") or session.get("default_execute")).split()
    return await session.call.run(("/usr/sbin/jexec", *([jail.jid] if jail.jid else []), *command))
