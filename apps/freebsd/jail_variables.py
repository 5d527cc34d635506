"""Every variable of ezjail's file of a jail: meaning, default, who writes it, and what is odd about it.

Source: reference ezjail §3.2, §3.5, §3.6; captures ezjail/file-test, jail/conf-generated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import InvalidInput
from apps.freebsd.ezjail_settings import IMAGE_TYPES
from apps.freebsd.setting_kinds import Kind, Value, read_value

_UNSAFE = re.compile(r'["$`\\\x00-\x1f\x7f]')
_NUMBERED = re.compile(r"(?P<stem>[a-z_]+?)(?P<number>[0-9]+)")


@dataclass(frozen=True, slots=True)
class JailVariable:
    """One variable of a jail's file, written there as `export jail_SAFENAME_VARIABLE="…"`.

    Args:
        name: What follows `jail_SAFENAME_`.
        kind: What its value is.
        default: What create writes, `${ezjail_…}` standing for that setting and `${name}` for the jail's
            name; None where it writes none.
        meaning: One sentence.
        jail_parameter: What rc.d/jail makes of it for jail(8), or empty.
        trap: What surprises people about it, or empty.
        written_by: The subcommands that write it, with their options.
        choices: What may stand there, where that is a list.
        numbered: Whether a number follows the name, from 0 on.
    """

    name: str
    kind: Kind
    default: str | None
    meaning: str
    jail_parameter: str = ""
    trap: str = ""
    written_by: tuple[str, ...] = ("create",)
    choices: tuple[str, ...] = ()
    numbered: bool = False

    @property
    def is_ezjails(self) -> bool:
        """Whether ezjail itself knows it, so that it survives `ezjail-admin config`."""
        return self.default is not None

    def read(self, text: str) -> Value:
        """Return what a value means.

        Raises:
            InvalidInput: It is none of this kind.
        """
        return read_value(self.kind, text, self.choices)


def _by_hand(
    name: str, kind: Kind, meaning: str, jail_parameter: str, *, trap: str = "", numbered: bool = False
) -> JailVariable:
    return JailVariable(name, kind, None, meaning, jail_parameter, trap, (), numbered=numbered)


EZJAIL_VARIABLES = (
    JailVariable(
        "hostname", Kind.TEXT, "${name}", "The jail's host name, and the name of its root and its dataset.",
        "host.hostname", written_by=("create", "config -n"),
    ),
    JailVariable(
        "ip", Kind.ADDRESSES, "", "Its addresses, with commas between them, each [INTERFACE|]ADDRESS[/MASK].",
        "ip4.addr, ip6.addr",
        "Nothing checks it: an address that is none, or that another jail has, shows when the jail is "
        "started. Without an interface the host has to have the address already.",
    ),
    JailVariable(
        "rootdir", Kind.PATH, "${ezjail_jaildir}/${name}", "Its root directory.", "path",
        written_by=("create -r", "config -n"),
    ),
    JailVariable(
        "exec_start", Kind.COMMAND, "${ezjail_exec_start}", "What is run in the jail to start it.",
        "exec.start",
    ),
    JailVariable(
        "exec_stop", Kind.COMMAND, "${ezjail_exec_stop}", "What is run in the jail to stop it.", "exec.stop",
        "While it is empty the jail's processes are killed, and its /etc/rc.shutdown never runs: bad for "
        'databases. Set it to "/bin/sh /etc/rc.shutdown jail".',
    ),
    JailVariable(
        "mount_enable", Kind.RC_YES, "${ezjail_mount_enable}",
        "Whether root in the jail may mount file systems that are fit for jails.", "allow.mount",
        "It has nothing to do with the mount of the basejail, which comes from /etc/fstab.SAFENAME.",
    ),
    JailVariable(
        "devfs_enable", Kind.RC_YES, "${ezjail_devfs_enable}", "Whether the jail gets a /dev.", "mount.devfs"
    ),
    JailVariable(
        "devfs_ruleset", Kind.RULESET, "${ezjail_devfs_ruleset}", "Which devices its /dev shows.",
        "devfs_ruleset",
        "Of names only devfsrules_jail counts, which means 4; any other is ignored with a warning.",
    ),
    JailVariable(
        "procfs_enable", Kind.RC_YES, "${ezjail_procfs_enable}", "Whether the jail gets a /proc.",
        "mount.procfs",
    ),
    JailVariable(
        "fdescfs_enable", Kind.RC_YES, "${ezjail_fdescfs_enable}", "Whether the jail gets a /dev/fd.",
        "mount.fdescfs",
    ),
    JailVariable(
        "image", Kind.PATH, "", "The file that holds the jail's file system, where it is an image.",
        written_by=("create -i", "create -c", "config -n"),
    ),
    JailVariable(
        "imagetype", Kind.CHOICE, "", "What the root is: empty for a directory.",
        written_by=("create -i", "create -c", "create -z"), choices=IMAGE_TYPES,
    ),
    JailVariable(
        "attachparams", Kind.WORDS, "", "Arguments with which an encrypted image is attached.",
        written_by=("create -C",),
    ),
    JailVariable(
        "attachblocking", Kind.YES, "", "Whether attaching the image asks for a passphrase.",
        trap="The jail is then passed over at boot.", written_by=("create -c",),
    ),
    JailVariable(
        "forceblocking", Kind.YES, "", "Whether the jail is passed over at boot in any case.",
        written_by=("create -b",),
    ),
    JailVariable(
        "zfs_datasets", Kind.DATASETS, "", "Datasets that are given to the jail once it runs.",
        trap="Each needs jailed=on, which nothing checks or sets. config -z cannot empty the list.",
        written_by=("create", "config -z"),
    ),
    JailVariable(
        "cpuset", Kind.CPUS, "", "The CPUs that the jail may use.",
        trap="config -c works on running jails only, and cannot empty it.",
        written_by=("create", "config -c"),
    ),
    JailVariable(
        "fib", Kind.NUMBER, "", "The number of the routing table of the jail's processes.", "exec.fib",
        written_by=("create", "config -f"),
    ),
    JailVariable(
        "parentzfs", Kind.DATASET, "", "The dataset above the jail's own, where the jail is a dataset.",
        trap="Empty means ezjail_jailzfs, so changing that setting makes ezjail look in another place.",
        written_by=("create -z",),
    ),
    JailVariable(
        "parameters", Kind.PARAMETERS, "", "Parameters of jail(8), with blanks between them.",
        "each of them, after all others",
        "It is split at blanks whatever the quotes, and one wrong word keeps the jail from starting.",
    ),
    JailVariable(
        "post_start_script", Kind.PATH, "",
        "A script of the host that root runs after the jail has started, with JID and safe name.",
        trap="It runs on the host, as root.",
    ),
    JailVariable(
        "retention_policy", Kind.RETENTION, "", "How long snapshots that ezjail makes of it are kept.",
        trap="The unit y ends the script in an error.",
    ),
)  # fmt: skip

# rc.d/jail knows these and ezjail does not: `ezjail-admin config` writes the file anew without them.
EXTRA_VARIABLES = (
    _by_hand(
        "interface", Kind.TEXT, "The interface of addresses that name none.", "interface",
        trap="Stopping the jail takes such an address off the interface, even where it was there before.",
    ),
    _by_hand("ip_multi", Kind.ADDRESSES, "Further addresses.", "ip4.addr, ip6.addr", numbered=True),
    _by_hand(
        "socket_unixiproute_only", Kind.RC_YES, "NO lets the jail use protocols beyond IP.",
        "allow.raw_sockets", trap="YES is the default, and rc.d/jail makes allow.raw_sockets = 0 of it.",
    ),
    _by_hand(
        "set_hostname_allow", Kind.RC_YES, "Whether root in the jail may rename it.", "allow.set_hostname"
    ),
    _by_hand("sysvipc_allow", Kind.RC_YES, "Whether the jail may use System V IPC.", "allow.sysvipc"),
    _by_hand(
        "enforce_statfs", Kind.NUMBER, "How many mount points the jail sees: 0 all, 2 its root only.",
        "enforce_statfs",
    ),
    _by_hand("osreldate", Kind.NUMBER, "The kernel's version number as the jail sees it.", "osreldate"),
    _by_hand("osrelease", Kind.TEXT, "The kernel's release as the jail sees it.", "osrelease"),
    _by_hand("consolelog", Kind.PATH, "Where the output of its start and stop goes.", "exec.consolelog"),
    _by_hand(
        "exec_prestart", Kind.COMMAND, "Run on the host before the jail is made.", "exec.prestart",
        trap="It runs on the host, as root.", numbered=True,
    ),
    _by_hand(
        "exec_poststart", Kind.COMMAND, "Run on the host once the jail has started.", "exec.poststart",
        trap="It runs on the host, as root.", numbered=True,
    ),
    _by_hand(
        "exec_prestop", Kind.COMMAND, "Run on the host before the jail is stopped.", "exec.prestop",
        trap="It runs on the host, as root.", numbered=True,
    ),
    _by_hand(
        "exec_poststop", Kind.COMMAND, "Run on the host once the jail is gone.", "exec.poststop",
        trap="It runs on the host, as root.", numbered=True,
    ),
    _by_hand(
        "fstab", Kind.PATH, "Another file of mounts than /etc/fstab.SAFENAME.", "mount.fstab",
        trap="ezjail goes on writing its own, which then mounts nothing.",
    ),
    _by_hand(
        "exec_afterstart", Kind.COMMAND, "Run in the jail after exec_start.", "exec.start", numbered=True
    ),
    _by_hand(
        "vnet_interface", Kind.WORDS, "Interfaces of a jail with a network stack of its own.",
        "vnet.interface", trap="Such a jail needs an empty ip, which create refuses.",
    ),
    _by_hand(
        "exec", Kind.COMMAND, "An old name of exec_start, which counts while that is empty.", "exec.start"
    ),
)  # fmt: skip

VARIABLES = EZJAIL_VARIABLES + EXTRA_VARIABLES
_BY_NAME = {variable.name: variable for variable in VARIABLES}


def jail_variable(name: str) -> JailVariable | None:
    """Return the variable that `name` (without `jail_SAFENAME_`) is, or None when nobody knows it."""
    found = _BY_NAME.get(name)
    if found is not None:
        return None if found.numbered else found
    form = _NUMBERED.fullmatch(name)
    stem = _BY_NAME.get(form["stem"]) if form else None
    return stem if stem is not None and stem.numbered else None


def check_jail_value(text: str) -> str:
    """Return a value that may stand in a jail's file.

    `ezjail-admin config` writes the file anew with each value within double quotes and escapes nothing, so
    what means something there would be run by root the next time, however well it was quoted before.

    Raises:
        InvalidInput: It holds a double quote, `$`, a backquote, a backslash or a control character.

    Source: reference ezjail §3.2, §3.5.
    """
    if found := _UNSAFE.search(text):
        shown = found[0] if found[0].isprintable() else "a control character"
        raise InvalidInput(
            f"A value in a jail's file cannot hold {shown}: ezjail would have the shell run it."
        )
    return text
