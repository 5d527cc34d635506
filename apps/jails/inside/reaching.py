"""Which of a jail's listening ports can be reached under a public address of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from apps.freebsd.parsers.inside import Port
from apps.freebsd.values import IpAddress, is_private
from apps.jails.models import Jail

MOST = 200


@dataclass(frozen=True, slots=True)
class OpenPort:
    """A port that listens on a public address.

    Args:
        port: It, as the jail tells it.
        addresses: The public addresses under which it is reached.
    """

    port: Port
    addresses: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it is, in one sentence."""
        where = f"{self.port.command} listens on {self.port.address}"
        if self.port.address.startswith("*:"):
            where += f", so also on {' and '.join(self.addresses)}"
        return f"{where}: open to the world."


def reached(jail: Jail, ports: Iterable[Port]) -> list[OpenPort]:
    """Return those ports that listen on every address of a jail with public ones, or on a public one.

    One that listens on every address of a jail has only that jail's: the kernel keeps it to them.
    """
    public = [ip for row in jail.addresses.all() if (ip := _ip(row.address)) and not is_private(ip)]
    found = [OpenPort(port, _under(port, public)) for port in ports]
    return [one for one in found if one.addresses][:MOST]


def _under(port: Port, public: Iterable[IpAddress]) -> tuple[str, ...]:
    address, colon, number = port.address.rpartition(":")
    if not colon or number == "*":
        return ()
    if address == "*":
        versions = {int(one) for one in port.protocol if one in "46"} or {4, 6}
        return tuple(str(ip) for ip in public if ip.version in versions)
    ip = _ip(address.strip("[]"))
    return (str(ip),) if ip is not None and not is_private(ip) else ()


def _ip(text: str) -> IpAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
