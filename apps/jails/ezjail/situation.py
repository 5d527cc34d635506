"""What a host has of ezjail and of what ezjail needs, as the last probe stored it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Any

from apps.freebsd.ezjail_settings import defaults
from apps.freebsd.shellfile import ShellFile
from apps.hosts.models import Host
from apps.jails.models import JailAddress

IpAddress = IPv4Address | IPv6Address
IpInterface = IPv4Interface | IPv6Interface
CONF = "/usr/local/etc/ezjail.conf"
HANDS_OFF = {
    "bytes": f"{CONF} holds bytes that are no text, so the panel leaves it alone: change it by hand.",
    "other": f"{CONF} is no regular file, such as a symbolic link, which the panel does not follow: "
    "change by hand what it leads to.",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """A host as it was last seen.

    Args:
        installed: Whether ezjail is there.
        enabled: Whether it starts jails at boot.
        config_is: What ezjail.conf is: `text`, `missing`, or one of HANDS_OFF.
        config_text: It; empty where it is missing.
        in_effect: ezjail's settings, by name.
        has_pkg: Whether the real pkg is there; None when that is not known.
        rc: What rc.conf sets, by name.
        unclear: Names of rc.conf that the shell computes.
        knows_rc: Whether rc.conf could be read.
        interfaces: Addresses by interface, in the order of ifconfig.
        pools: Health by pool.
        datasets: Mount point by dataset; empty for one that is not mounted anywhere.
        held: Which jail has an address.
        jail_count: How many jails ezjail has.
    """

    installed: bool = False
    enabled: bool = False
    config_is: str = "missing"
    config_text: str = ""
    in_effect: Mapping[str, str] = field(default_factory=dict)
    has_pkg: bool | None = None
    rc: Mapping[str, str] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    knows_rc: bool = True
    interfaces: Mapping[str, tuple[IpInterface, ...]] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[IpAddress, str] = field(default_factory=dict)
    jail_count: int = 0

    @property
    def file(self) -> ShellFile:
        """ezjail.conf, empty where there is none."""
        return ShellFile(self.config_text.encode())

    def is_certain(self, name: str) -> bool:
        """Tell whether a setting's value is the file's own, so that it can be changed there."""
        if self.config_is == "missing":
            return True
        reading = self.file.reading(name)
        return self.config_is == "text" and (
            reading is None or (reading.text is not None and not reading.doubt)
        )

    def setting(self, name: str) -> str:
        """Return the value in effect of a setting; ezjail's default where it is not known."""
        value = self.in_effect.get(name)
        return defaults(self.in_effect).get(name, "") if value is None else value


def situation_of(host: Host) -> Situation:
    """Return what was last seen of a host."""
    facts: dict[str, Any] = host.facts
    ezjail, setup = facts.get("ezjail") or {}, facts.get("setup") or {}
    rc = setup.get("rc") or {}
    held = {
        ip: address.jail.name
        for address in JailAddress.objects.filter(jail__host=host).select_related("jail")
        if (ip := _ip(address.address))
    }
    return Situation(
        installed=bool(ezjail.get("installed")),
        enabled=bool(ezjail.get("enabled")),
        config_is=ezjail.get("config_is", "missing"),
        config_text=ezjail.get("config_text", ""),
        in_effect=ezjail.get("in_effect") or {},
        has_pkg=setup.get("has_pkg"),
        rc=rc.get("values") or {},
        unclear=tuple(rc.get("unclear") or ()),
        knows_rc=bool(rc),
        interfaces={item["name"]: _addresses(item) for item in facts.get("interfaces") or []},
        pools={item["name"]: item.get("health", "") for item in facts.get("zpools") or []},
        datasets={item["name"]: item["mountpoint"] for item in setup.get("datasets") or []},
        held=held,
        jail_count=host.jails.count(),
    )


def _addresses(interface: dict[str, Any]) -> tuple[IpInterface, ...]:
    return tuple(ip_interface(text) for text in interface.get("addresses") or [])


def _ip(text: str) -> IpAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
