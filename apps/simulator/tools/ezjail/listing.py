"""`ezjail-admin list`.

Source: reference ezjail.md §2; captures/ezjail.json (list-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.jailfile import NORUN, EzJail, load, ordered
from apps.simulator.tools.ezjail.session import CONTROL

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

RULE = "--- ---- --------------- ------------------------------ ------------------------"
LETTERS = {"zfs": "Z", "simple": "I", "bde": "B", "eli": "E"}


async def list_jails(session: Session, words: list[str]) -> None:
    """Print the table; one row for each file, whatever is in it."""
    if words:
        raise session.usage("list")
    await session.say(_row("STA", "JID", "IP", "Hostname", "Root Directory"))
    await session.say(RULE)
    try:
        order = ordered(session)
    except OSError:
        await session.complain(f"cd: {CONTROL}: No such file or directory")
        return
    for complaint in order.complaints:
        await session.complain(complaint)
    for name in order.names:
        await session.call.pause(0.01)
        await _print(session, name, load(session, name.removesuffix(NORUN)))


def _row(state: str, jid: str, ip: str, hostname: str, root: str) -> str:
    return f"{state:<3} {jid:<4} {ip:<15} {hostname:<30} {root}"


async def _print(session: Session, name: str, jail: EzJail) -> None:
    """Print a jail's rows: the first address without its interface, each further one with it."""
    kind = LETTERS.get(jail.imagetype, "D")
    attached = bool(image.attached_device(session, jail))
    state = kind + ("R" if jail.jid else "A" if attached else "S") + ("" if name == jail.safe_name else "N")
    first, *others = jail.values.get("ip", "").split(",")
    jid = jail.jid or "N/A"
    await session.say(_row(state, jid, first.rpartition("|")[2] or "-", jail.hostname, jail.rootdir))
    for ip in others:
        await session.say(f"    {jid:<4} {ip}")
