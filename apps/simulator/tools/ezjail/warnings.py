"""What `create` says about a new jail's addresses once it is made.

Source: reference ezjail.md §7 (stdout texts); captures/ezjail.json (create-…): neither an address with
a mask nor a word that is none meets the checks, although the captured host's sshd listened on all
addresses, while reports with plain addresses show the lists. So only plain addresses are looked for.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from apps.simulator.sockets import listening, sockstat_line

if TYPE_CHECKING:
    from apps.simulator.machine import Machine
    from apps.simulator.tools.ezjail.session import Session

CONFUSION = "  This may cause some confusion, here they are:"


async def check_addresses(session: Session, text: str) -> None:
    """Warn about each address of a jail."""
    for part in text.split(","):
        ip = part.rpartition("|")[2]
        if "|" not in part and not is_local(session.machine, ip):
            await session.say(f"Warning: IP {ip} not configured on a local interface.")
        if not is_plain(ip):
            continue
        await _warn(session, ip, f"on IP {ip}")
        await _warn(session, "*", f"on all IP, (including {ip})")


async def _warn(session: Session, address: str, where: str) -> None:
    found = [
        sockstat_line(process, socket)
        for process, socket in listening(session.machine)
        if socket.address == address
    ]
    if found:
        await session.say(f"Warning: Some services already seem to be listening {where}\n{CONFUSION}")
        await session.call.out("".join(found))


def is_plain(ip: str) -> bool:
    """Tell whether this is an address, without a mask."""
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        return False
    return True


def is_local(machine: Machine, ip: str) -> bool:
    """Do `ping -S ip localhost`: true for a plain address of an interface that is up."""
    return is_plain(ip) and any(
        interface.up and interface.holds(ip) for interface in machine.kernel.interfaces
    )
