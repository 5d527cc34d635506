"""What a kernel and rc make when a simulated host comes up: interfaces, mounts, processes."""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from apps.simulator.ipfw import model as ipfw
from apps.simulator.network import Interface, hardware_address, is_ethernet
from apps.simulator.state import Dataset, Kernel, Mount, Process, Socket, mountpoint_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.spec import HostSpec

BOOT_SECONDS = 15.0
_THREADS = (
    *("crypto", "cam", "rand_harvestq", "pagedaemon", "vmdaemon", "bufdaemon"),
    *("syncer", "idle", "intr", "geom", "vnlru", "racctd"),
)
_POOL_LAYOUT = (
    ("", "none"),
    ("/ROOT", "none"),
    ("/ROOT/default", "/"),
    ("/home", "/home"),
    ("/tmp", "/tmp"),  # noqa: S108 - a mount point
    ("/usr", "none"),
    ("/usr/src", "/usr/src"),
    ("/var", "none"),
    ("/var/log", "/var/log"),
)


def bring_up(kernel: Kernel, spec: HostSpec, rc: Mapping[str, str]) -> None:
    """Make what a freshly booted host has; jails are not started here.

    Args:
        kernel: to be filled; whatever ran before is gone.
        spec: the machine's hardware.
        rc: the variables of /etc/rc.conf.
    """
    kernel.jails.clear()
    kernel.last_jid, kernel.last_cpuset, kernel.last_pid = 0, 1, 600
    kernel.sysctls.clear()
    kernel.modules = [*spec.modules, *(["zfs"] if spec.pool else [])]
    kernel.environment.clear()
    kernel.ipfw = ipfw.loaded(allows=not spec.ipfw_denies) if "ipfw" in spec.modules else ipfw.Ipfw()
    kernel.interfaces = _interfaces(spec, rc)
    kernel.mounts = _mounts(spec, kernel.datasets)
    kernel.processes = _processes(kernel.booted_at)


def pool_datasets(spec: HostSpec, now: float) -> list[Dataset]:
    """Give the datasets that FreeBSD's installer makes in a pool."""
    return [
        Dataset(f"{spec.pool}{suffix}", point, now, mounted=point != "none") for suffix, point in _POOL_LAYOUT
    ]


def _interfaces(spec: HostSpec, rc: Mapping[str, str]) -> list[Interface]:
    """Make the interfaces with the addresses that rc.conf gives them now."""
    cloned = [name for name in rc.get("cloned_interfaces", "").split() if name != "lo0"]
    hardware = [item.name for item in spec.interfaces if not item.cloned]
    names = hardware if "lo0" in hardware else [*hardware, "lo0"]
    ethers = {item.name: item.ether for item in spec.interfaces}
    found = []
    for index, name in enumerate(dict.fromkeys([*names, *cloned]), start=1):
        ether = (ethers.get(name) or hardware_address(spec.name, name)) if is_ethernet(name) else ""
        interface = Interface(name, index, ether, cloned=name in cloned)
        for address in (*(("::1/128", "127.0.0.1/8") if name == "lo0" else ()), *rc_addresses(rc, name)):
            interface.add(address)
        found.append(interface)
    return found


def rc_addresses(rc: Mapping[str, str], name: str) -> list[str]:
    """Read an interface's addresses from rc.conf: its own line, aliases without a gap, ipv4_addrs.

    Args:
        rc: the variables of rc.conf.
        name: the interface; other than letters and digits become "_" in variables.

    Source: reference jail-tools.md §5.3.
    """
    key = re.sub(r"[^A-Za-z0-9]", "_", name)
    lines = [rc.get(f"ifconfig_{key}", ""), rc.get(f"ifconfig_{key}_ipv6", "")]
    number = 0
    while f"ifconfig_{key}_alias{number}" in rc:
        lines.append(rc[f"ifconfig_{key}_alias{number}"])
        number += 1
    found = [address for line in lines if (address := _line_address(line))]
    return found + rc.get(f"ipv4_addrs_{key}", "").split()


def _line_address(line: str) -> str:
    """Read the address out of one ifconfig line, e.g. `inet 10.0.0.1 netmask 0xffffff00`."""
    words = line.split()
    if not {"inet", "inet6"} & set(words[:1]) or len(words) < 2:
        return ""
    mask = dict(pairwise(words))
    length = mask.get("prefixlen") or (_mask_length(mask["netmask"]) if "netmask" in mask else "")
    text = words[1] if "/" in words[1] or not length else f"{words[1]}/{length}"
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        return ""


def _mask_length(mask: str) -> str:
    """Turn a netmask (0xffffff00 or dotted) into a prefix length; empty when it is none."""
    number = int(mask, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", mask) else -1
    try:
        dotted = str(ipaddress.IPv4Address(number)) if number >= 0 else mask
        return str(ipaddress.ip_network(f"0.0.0.0/{dotted}").prefixlen)
    except ValueError:
        return ""


def _mounts(spec: HostSpec, datasets: list[Dataset]) -> list[Mount]:
    """Mount what is mounted at boot: the root, the datasets, the file systems of the kernel."""
    if spec.pool:
        disks = []
        for item in datasets:
            point = mountpoint_of(datasets, item)
            item.mounted = point.startswith("/")
            disks += [Mount(item.name, point, "zfs")] if item.mounted else []
    else:
        disks = [Mount("/dev/gpt/rootpart", "/", "ufs", dump=1, passno=1)]
    special = [Mount("devfs", "/dev", "devfs"), Mount("fdescfs", "/dev/fd", "fdescfs")]
    return [disks[0], *special, Mount("procfs", "/proc", "procfs"), *disks[1:]]


def _processes(booted_at: float) -> list[Process]:
    """Start the kernel's threads and what rc starts on every host."""
    found = [Process(0, 0, "[kernel]", state="DLs", rss=352, vsz=0, started=booted_at)]
    found.append(Process(1, 0, "/sbin/init", state="ILs", rss=1120, vsz=11780, started=booted_at))
    for pid, name in enumerate(_THREADS, start=2):
        state = {"idle": "RNL", "intr": "WL"}.get(name, "DL")
        found.append(Process(pid, 0, f"[{name}]", state=state, rss=48, vsz=0, started=booted_at))
    up = booted_at + BOOT_SECONDS
    found.append(Process(489, 1, "/usr/sbin/syslogd -ss", state="Ss", rss=2512, vsz=12824, started=up))
    found.append(Process(556, 1, "/usr/sbin/cron -s", state="Ss", rss=2424, vsz=12864, started=up))
    found.append(sshd(576, "Ss", up, ("*", "*")))
    return found


def sshd(pid: int, state: str, started: float, addresses: tuple[str, str | None], jid: int = 0) -> Process:
    """Make an sshd that listens.

    Args:
        pid: its number.
        state: as ps shows it.
        started: seconds since the epoch.
        addresses: where it listens on IPv4, and on IPv6 (None: not at all).
        jid: its jail.
    """
    four, six = addresses
    sockets = [] if six is None else [Socket("tcp6", 3, six, 22)]
    sockets.append(Socket("tcp4", 3 + len(sockets), four, 22))
    command = "sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups (sshd)"
    return Process(
        pid,
        1,
        command,
        jid=jid,
        state=state,
        rss=6380,
        vsz=17856,
        started=started,
        comm="sshd",
        sockets=sockets,
    )
