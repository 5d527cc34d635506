"""Which settings of a jail have a field, in which group, and what one must hold to change them.

What a setting means, what is dangerous about it and what counts without it is said by the catalogues in
apps.freebsd; here is only what a person calls it and where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.accounts.permissions import Perm
from apps.freebsd.jail_params import PARAMETERS, JailParameter
from apps.freebsd.jail_variables import VARIABLES, JailVariable

ON_THE_HOST = Perm.HOST_SETUP
IN_THE_JAIL = Perm.JAIL_COMMAND
USUAL_COMMANDS = ("", "/bin/sh /etc/rc", "/bin/sh /etc/rc.shutdown", "/bin/sh /etc/rc.shutdown jail")
USUAL_RULESETS = ("", "devfsrules_jail", "4", "5", "devfsrules_jail_vnet")

# What no jail is told without the right to set up its host: root of the host runs it, writes there, or takes
# it for where the jail is.
HOST_VARIABLES = frozenset({
    "exec_prestart", "exec_poststart", "exec_prestop", "exec_poststop", "post_start_script", "consolelog",
    "fstab", "hostname", "rootdir", "image", "imagetype", "attachparams", "attachblocking", "parentzfs",
    "vnet_interface",
})  # fmt: skip
JAIL_COMMANDS = frozenset({"exec_start", "exec_stop", "exec_afterstart", "exec"})
HOST_PARAMETERS = frozenset({"vnet.interface"})


_VARIABLES = {one.name: one for one in VARIABLES}
_PARAMETERS = {one.name: one for one in PARAMETERS}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that has a field.

    Args:
        name: The field's name: `v-VARIABLE` or `p-PARAMETER`, with dashes for dots.
        label: What a person calls it.
        known: What the catalogues say of it.
    """

    name: str
    label: str
    known: JailVariable | JailParameter

    @property
    def is_parameter(self) -> bool:
        """Whether it is a word of the variable `parameters`."""
        return isinstance(self.known, JailParameter)

    @property
    def key(self) -> str:
        """Its name in the file, or that of the parameter."""
        return self.known.name

    @property
    def danger(self) -> str:
        """What is dangerous or surprising about it, or empty."""
        return self.known.danger if isinstance(self.known, JailParameter) else self.known.trap

    @property
    def is_numbered(self) -> bool:
        """Whether it is as many variables as there are lines."""
        return isinstance(self.known, JailVariable) and self.known.numbered

    @property
    def perm(self) -> Perm | None:
        """What one must hold besides, to change it in any way."""
        if self.key in (HOST_PARAMETERS if self.is_parameter else HOST_VARIABLES):
            return ON_THE_HOST
        return IN_THE_JAIL if self.key == "exec_afterstart" else None


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that stand together.

    Args:
        id: For addresses within the page.
        title: The heading.
        settings: In order.
        note: A sentence below the heading.
        is_folded: Whether it is opened only when someone wants it.
    """

    id: str
    title: str
    settings: tuple[Setting, ...]
    note: str = ""
    is_folded: bool = False


def field_name(prefix: str, key: str) -> str:
    """Return the name of a setting's field."""
    return f"{prefix}-{key.replace('.', '-')}"


def _variable(name: str, label: str) -> Setting:
    return Setting(field_name("v", name), label, _VARIABLES[name])


def _parameter(name: str) -> Setting:
    return Setting(field_name("p", name), name, _PARAMETERS[name])


_USUAL = (
    "allow.raw_sockets", "sysvmsg", "sysvsem", "sysvshm", "allow.sysvipc", "allow.mlock", "allow.chflags",
    "allow.set_hostname", "enforce_statfs", "allow.mount.nullfs", "allow.mount.tmpfs", "allow.mount.devfs",
    "allow.mount.procfs", "allow.mount.fdescfs", "allow.mount.zfs", "children.max", "securelevel",
)  # fmt: skip
_RARE = tuple(one.name for one in PARAMETERS if one.name not in _USUAL)

# Variables that say what a parameter says too: they have a field where someone wrote them by hand.
BY_HAND = tuple(
    _variable(name, name)
    for name in ("interface", "socket_unixiproute_only", "set_hostname_allow", "sysvipc_allow",
                 "enforce_statfs", "osreldate", "osrelease", "vnet_interface")
)  # fmt: skip

GROUPS = (
    Group(
        "resources", "CPUs, routing, storage",
        (
            _variable("cpuset", "CPUs"),
            _variable("fib", "Routing table"),
            _variable("zfs_datasets", "ZFS datasets"),
            _variable("retention_policy", "Snapshots are kept"),
        ),
    ),
    Group(
        "filesystems", "File systems",
        (
            _variable("devfs_enable", "A /dev"),
            _variable("devfs_ruleset", "Devices that its /dev shows"),
            _variable("fdescfs_enable", "A /dev/fd"),
            _variable("procfs_enable", "A /proc"),
            _variable("mount_enable", "It may mount file systems itself"),
        ),
    ),
    Group("rights", "What it may do", tuple(_parameter(name) for name in _USUAL)),
    Group("rare", "Rarer parameters", tuple(_parameter(name) for name in _RARE), is_folded=True),
    Group(
        "inside", "Commands in the jail",
        (
            _variable("exec_start", "To start it"),
            _variable("exec_afterstart", "After that"),
            _variable("exec_stop", "To stop it"),
            _variable("forceblocking", "Passed over at boot, and started by hand"),
        ),
        "Root of the jail runs them. Without the right to run commands inside, only the usual ones can be "
        "chosen: /bin/sh /etc/rc, and /bin/sh /etc/rc.shutdown jail.",
    ),
    Group(
        "host", "Commands on the host",
        (
            _variable("exec_prestart", "Before it is made"),
            _variable("exec_poststart", "Once it has started"),
            _variable("exec_prestop", "Before it is stopped"),
            _variable("exec_poststop", "Once it is gone"),
            _variable("post_start_script", "Script after the start"),
            _variable("consolelog", "Its start and stop are logged to"),
        ),
        "Root of the host runs these, outside of any jail: whoever can change them can do anything on the "
        "host. One line is one command.",
        is_folded=True,
    ),
    Group(
        "hand", "Written by hand", BY_HAND,
        "ezjail does not know these; rc.d/jail does. The parameters above say the same, and win.",
        is_folded=True,
    ),
)  # fmt: skip
SETTINGS = {setting.name: setting for group in GROUPS for setting in group.settings}
