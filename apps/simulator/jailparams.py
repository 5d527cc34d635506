"""The parameters of a jail in the kernel, by the names that jls(8) and jail(8) use.

Source: reference jail-tools.md §1.4, §2.4; captures/jls.json (all-nameval), captures/host.json
(sysctl-jail-params).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator.releases import osreldate

if TYPE_CHECKING:
    from apps.simulator.libxo import Value
    from apps.simulator.machine import Machine
    from apps.simulator.state import Jail

BOOLS = {
    "dying": "false",
    "persist": "false",
    "allow.chflags": "false",
    "allow.mlock": "false",
    "allow.mount": "false",
    "allow.mount.devfs": "false",
    "allow.mount.fdescfs": "false",
    "allow.mount.nullfs": "false",
    "allow.mount.procfs": "false",
    "allow.mount.tmpfs": "false",
    "allow.mount.zfs": "false",
    "allow.quotas": "false",
    "allow.raw_sockets": "false",
    "allow.read_msgbuf": "false",
    "allow.reserved_ports": "true",
    "allow.set_hostname": "true",
    "allow.socket_af": "false",
    "allow.suser": "true",
    "allow.sysvipc": "false",
    "allow.unprivileged_proc_debug": "true",
}
SCALARS = {
    "devfs_ruleset": "0",
    "enforce_statfs": "2",
    "host": "new",
    "parent": "0",
    "securelevel": "-1",
    "sysvmsg": "disable",
    "sysvsem": "disable",
    "sysvshm": "disable",
    "vnet": "inherit",
    "children.cur": "0",
    "children.max": "0",
    "host.domainname": "",
    "host.hostid": "0",
    "host.hostuuid": "00000000-0000-0000-0000-000000000000",
    "ip4.saddrsel": "true",
    "ip6.saddrsel": "true",
}
_OWN = (
    *("jid", "name", "path", "osreldate", "osrelease", "ip4", "ip6", "ip4.addr", "ip6.addr"),
    *("cpuset.id", "host.hostname"),
)
READ_ONLY = frozenset({"dying", "parent", "cpuset.id", "children.cur", "jid"})
ALL = sorted([*BOOLS, *SCALARS, *_OWN], key=lambda name: ("." in name, name))


def known(machine: Machine, name: str) -> bool:
    """Tell whether this machine's kernel has a parameter."""
    return name in ALL and (name != "allow.mount.zfs" or "zfs" in machine.kernel.modules)


def is_bool(name: str) -> bool:
    """Tell whether a parameter is printed as `name` and `noname`."""
    return name in BOOLS or name.endswith(".saddrsel")


def jail_value(machine: Machine, jail: Jail, name: str) -> Value:
    """Give a jail's parameter: text ("true"/"false" for booleans), or a list for addresses."""
    release = jail.osrelease or machine.spec.release
    own: dict[str, Value] = {
        "jid": str(jail.jid),
        "name": jail.name,
        "path": jail.path,
        "osrelease": release,
        "osreldate": jail.params.get("osreldate") or str(osreldate(release)),
        "ip4": jail.ip4_mode,
        "ip6": jail.ip6_mode,
        "ip4.addr": jail.ip4,
        "ip6.addr": jail.ip6,
        "cpuset.id": str(jail.cpuset),
        "host.hostname": jail.hostname,
        "dying": "true" if jail.dying else "false",
        "persist": "true" if jail.persist else "false",
    }
    if name in own:
        return own[name]
    return jail.params.get(name) or BOOLS.get(name) or SCALARS[name]
