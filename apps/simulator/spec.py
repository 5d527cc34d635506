"""What a new simulated machine is to be like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class InterfaceSpec:
    """One network interface of a new machine.

    Attributes:
        name: driver and unit, e.g. "re0"; the name decides what kind it is.
        addresses: `address/prefix` in the order in which rc.conf gives them.
        ether: the hardware address; made from the name when empty.
        cloned: made by `cloned_interfaces` in rc.conf, not by hardware.
    """

    name: str
    addresses: tuple[str, ...] = ()
    ether: str = ""
    cloned: bool = False


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A new machine.

    Attributes:
        name: what the simulator calls it; a file name.
        hostname: what it calls itself.
        release: the running kernel's, e.g. "13.2-RELEASE" or "14.1-RELEASE-p5".
        userland: the world's release; empty means as the kernel.
        arch: as `uname -m` says.
        interfaces: hardware first, then clones, in the order in which ifconfig lists them; lo0
            (127.0.0.1/8, ::1) is put behind the hardware when it is not among them.
        ncpu: processors.
        physmem_bytes: memory.
        disk_kb: size of the disk or pool in KiB.
        pool: the ZFS pool's name; empty means UFS.
        rc_conf: further lines of /etc/rc.conf, and values that replace the ordinary ones.
        pkg: the real pkg is there, and not only the base system's, which fetches it.
        ezjail: ezjail 3.4.2 is installed.
        ezjail_conf: text of /usr/local/etc/ezjail.conf; None means that the file is missing.
        basejail: the release of an installed basejail; empty means none.
        hostuuid: its UUID; made from the name when empty.
        booted_at: seconds since the epoch; None means now.
        modules: kernel modules (or compiled in), as `kldstat -m` knows them.
        ipfw_denies: the kernel's default rule is to deny, as it is without a tunable in loader.conf.
        racct: "on", "off" (as GENERIC without its tunable in loader.conf) or "absent" (not compiled in).
        lacks: absolute paths of programs that this machine does not have.
        distributions: local sets, path to release, e.g. {"/dist/base.txz": "13.2-RELEASE"}.
        world_rc_conf: text of etc/rc.conf in those sets, when they were packed from a running machine.
        fetchable: releases that the mirrors which this machine can reach provide.
        panel: whence the panel's connections come, as this machine sees it.
    """

    name: str
    hostname: str = ""
    release: str = "14.1-RELEASE-p5"
    userland: str = ""
    arch: str = "amd64"
    interfaces: tuple[InterfaceSpec, ...] = (InterfaceSpec("re0", ("192.0.2.7/24",)),)
    ncpu: int = 4
    physmem_bytes: int = 8 * GIB
    disk_kb: int = 64 * 1024 * 1024
    pool: str = ""
    rc_conf: Mapping[str, str] = field(default_factory=dict)
    pkg: bool = True
    ezjail: bool = True
    ezjail_conf: str | None = ""
    basejail: str = ""
    hostuuid: str = ""
    booted_at: float | None = None
    modules: tuple[str, ...] = ("ipfw", "ipfw_nat", "libalias")
    ipfw_denies: bool = False
    racct: str = "on"
    lacks: frozenset[str] = frozenset()
    distributions: Mapping[str, str] = field(default_factory=dict)
    world_rc_conf: str = ""
    fetchable: tuple[str, ...] = (
        "13.2-RELEASE",
        "13.4-RELEASE",
        "14.0-RELEASE",
        "14.1-RELEASE",
        "14.2-RELEASE",
    )
    panel: str = "192.0.2.250"
