"""The values that sysctl(8) shows of a simulated kernel, by name, in the order of the kernel's tree.

Source: captures/host.json (sysctl-facts, sysctl-jail-params); reference jail-tools.md §6.1.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from apps.simulator.ipfw import sysctls
from apps.simulator.rctl.model import ABSENT, ON
from apps.simulator.releases import osreldate

if TYPE_CHECKING:
    from apps.simulator.machine import Machine

Values = dict[str, str | None]

# None: the name is there, but its value cannot be shown (nodes of jail parameters, opaque ones).
_JAIL_PARAMS = """sysvshm sysvshm. sysvsem sysvsem. sysvmsg sysvmsg. allow allow.mount allow.mount.tmpfs
allow.mount.devfs allow.mount.fdescfs allow.mount.procfs allow.mount.nullfs allow.mount.
allow.suser allow.unprivileged_proc_debug allow.read_msgbuf allow.reserved_ports
allow.mlock allow.socket_af allow.quotas allow.chflags allow.raw_sockets allow.sysvipc
allow.set_hostname ip6 ip6.saddrsel ip6.addr ip6. ip4 ip4.saddrsel ip4.addr ip4. cpuset
cpuset.id host host.hostid host.hostuuid host.domainname host.hostname host. children
children.max children.cur dying vnet persist devfs_ruleset enforce_statfs osrelease
osreldate securelevel path name parent jid"""
WRITABLE = frozenset(
    {
        *("kern.hostname", "kern.securelevel", "net.inet.ip.forwarding", "net.inet6.ip6.forwarding"),
        *("net.inet.tcp.tso", "security.jail.enforce_statfs", "security.jail.allow_raw_sockets"),
        *sysctls.WRITABLE,
    }
)
TUNABLES = frozenset({"kern.racct.enable", "net.inet.ip.fw.default_to_accept", "net.inet.ip.fw.tables_max"})
_TEXTS = frozenset({"kern.hostname"})


def values(machine: Machine, jid: int = 0) -> Values:
    """Give every name's value.

    Args:
        machine: whose kernel.
        jid: the jail that asks; 0 is the host.
    """
    found: Values = {
        **_kernel(machine, jid),
        **_hardware(machine),
        **_jail(machine, jid),
        **_network(machine),
    }
    if "zfs" in machine.kernel.modules:
        found["vfs.zfs.version.spa"] = "5000"
    return {name: machine.kernel.sysctls.get(name, value) for name, value in found.items()}


def _kernel(machine: Machine, jid: int) -> Values:
    spec = machine.spec
    jail = machine.kernel.jail(str(jid)) if jid else None
    release = (jail.osrelease if jail else "") or spec.release
    return {
        "kern.ostype": "FreeBSD",
        "kern.osrelease": release,
        "kern.version": f"FreeBSD {release} releng/{release.partition('-')[0]} GENERIC\n",
        "kern.hostname": jail.hostname if jail else machine.hostname,
        "kern.osreldate": str(osreldate(release)),
        "kern.hostuuid": spec.hostuuid,
        "kern.boottime": boottime(machine),
        "kern.securelevel": "-1",
        **_racct(machine),
        "kern.features.vimage": "1",
        "vm.loadavg": loadavg(machine),
    }


def _racct(machine: Machine) -> Values:
    """Tell of RACCT and RCTL; a kernel without them knows none of these names."""
    mode = machine.kernel.rctl.mode
    if mode == ABSENT:
        return {}
    features: Values = {"kern.features.racct": "1", "kern.features.rctl": "1"}
    return {"kern.racct.enable": str(int(mode == ON)), **features}


def boottime(machine: Machine) -> str:
    """Print when the machine was booted, as the kernel's own format has it."""
    seconds, fraction = divmod(machine.kernel.booted_at, 1)
    shown = time.asctime(time.gmtime(seconds))
    return f"{{ sec = {int(seconds)}, usec = {int(fraction * 1_000_000)} }} {shown}"


def loads(machine: Machine) -> tuple[float, float, float]:
    """Give a load that rises with the processes and wanders a little from minute to minute."""
    base = 0.02 * len([process for process in machine.kernel.processes if process.jid]) + 0.15
    minute = machine.now() // 60
    wander = [1 + 0.4 * math.sin(minute / period) for period in (2.0, 5.0, 15.0)]
    return base * wander[0], base * wander[1], base * wander[2]


def loadavg(machine: Machine) -> str:
    """Print the load."""
    return "{ " + " ".join(f"{load:.2f}" for load in loads(machine)) + " }"


def _hardware(machine: Machine) -> Values:
    spec = machine.spec
    arch = "aarch64" if spec.arch == "arm64" else spec.arch
    free = spec.physmem_bytes // 4096 * 3 // 5
    return {
        "hw.machine": spec.arch,
        "hw.model": "QEMU Virtual CPU version 2.5+" if spec.arch == "amd64" else "ARM Cortex-A72 r0p3",
        "hw.ncpu": str(spec.ncpu),
        "hw.physmem": str(spec.physmem_bytes),
        "hw.usermem": str(spec.physmem_bytes * 9 // 10),
        "hw.pagesize": "4096",
        "hw.machine_arch": arch,
        "vm.stats.vm.v_free_count": str(free),
        "vm.stats.vm.v_page_count": str(spec.physmem_bytes // 4096),
    }


def _jail(machine: Machine, jid: int) -> Values:
    """Give the jails' branch; children.max is a value of jails, which the host's kernel does not show."""
    found: Values = {
        "security.jail.jailed": "1" if jid else "0",
        "security.jail.vnet": "0",
        "security.jail.jail_max_af_ips": "255",
        "security.jail.enforce_statfs": "2",
        "security.jail.allow_raw_sockets": "0",
        "security.jail.devfs_ruleset": "0",
        "security.jail.list": None,
    }
    params = _JAIL_PARAMS.split()
    if "zfs" in machine.kernel.modules:
        params.insert(params.index("allow.mount."), "allow.mount.zfs")
    return {**found, **{f"security.jail.param.{name}": None for name in params}}


def _network(machine: Machine) -> Values:
    yes, rc = {"YES": "1", "NO": "0"}, machine.rc()
    found: Values = {
        "net.inet.ip.forwarding": yes.get(rc.get("gateway_enable", "NO").upper(), "0"),
        "net.inet6.ip6.forwarding": yes.get(rc.get("ipv6_gateway_enable", "NO").upper(), "0"),
        "net.inet.tcp.tso": "1",
    }
    return {**found, **sysctls.values(machine.kernel)}


def put(machine: Machine, name: str, value: str) -> None:
    """Set a value that may be set."""
    if not sysctls.put(machine.kernel, name, value):
        machine.kernel.sysctls[name] = value
    machine.touch()


def refusal(name: str, old: str, new: str) -> str:
    """Say why a value cannot be set; empty when it can."""
    if name in TUNABLES:
        return f"oid '{name}' is a read only tunable\nsysctl: Tunable values are set in /boot/loader.conf"
    if name not in WRITABLE:
        return f"oid '{name}' is read only"
    if name in _TEXTS:
        return ""
    if not new:
        return "empty numeric value"
    if not new.lstrip("-").isdecimal():
        return f"invalid integer '{new}'"
    lowered = name == "kern.securelevel" and int(new) < int(old)
    return f"{name}={new}: Operation not permitted" if lowered else ""
