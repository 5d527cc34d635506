"""pkg, sysrc and ifconfig: what makes a fresh host one that ezjail can run jails on.

rc.conf is changed by sysrc alone, which keeps what others wrote there. All calls have the one form that the
host agent's allow-list knows.

Source: reference jail-tools §5.2, §5.3, §7, §9.2; ezjail §12. What pkg prints and how it ends: inferred.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput

if TYPE_CHECKING:
    from ipaddress import IPv4Interface, IPv6Interface

    IpInterface = IPv4Interface | IPv6Interface

PKG, SYSRC, IFCONFIG = "/usr/sbin/pkg", "/usr/sbin/sysrc", "/sbin/ifconfig"
FETCH_TIMEOUT_S = 30 * 60
_LOOPBACK = re.compile(r"lo(?:0|[1-9][0-9]{0,2})")
# Interfaces that rc.conf calls as they are called: it writes other characters as an underscore.
_PLAIN = r"(?:lo(?:0|[1-9][0-9]{0,2})|(?!lo[0-9])[a-z][a-z0-9]{0,13}[0-9])"
_VARIABLE = re.compile(rf"ifconfig_(?:lo(?:0|[1-9][0-9]{{0,2}})(?:_ipv6)?|{_PLAIN}_alias(?:0|[1-9][0-9]?))")


def bootstrap_pkg() -> Command:
    """Build the call that fetches pkg itself, of which the base system has only a stub."""
    purpose = (
        "Fetch pkg, of which a fresh FreeBSD has only a stub; the stub checks its signature; "
        "ASSUME_ALWAYS_YES answers the question that it asks otherwise."
    )
    argv = ("/usr/bin/env", "ASSUME_ALWAYS_YES=yes", PKG, "bootstrap")
    return Command(argv, purpose, timeout_s=FETCH_TIMEOUT_S)


def install_ezjail() -> Command:
    """Build the call that installs ezjail's package."""
    purpose = (
        "Install ezjail from the host's package repository, which signs its packages; -y answers the "
        "question whether to go on."
    )
    return Command(
        (PKG, "install", "-y", "ezjail"), purpose, undo=f"{PKG} delete -y ezjail", timeout_s=FETCH_TIMEOUT_S
    )


def enable_ezjail(before: str | None = None) -> Command:
    """Build the call that lets ezjail start its jails at boot; `before` is what rc.conf says now."""
    return _sysrc("ezjail_enable=YES", "Let ezjail start its jails when the host boots.", before)


def enable_zfs(before: str | None = None) -> Command:
    """Build the call that lets the host mount its datasets at boot; `before` is what rc.conf says now."""
    purpose = "Let the host mount its ZFS datasets when it boots, jails among them."
    return _sysrc("zfs_enable=YES", purpose, before)


def silence_jail_warning(before: str | None = None) -> Command:
    """Build the call that ends rc.d/jail's warning about ezjail's way; `before` is what rc.conf says now."""
    purpose = "Keep /etc/rc.d/jail from warning at each start that ezjail's way of setting up is an old one."
    return _sysrc("jail_confwarn=NO", purpose, before)


def clone_at_boot(interface: str) -> Command:
    """Build the call that has a loopback interface made at each boot.

    Raises:
        InvalidInput: It is no loopback interface.
    """
    name = _loopback(interface)
    purpose = f"Have {name} made when the host boots; += keeps the interfaces that are named there already."
    return Command(
        (SYSRC, f"cloned_interfaces+={name}"),
        purpose,
        undo=f"{SYSRC} cloned_interfaces-={name}",
        timeout_s=60,
    )


def create_interface(interface: str) -> Command:
    """Build the call that makes a loopback interface now.

    Raises:
        InvalidInput: It is no loopback interface.
    """
    name = _loopback(interface)
    purpose = f"Make the interface {name} now: a loopback of the jails' own, which leads nowhere outside."
    return Command((IFCONFIG, name, "create"), purpose, undo=f"{IFCONFIG} {name} destroy", timeout_s=60)


def add_address(interface: str, address: IpInterface) -> Command:
    """Build the call that gives an interface an address of the host's beside its others, now.

    Raises:
        InvalidInput: The interface has a name that the panel gives no command.
    """
    name, family = interface, _family(address)
    if not is_plain(name):
        raise InvalidInput(f"{name or 'Nothing'} is no interface such as lo1 or em0.", field="interface")
    purpose = (
        f"Give the host {address.ip} on {name} now, so that it and its jails reach each other in "
        f"{address.network}; alias leaves other addresses alone."
    )
    argv = (IFCONFIG, name, family, str(address), "alias")
    return Command(argv, purpose, undo=f"{IFCONFIG} {name} {family} {address.ip} -alias", timeout_s=60)


def keep_address(variable: str, address: IpInterface) -> Command:
    """Build the call that has an interface's address given again at each boot.

    Args:
        variable: Of rc.conf, such as ifconfig_lo1 or ifconfig_em0_alias0.
        address: The address.

    Raises:
        InvalidInput: It is no such variable, or the one with an interface's main address.
    """
    if not _VARIABLE.fullmatch(variable):
        raise InvalidInput(f"{variable} is no variable of rc.conf that the panel sets.")
    purpose = "Give the host this address again when it boots."
    return _sysrc(f"{variable}={_family(address)} {address}", purpose)


def _sysrc(assignment: str, purpose: str, before: str | None = None) -> Command:
    name = assignment.partition("=")[0]
    back = f"-x {name}" if before is None else shlex.quote(f"{name}={before}")
    return Command((SYSRC, assignment), purpose, undo=f"{SYSRC} {back}", timeout_s=60)


def is_plain(interface: str) -> bool:
    """Return whether an interface has a name that can stand in a command and in rc.conf as it is."""
    return bool(re.fullmatch(_PLAIN, interface))


def _loopback(name: str) -> str:
    if not _LOOPBACK.fullmatch(name):
        raise InvalidInput(f"{name or 'Nothing'} is no loopback interface, such as lo1.", field="interface")
    return name


def _family(address: IpInterface) -> str:
    return "inet" if address.version == 4 else "inet6"
