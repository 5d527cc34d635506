"""What a simulated kernel knows: jails, mounts, processes, datasets. Plain data, saved as JSON."""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from apps.simulator.ipfw.model import Ipfw
from apps.simulator.network import Interface
from apps.simulator.rctl.model import Rctl

T = TypeVar("T")


@dataclass(slots=True)
class Jail:
    """A jail in the kernel.

    Attributes:
        jid: its number.
        name: the kernel's name, with ezjail the safe name.
        path: its root, a host path.
        hostname: host.hostname.
        ip4: IPv4 addresses in order, without prefix.
        ip6: IPv6 addresses likewise.
        ip4_mode: "disable" for a list given by rc.d/jail (captures/jls.json), "new" or "inherit".
        ip6_mode: likewise.
        cpuset: cpuset.id.
        osrelease: what uname says inside.
        params: every other parameter that was set, as text ("true"/"false" for booleans).
        persist: stays without processes.
        dying: removed but not yet gone.
    """

    jid: int
    name: str
    path: str
    hostname: str
    ip4: list[str] = field(default_factory=list)
    ip6: list[str] = field(default_factory=list)
    ip4_mode: str = "disable"
    ip6_mode: str = "disable"
    cpuset: int = 3
    osrelease: str = ""
    params: dict[str, str] = field(default_factory=dict)
    persist: bool = False
    dying: bool = False


@dataclass(slots=True)
class Mount:
    """One mounted file system; `options` without "rw", `dump` and `passno` as in fstab(5)."""

    device: str
    point: str
    fstype: str
    options: list[str] = field(default_factory=list)
    dump: int = 0
    passno: int = 0


@dataclass(slots=True)
class Socket:
    """A listening socket: "tcp4"/"tcp6"/"udp4"/"udp6", descriptor, address ("*" for any), port."""

    proto: str
    descriptor: int
    address: str
    port: int


@dataclass(slots=True)
class Process:
    """A process; memory in KiB, `started` in seconds since the epoch, `cpu_time` in seconds.

    `tty` is the terminal that it has, "-" without one. `uses` says what it uses of further resources, by
    RACCT's names and in its units.
    """

    pid: int
    ppid: int
    command: str
    jid: int = 0
    user: str = "root"
    state: str = "Is"
    rss: int = 2400
    vsz: int = 12800
    started: float = 0.0
    cpu_time: float = 0.05
    cpu_percent: float = 0.0
    comm: str = ""
    tty: str = "-"
    sockets: list[Socket] = field(default_factory=list)
    uses: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Snapshot:
    """A snapshot: the part behind "@", when it was made, the folder that holds its files."""

    name: str
    created: float
    store: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Dataset:
    """A ZFS file system; `mountpoint` as set ("none", "legacy" or a path), `properties` set locally."""

    name: str
    mountpoint: str
    created: float
    mounted: bool = True
    origin: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)


@dataclass(slots=True)
class Kernel:
    """Everything that a reboot changes, and the datasets, which it does not.

    Attributes:
        booted_at: seconds since the epoch, with a fraction.
        interfaces: in the order in which ifconfig lists them.
        jails: in the order of their JIDs.
        mounts: in the order in which they were mounted.
        processes: in the order of their start.
        datasets: parents first.
        modules: loaded kernel modules.
        sysctls: values that were set, over those that the tools work out.
        last_jid: JIDs are given out in order and not used again before a reboot.
        last_pid: likewise, for processes.
        last_cpuset: likewise, for cpusets; two are used for each jail (captures/jls.json).
        ipfw: rules, sets, NAT instances and tables; they count while the module is loaded.
        environment: kenv's variables that were set, over those of loader.conf.
        rctl: rules of resource limits, and what they hang on.
    """

    booted_at: float
    interfaces: list[Interface] = field(default_factory=list)
    jails: list[Jail] = field(default_factory=list)
    mounts: list[Mount] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)
    last_jid: int = 0
    last_pid: int = 600
    last_cpuset: int = 1
    ipfw: Ipfw = field(default_factory=Ipfw)
    environment: dict[str, str] = field(default_factory=dict)
    rctl: Rctl = field(default_factory=Rctl)

    def jail(self, name: str) -> Jail | None:
        """Find a jail by name or JID, as jail_getid(3) does: all digits are a JID."""
        if name.isdecimal():
            return next((jail for jail in self.jails if jail.jid == int(name)), None)
        return next((jail for jail in self.jails if jail.name == name), None)

    def interface(self, name: str) -> Interface | None:
        """Find an interface by name."""
        return next((found for found in self.interfaces if found.name == name), None)

    def dataset(self, name: str) -> Dataset | None:
        """Find a dataset by name."""
        return next((found for found in self.datasets if found.name == name), None)

    def mounted_under(self, path: str) -> list[Mount]:
        """Give what is mounted at a path or below it, in the order of mounting."""
        below = path.rstrip("/") + "/"
        return [mount for mount in self.mounts if mount.point == path or mount.point.startswith(below)]

    def processes_in(self, jid: int) -> list[Process]:
        """Give a jail's processes; 0 is the host."""
        return [process for process in self.processes if process.jid == jid]


def mountpoint_of(datasets: list[Dataset], dataset: Dataset) -> str:
    """Work out where a dataset belongs: its own value, or its parent's and its name."""
    if dataset.mountpoint:
        return dataset.mountpoint
    above, _, leaf = dataset.name.rpartition("/")
    parent = next((item for item in datasets if item.name == above), None)
    point = mountpoint_of(datasets, parent) if parent else "none"
    return point if point in {"none", "legacy"} else f"{point.rstrip('/')}/{leaf}"


def encode(value: Any) -> Any:
    """Turn state into what JSON holds."""
    if is_dataclass(value):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict | types.MappingProxyType):
        return {key: encode(item) for key, item in value.items()}
    return value


def decode(kind: type[T], data: Any) -> T:
    """Make state of a kind from what JSON held; a field that is missing takes its default."""
    return typing.cast("T", _decode(kind, data))


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Tell the types of a kind's fields, worked out once."""
    return typing.get_type_hints(kind)


def _decode(kind: Any, data: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        known = {item.name for item in fields(kind)}
        return kind(**{name: _decode(hints[name], value) for name, value in data.items() if name in known})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if data is None else _decode(arguments[0], data)
    if origin is list:
        return [_decode(arguments[0], item) for item in data]
    if origin is tuple:
        return tuple(_decode(arguments[0], item) for item in data)
    if origin is frozenset:
        return frozenset(data)
    return data
