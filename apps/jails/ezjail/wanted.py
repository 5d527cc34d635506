"""How a host should be set up for ezjail: what a form, or a job's intent, says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_interface, ip_network
from typing import Any, Self

from apps.freebsd.values import DEFAULT_MIRROR
from apps.jails.ezjail.situation import IpInterface, Situation

RC_SHUTDOWN = "/bin/sh /etc/rc.shutdown jail"
_LONGEST_SUBNET = 30


class Zfs(StrEnum):
    """What of ezjail's is in ZFS datasets."""

    NO = "no"
    BASE = "base"
    JAILS = "jails"


@dataclass(frozen=True, slots=True)
class HostSetup:
    """How a host should be.

    Args:
        jaildir: Where basejail, template, flavours and jails are.
        mirror: Where ezjail fetches from unless it is told.
        exec_stop: Whether jails that are stopped run their /etc/rc.shutdown.
        zfs: What is in datasets.
        jailzfs: The dataset above them; empty without ZFS.
        interface: The loopback interface that jails get their addresses on; empty to leave the network alone.
        address: The host's address there; None likewise.
        quiet: Whether rc.d/jail's warning at each start is switched off.
    """

    jaildir: str
    mirror: str
    exec_stop: bool
    zfs: Zfs
    jailzfs: str
    interface: str
    address: IpInterface | None
    quiet: bool

    def settings(self) -> dict[str, str]:
        """Return what ezjail.conf should come to, by setting."""
        values = {"ezjail_jaildir": self.jaildir, "ezjail_ftphost": self.mirror}
        if self.exec_stop:
            values["ezjail_exec_stop"] = RC_SHUTDOWN
        if self.zfs is Zfs.NO:
            return values | {"ezjail_use_zfs": "NO", "ezjail_use_zfs_for_jails": ""}
        for_jails = "YES" if self.zfs is Zfs.JAILS else ""
        zfs = {
            "ezjail_use_zfs": "YES",
            "ezjail_use_zfs_for_jails": for_jails,
            "ezjail_jailzfs": self.jailzfs,
        }
        return values | zfs

    def to_json(self) -> dict[str, Any]:
        """Return it as a job's intent."""
        return {
            "jaildir": self.jaildir,
            "mirror": self.mirror,
            "exec_stop": self.exec_stop,
            "zfs": self.zfs.value,
            "jailzfs": self.jailzfs,
            "interface": self.interface,
            "address": str(self.address or ""),
            "quiet": self.quiet,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return what `to_json` gave."""
        address = ip_interface(data["address"]) if data["address"] else None
        known = {
            name: data[name] for name in ("jaildir", "mirror", "exec_stop", "jailzfs", "interface", "quiet")
        }
        return cls(**known, zfs=Zfs(data["zfs"]), address=address)


def suggested(seen: Situation) -> HostSetup:
    """Return what the panel would do: what is there stays, and the rest is what serves most hosts.

    One that has run jails for long is not told to do it in another way.
    """
    interface = _interface(seen)
    return HostSetup(
        jaildir=seen.setting("ezjail_jaildir"),
        mirror=_mirror(seen),
        exec_stop=_exec_stop(seen),
        zfs=_zfs(seen),
        jailzfs=seen.setting("ezjail_jailzfs") or next((f"{pool}/ezjail" for pool in seen.pools), ""),
        interface=interface,
        address=_address(seen, interface) if interface else None,
        quiet=not seen.installed or seen.rc.get("jail_confwarn", "").upper() == "NO",
    )


def _exec_stop(seen: Situation) -> bool:
    own = seen.setting("ezjail_exec_stop")
    return own == RC_SHUTDOWN or (not own and seen.is_certain("ezjail_exec_stop"))


def _mirror(seen: Situation) -> str:
    own = seen.setting("ezjail_ftphost")
    return own if seen.installed or own.startswith(("https://", "file://")) else str(DEFAULT_MIRROR)


def _zfs(seen: Situation) -> Zfs:
    if seen.setting("ezjail_use_zfs_for_jails") == "YES":
        return Zfs.JAILS
    if seen.setting("ezjail_use_zfs") == "YES":
        return Zfs.BASE
    return Zfs.JAILS if seen.pools and not (seen.installed or seen.jail_count) else Zfs.NO


def _interface(seen: Situation) -> str:
    """Return the loopback that is there for jails already, or the name of a new one."""
    loopbacks = [name for name in seen.interfaces if name.startswith("lo")]
    for name in sorted(loopbacks, key=lambda name: name == "lo0"):
        if name != "lo0" or host_address(seen, name):
            return name
    return "" if seen.installed and seen.jail_count else new_interface(seen)


def new_interface(seen: Situation) -> str:
    """Return the name of a loopback interface that the host does not have yet."""
    return next(name for number in range(1, 1000) if (name := f"lo{number}") not in seen.interfaces)


def host_address(seen: Situation, interface: str) -> IpInterface | None:
    """Return an address of the host's own with room for jails beside it, on an interface."""
    for address in seen.interfaces.get(interface, ()):
        is_usable = address.version == 4 and address.network.prefixlen <= _LONGEST_SUBNET
        if is_usable and not address.ip.is_loopback and address.ip not in seen.held:
            return address
    return None


def _address(seen: Situation, interface: str) -> IpInterface | None:
    """Return the host's address there, or one beside jails that are there, or one of a new subnet."""
    if own := host_address(seen, interface):
        return own
    there = seen.interfaces.get(interface, ())
    for address in there:
        is_jails = address.ip in seen.held and address.network.prefixlen <= _LONGEST_SUBNET
        if is_jails and address.version == 4:
            taken = {item.ip for item in there} | {*seen.held}
            free = next((ip for ip in address.network.hosts() if ip not in taken), None)
            return ip_interface(f"{free}/{address.network.prefixlen}") if free else None
    return _free_address(seen)


def _free_address(seen: Situation) -> IpInterface | None:
    used = [address.network for addresses in seen.interfaces.values() for address in addresses]
    for number in range(256):
        network = ip_network(f"10.0.{number}.0/24")
        if not any(other.version == 4 and other.overlaps(network) for other in used):
            return ip_interface(f"10.0.{number}.1/24")
    return None
