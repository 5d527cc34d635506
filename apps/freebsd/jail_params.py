"""Parameters of jail(8) that people set for a jail, and ezjail's variable `parameters` that holds them.

Source: jail(8), jail.conf(5); reference jail-tools §2.4, ezjail §3.6; captures jls/all-nameval,
host/sysctl-jail-params (13.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from apps.freebsd.errors import InvalidInput
from apps.freebsd.setting_kinds import Kind, Value, read_value

_WORD = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_.]*)(?:(?P<sign>\+?=)(?P<value>.*))?;*", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_.:/,@%+-]+")
_SHARED = ("disable", "new", "inherit")

_MOUNTS = (
    "It counts only together with allow.mount and with enforce_statfs below 2. {}Whatever mounts can be "
    "used against the kernel from within."
)
_NEWER = "after 13.2"


@dataclass(frozen=True, slots=True)
class JailParameter:
    """One parameter of jail(8).

    Args:
        name: Such as allow.raw_sockets.
        kind: What its value is.
        default: What a jail of ezjail has without it.
        meaning: One sentence.
        danger: What the jail can do with it that it could not do before, or empty.
        choices: What may stand there, for a CHOICE.
        module: The kernel module without which it does not exist, or empty.
        since: From which release on there is such a parameter; empty where 13.2 has it already.
        variable: The variable of a jail's file that says the same, or empty; what `parameters` says wins.
    """

    name: str
    kind: Kind
    default: str
    meaning: str
    danger: str = ""
    choices: tuple[str, ...] = ()
    module: str = ""
    since: str = ""
    variable: str = ""

    def read(self, text: str) -> Value:
        """Return what a value means.

        Raises:
            InvalidInput: It is none of this kind.
        """
        return read_value(self.kind, text, self.choices)


def _allow(
    name: str,
    meaning: str,
    danger: str = "",
    *,
    default: str = "false",
    module: str = "",
    since: str = "",
    variable: str = "",
) -> JailParameter:
    return JailParameter(
        f"allow.{name}", Kind.TRUTH, default, meaning, danger, module=module, since=since, variable=variable
    )


def _mount(name: str, danger: str = "", module: str = "") -> JailParameter:
    meaning = f"Root in the jail may mount and unmount {name} file systems."
    return _allow(f"mount.{name}", meaning, _MOUNTS.format(danger and f"{danger} "), module=module)


def _ipc(name: str, what: str) -> JailParameter:
    return JailParameter(
        name, Kind.CHOICE, "disable", f"System V {what}: none, of its own, or the host's.",
        "With inherit the jail sees and changes those of the host and of other jails that inherit; new is "
        "what databases such as PostgreSQL need.",
        _SHARED, module=name,
    )  # fmt: skip


PARAMETERS = (
    _allow(
        "raw_sockets", "Root in the jail may open raw sockets, which ping and traceroute need.",
        "It can send packets of its own making, though from its own addresses only.",
        variable="socket_unixiproute_only",
    ),
    _allow("set_hostname", "Root in the jail may change its host name.", variable="set_hostname_allow"),
    _allow(
        "sysvipc", "The jail may use System V IPC: all three of sysvmsg, sysvsem and sysvshm on inherit.",
        "It shares them with the host and other jails; take sysvmsg, sysvsem and sysvshm on new instead.",
        variable="sysvipc_allow",
    ),
    _allow(
        "chflags", "Root in the jail may change the flags of files, such as schg.",
        "It can undo the protection of files that the host protected so.",
    ),
    _allow(
        "mount", "Root in the jail may mount file systems that are marked as fit for jails.",
        "It counts with enforce_statfs below 2 only; it is the first of two keys to all allow.mount.*.",
        default="true", variable="mount_enable",
    ),
    _mount("devfs", "Set devfs_ruleset as well, or the jail gets at the host's disks."),
    _mount("fdescfs"),
    _mount("nullfs"),
    _mount("procfs"),
    _mount("tmpfs", "It can fill the host's memory."),
    _mount("zfs", "It manages the datasets that were given to it.", module="zfs"),
    _mount("fusefs", "A program in the jail then answers the kernel's file system calls.", module="fusefs"),
    _mount("linprocfs", module="linprocfs"),
    _mount("linsysfs", module="linsysfs"),
    _allow(
        "quotas", "Root in the jail may manage disk quotas.",
        "They are those of whole file systems, which others share.",
    ),
    _allow(
        "socket_af", "The jail may open sockets of protocols beyond IP, local and routing ones.",
        "Those protocols know nothing of jails.",
    ),
    _allow("mlock", "The jail may lock memory, which some databases and key stores want.",
           "It can take memory from everybody else; set a limit on memory lock with rctl."),
    _allow(
        "reserved_ports", "Root in the jail may use ports below 1024.", default="true",
    ),
    _allow(
        "read_msgbuf", "The jail may read the kernel's messages, as dmesg shows them.",
        "They tell of the host and of other jails.",
    ),
    _allow("unprivileged_proc_debug", "Users in the jail may use debuggers.", default="true"),
    _allow(
        "suser", "Root in the jail has the rights of root; without it root is a user like others.",
        default="true",
    ),
    _allow(
        "vmm", "The jail may run bhyve virtual machines.",
        "A guest's hardware is the host's kernel.", module="vmm",
    ),
    _allow(
        "nfsd", "The jail may run an NFS server; it needs vnet, and a root that is a file system of its own.",
        since=_NEWER,
    ),
    _allow("extattr", "Root in the jail may change extended attributes of the system.", since=_NEWER),
    _allow("adjtime", "Root in the jail may slew the clock.", "It is the whole host's.", since=_NEWER),
    _allow("settime", "Root in the jail may set the clock.", "It is the whole host's.", since=_NEWER),
    _allow(
        "routing", "Root in the jail may change routes where the jail has no network stack of its own.",
        "They are the routes of the whole host.", since=_NEWER,
    ),
    _allow(
        "setaudit", "Root in the jail may set the state of audit sessions.",
        "It can switch off the audit of its own sessions.", since=_NEWER,
    ),
    _allow(
        "unprivileged_parent_tampering",
        "Users of the host may signal and debug processes in the jail that have the same user id.",
        since=_NEWER,
    ),
    JailParameter(
        "enforce_statfs", Kind.CHOICE, "2",
        "Which mount points the jail sees: 0 all, 1 those below its root, 2 that of its root only.",
        "With 0 it learns the host's; with 1 or 0 mounts in the jail become possible.",
        ("0", "1", "2"), variable="enforce_statfs",
    ),
    JailParameter(
        "devfs_ruleset", Kind.NUMBER, "0", "The number of the devfs ruleset for file systems of kind devfs "
        "in the jail; /dev itself has ruleset 4 unless this says another.",
        "A ruleset that shows disks lets root in the jail change any file of the host.",
        variable="devfs_ruleset",
    ),
    JailParameter(
        "children.max", Kind.NUMBER, "0", "How many jails the jail may make itself.",
        "Each of them can do what this one can, and takes from the same resources.",
    ),
    JailParameter(
        "securelevel", Kind.NUMBER, "-1",
        "The jail's kern.securelevel, from -1 to 3; never below the host's.",
        "From 1 on flags of files cannot be taken away in it, which can make updates in the jail fail.",
    ),
    JailParameter(
        "vnet", Kind.CHOICE, "inherit", "Whether the jail has a network stack of its own.",
        "Its addresses then come from within it: ip has to be empty, which ezjail-admin create refuses.",
        ("inherit", "new"),
    ),
    JailParameter(
        "vnet.interface", Kind.TEXT, "", "Interfaces that a jail with its own network stack gets.",
        "The host loses them while the jail runs.", variable="vnet_interface",
    ),
    JailParameter(
        "ip4", Kind.CHOICE, "new", "IPv4: none, the jail's addresses, or all of the host's.",
        "With inherit the jail can listen on every address of the host.", _SHARED,
    ),
    JailParameter(
        "ip6", Kind.CHOICE, "disable", "IPv6: none, the jail's addresses, or all of the host's.",
        "With inherit the jail can listen on every address of the host.", _SHARED,
    ),
    JailParameter(
        "ip4.saddrsel", Kind.TRUTH, "true",
        "Whether IPv4 connections choose the best of the jail's addresses; "
        "otherwise they always take the first.",
    ),
    JailParameter(
        "ip6.saddrsel", Kind.TRUTH, "true",
        "Whether IPv6 connections choose the best of the jail's addresses; "
        "otherwise they always take the first.",
    ),
    _ipc("sysvmsg", "message queues"),
    _ipc("sysvsem", "semaphores"),
    _ipc("sysvshm", "shared memory"),
    JailParameter(
        "host.hostname", Kind.TEXT, "", "The host name in the jail; as a rule ezjail's own name of the jail.",
        "ezjail, its files and the jail's root keep their name, and so does the panel.", variable="hostname",
    ),
    JailParameter("host.domainname", Kind.TEXT, "", "The NIS domain name in the jail."),
    JailParameter("host.hostuuid", Kind.TEXT, "00000000-0000-0000-0000-000000000000", "The jail's UUID."),
    JailParameter("host.hostid", Kind.NUMBER, "0", "The jail's host id."),
    JailParameter(
        "osrelease", Kind.TEXT, "", "What uname -r says in the jail; as a rule the host's release.",
        "It changes what programs think, not what the kernel can do.", variable="osrelease",
    ),
    JailParameter(
        "osreldate", Kind.NUMBER, "", "What uname -K says in the jail; as a rule the host's number.",
        "It changes what programs think, not what the kernel can do.", variable="osreldate",
    ),
    JailParameter("persist", Kind.TRUTH, "false", "Whether the jail stays when no process is left in it."),
    JailParameter(
        "linux", Kind.CHOICE, "inherit", "Whether the jail has settings of its own for Linux programs.",
        choices=("inherit", "new"), module="linux",
    ),
    JailParameter(
        "stop.timeout", Kind.NUMBER, "10",
        "Seconds that processes have to end when the jail is stopped, before they are killed.",
    ),
    JailParameter(
        "exec.timeout", Kind.NUMBER, "", "Seconds after which a start or stop that hangs is given up.",
        "A start that takes longer fails and is unwound.",
    ),
)  # fmt: skip
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def jail_parameter(name: str) -> JailParameter | None:
    """Return the parameter of that name, or None when we know nothing of it."""
    return _BY_NAME.get(name)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of `parameters`.

    Args:
        text: It to the byte.
        name: The parameter, without the `no` of its negation; empty when the word is no parameter.
        value: Its value without quotes; `true` or `false` for a bare name or its negation.
    """

    text: str
    name: str = ""
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the word that `text` is."""
        form = _WORD.fullmatch(text)
        if form is None:
            return cls(text)
        name = form["name"]
        if form["value"] is not None:
            return cls(text, name, form["value"].rstrip(";").strip("\"'"))
        plain = _without_no(name)
        return cls(text, plain, "true" if plain == name else "false")

    @property
    def parameter(self) -> JailParameter | None:
        """What is known of it."""
        return jail_parameter(self.name)

    @property
    def meaning(self) -> Value | None:
        """What its value means; None when it is no parameter that we know, or no value of it."""
        try:
            return self.parameter.read(self.value) if self.parameter else None
        except InvalidInput:
            return None

    @property
    def problem(self) -> str:
        """Why jail(8) would not take it, as far as we know; or empty."""
        if not self.name:
            return f"“{self.text}” is no parameter, and keeps the jail from starting."
        try:
            if self.parameter:
                self.parameter.read(self.value)
        except InvalidInput as error:
            return f"{self.name}: {error.message}"
        return ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """ezjail's variable `parameters`: words with blanks between them, each a statement of jail.conf.

    rc.d/jail splits it at blanks whatever the quotes, so no value holds one. Words that we do not know are
    kept as they are.

    Args:
        words: In order; of several for one parameter the last counts.
    """

    words: tuple[Word, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parameters in `text`."""
        return cls(tuple(Word.parse(word) for word in text.split()))

    def __str__(self) -> str:
        return " ".join(word.text for word in self.words)

    def value(self, name: str) -> str | None:
        """Return what the last word for `name` says, or None when there is none."""
        return next((word.value for word in reversed(self.words) if word.name == name), None)

    def set(self, name: str, value: str) -> Self:
        """Return them with `name` set to `value`, in the place of the first word that set it.

        Args:
            name: A parameter of the catalogue.
            value: As jail.conf has it; true and false for a truth value.

        Raises:
            InvalidInput: We know no such parameter, or it takes no such value; `field` is name or value.
        """
        word = _made(name, value)
        if [one.meaning for one in self.words if one.name == name] == [word.meaning]:
            return self
        at = next((at for at, one in enumerate(self.words) if one.name == name), len(self.words))
        others = [one for one in self.words if one.name != name]
        before = sum(one.name != name for one in self.words[:at])
        return type(self)((*others[:before], word, *others[before:]))

    def unset(self, name: str) -> Self:
        """Return them without `name`."""
        return type(self)(tuple(word for word in self.words if word.name != name))


def _made(name: str, value: str) -> Word:
    parameter = jail_parameter(name)
    if parameter is None:
        raise InvalidInput(f"{name} is no parameter of jail(8) that the panel knows.", field="name")
    try:
        truth = bool(parameter.read(value))
    except InvalidInput as error:
        raise InvalidInput(error.message, field="value") from None
    if not _PLAIN.fullmatch(value):
        raise InvalidInput(
            "A parameter's value is of letters, digits and _ . : / , @ % + - only, without blanks.",
            field="value",
        )
    return Word.parse(f"{name}={int(truth) if parameter.kind is Kind.TRUTH else value}")


def _without_no(name: str) -> str:
    """Return the name of the parameter whose negation `name` is: allow.nomount is that of allow.mount.

    A name that we do not know may begin with `no` of its own accord.
    """
    before, dot, last = name.rpartition(".")
    plain = f"{before}{dot}{last.removeprefix('no')}"
    return plain if plain in _BY_NAME and name not in _BY_NAME else name
