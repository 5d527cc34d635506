"""The hosts that the demo shows: three that differ where the panel must notice, and more of the kind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from apps.simulator.patches import RELEASES
from apps.simulator.spec import GIB, HostSpec, InterfaceSpec

DAY_S = 86400
_ZFS_CONF = 'ezjail_use_zfs="YES"\nezjail_use_zfs_for_jails="YES"\nezjail_jailzfs="zroot/ezjail"\n'

ALPHA = HostSpec(
    "alpha",
    hostname="alpha.example.org",
    release="13.2-RELEASE",
    interfaces=(
        InterfaceSpec("vtnet0", ("192.0.2.10/24",)),
        InterfaceSpec("lo1", ("10.0.0.1/24",), cloned=True),
    ),
    ncpu=2,
    physmem_bytes=4 * GIB,
    rc_conf={"defaultrouter": "192.0.2.1"},
    fetchable=RELEASES,
)
BETA = HostSpec(
    "beta",
    hostname="beta.example.org",
    release="14.1-RELEASE-p5",
    interfaces=(
        InterfaceSpec("re0", ("198.51.100.20/24",)),
        InterfaceSpec("lo0", ("10.0.1.1/24",)),
    ),
    ncpu=8,
    physmem_bytes=32 * GIB,
    disk_kb=460 * 1024 * 1024,
    pool="zroot",
    rc_conf={"defaultrouter": "198.51.100.1"},
    ezjail_conf=_ZFS_CONF,
    basejail="14.1-RELEASE-p5",
    fetchable=RELEASES,
)
GAMMA = HostSpec(
    "gamma",
    hostname="gamma.example.org",
    release="13.2-RELEASE",
    interfaces=(InterfaceSpec("re0", ("203.0.113.5/24",)),),
    rc_conf={"defaultrouter": "203.0.113.1"},
    modules=(),
    racct="off",
    fetchable=RELEASES,
)
# What root typed on a host before anyone looked.
HISTORY: Mapping[str, tuple[str, ...]] = {
    "beta": (
        "ezjail-admin create db 'lo0|10.0.1.2/24'",
        "ezjail-admin create www 'lo0|10.0.1.3/24,re0|198.51.100.21/24'",
        "ezjail-admin onestart db",
        "ipfw -q add 100 allow ip from any to any via lo0",
        "ipfw -q add 500 deny tcp from any to me 111 in // nobody needs rpcbind",
    ),
}
UPTIMES_DAYS = (41.2, 3.6, 112.9)


def demo_hosts(count: int) -> list[HostSpec]:
    """Give the specs of the first so many hosts.

    Args:
        count: how many; from the fourth on they are plain ones, which are made quickly.
    """
    now = time.time()
    specs = [*(ALPHA, BETA, GAMMA), *(_another(index) for index in range(3, count))][:count]
    return [
        replace(spec, booted_at=now - UPTIMES_DAYS[index % 3] * DAY_S) for index, spec in enumerate(specs)
    ]


def _another(index: int) -> HostSpec:
    """Make a host like alpha or gamma, with an address of its own."""
    spec, name = (ALPHA, GAMMA)[index % 2], f"host{index + 1:03d}"
    address = f"172.16.{index // 250}.{index % 250 + 1}/16"
    first = InterfaceSpec(spec.interfaces[0].name, (address,))
    return replace(spec, name=name, hostname=f"{name}.example.org", interfaces=(first,))
