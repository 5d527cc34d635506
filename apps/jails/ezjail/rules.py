"""What a host's set-up may be, on the host as it was last seen. Pure: values in, sentences by field out."""

from __future__ import annotations

import re

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Mirror
from apps.freebsd.values.addresses import is_private
from apps.jails.ezjail.situation import IpInterface, Situation
from apps.jails.ezjail.wanted import HostSetup, Zfs

Complaint = tuple[str, str]

_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*(?:/[A-Za-z0-9][A-Za-z0-9_.:-]*)*")
_LOOPBACK = re.compile(r"lo(?:0|[1-9][0-9]{0,2})")
_SYSTEM = re.compile(
    r"/|/(?:bin|boot|dev|etc|home|lib|libexec|media|mnt|net|proc|rescue|root|sbin|tmp|usr|var)"
    r"|/usr/(?:bin|home|lib|libexec|local|ports|sbin|share|src)|/var/(?:db|log|run|tmp)"
)
_SMALLEST = {4: 30, 6: 126}
MOST_SETTING = 200


def check_setup(wanted: HostSetup, seen: Situation) -> list[Complaint]:
    """Return what is wrong with a host's set-up, each with its field."""
    return [
        *_jaildir(wanted),
        *_mirror(wanted, seen),
        *_zfs(wanted, seen),
        *_network(wanted, seen),
    ]


def _jaildir(wanted: HostSetup) -> list[Complaint]:
    try:
        AbsolutePath.parse(wanted.jaildir)
    except InvalidInput as error:
        return [("jaildir", error.message)]
    if len(wanted.jaildir) > MOST_SETTING:
        return [("jaildir", f"Take a path of at most {MOST_SETTING} characters.")]
    if _SYSTEM.fullmatch(wanted.jaildir):
        return [("jaildir", f"{wanted.jaildir} is the system's own: give jails a directory of theirs.")]
    return []


def _mirror(wanted: HostSetup, seen: Situation) -> list[Complaint]:
    if seen.installed and wanted.mirror == seen.setting("ezjail_ftphost"):
        return []  # what is there may stay
    try:
        Mirror.parse(wanted.mirror)
    except InvalidInput as error:
        return [("mirror", error.message)]
    return []


def _zfs(wanted: HostSetup, seen: Situation) -> list[Complaint]:
    if wanted.zfs is Zfs.NO:
        return []
    if not seen.pools:
        return [("zfs", "The host has no ZFS pool, or ZFS is not loaded there.")]
    if len(wanted.jailzfs) > MOST_SETTING or not _DATASET.fullmatch(wanted.jailzfs):
        return [("jailzfs", "This is no ZFS dataset, such as zroot/ezjail.")]
    pool = wanted.jailzfs.partition("/")[0]
    if pool not in seen.pools:
        return [("jailzfs", f"The host has no pool {pool}. It has: {', '.join(seen.pools)}.")]
    if seen.pools[pool] not in ("ONLINE", "DEGRADED", ""):
        return [("jailzfs", f"The pool {pool} is {seen.pools[pool]}: ezjail refuses to work on it.")]
    return _mounted(wanted, seen)


def _mounted(wanted: HostSetup, seen: Situation) -> list[Complaint]:
    """Refuse a dataset that is mounted elsewhere: ezjail would make its parts there, and look here."""
    place = seen.datasets.get(wanted.jailzfs)
    other = next((name for name, at in seen.datasets.items() if at == wanted.jaildir), "")
    if place is None and other:
        return [("jailzfs", f"{other} is mounted on {wanted.jaildir} already: name that one.")]
    if place in (None, wanted.jaildir):
        return []
    where = f"is mounted on {place}" if place else "is not mounted anywhere"
    advice = "take a new name, which ezjail makes and mounts, or that directory"
    return [("jailzfs", f"{wanted.jailzfs} {where}, and ezjail's directory is {wanted.jaildir}: {advice}.")]


def _network(wanted: HostSetup, seen: Situation) -> list[Complaint]:
    if not wanted.interface:
        return []
    if not _LOOPBACK.fullmatch(wanted.interface):
        return [("interface", "Take a loopback interface, such as lo1.")]
    if wanted.address is None:
        return [("address", "Say which address the host is to have there, such as 10.0.0.1/24.")]
    return [("address", sentence) for sentence in _address(wanted.interface, wanted.address, seen)[:1]]


def _address(interface: str, address: IpInterface, seen: Situation) -> list[str]:
    network = address.network
    if network.prefixlen > _SMALLEST[address.version]:
        return [f"{network} leaves no room for jails: take a shorter prefix, such as /24."]
    if address.ip == network.network_address or (address.version == 4 and address.ip == network[-1]):
        return [f"{address.ip} is an end of {network}, which no machine can have."]
    if _is_special(address):
        return [
            f"{address.ip} cannot be a host's address beside jails. Take a private one, as in 10.0.0.1/24."
        ]
    if holder := seen.held.get(address.ip):
        return [f"The jail {holder} on this host has {address.ip}."]
    return _taken(interface, address, seen)


def _is_special(address: IpInterface) -> bool:
    ip = address.ip
    return ip.is_loopback or ip.is_multicast or ip.is_unspecified or ip.is_link_local or (
        address.version == 4 and ip.is_reserved
    )  # fmt: skip


def _taken(interface: str, address: IpInterface, seen: Situation) -> list[str]:
    """Refuse a subnet that the host has on another interface: packets to jails would go out there."""
    for name, addresses in seen.interfaces.items():
        for other in addresses:
            if name == interface or other.version != address.version or other.ip in seen.held:
                continue
            if other.ip == address.ip:
                return [f"The host has {other.ip} on {name} already."]
            if other.network.overlaps(address.network):
                return [f"{address.network} is in use on the host: {name} has {other}. Take another subnet."]
    return []


def warnings_of(wanted: HostSetup, seen: Situation) -> list[str]:
    """Return what a person should know before they agree."""
    found = []
    changes_place = wanted.jaildir != seen.setting("ezjail_jaildir")
    if seen.jail_count and changes_place:
        found.append(
            f"{_jails(seen)} here already: their files go on naming {seen.setting('ezjail_jaildir')}, and "
            "nothing is moved."
        )
    if wanted.zfs is Zfs.JAILS and seen.setting("ezjail_use_zfs_for_jails") != "YES":
        found.append(
            "Every new jail will be a ZFS dataset of its own. Once this is set, ezjail can make none in a "
            "plain directory any more, whatever it is told."
        )
    if seen.jail_count and wanted.zfs is not Zfs.NO and seen.setting("ezjail_use_zfs") != "YES":
        found.append(
            f"{_jails(seen)} in plain directories here: ezjail's dataset would be mounted over them."
        )
    if wanted.interface and wanted.address and not is_private(wanted.address.ip):
        found.append(
            f"{wanted.address.ip} is a public address: on a loopback interface nobody outside reaches it."
        )
    return found


def _jails(seen: Situation) -> str:
    return "There is a jail" if seen.jail_count == 1 else f"There are {seen.jail_count} jails"
