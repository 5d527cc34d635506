"""Every variable of ezjail.conf: what it is for, its default, and what is odd about it.

Source: reference ezjail §4, §1.6, §6, §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.errors import InvalidInput
from apps.freebsd.setting_kinds import Kind, Value, read_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.freebsd.shellfile import ShellFile

PREFIX = "ezjail_"
_JAILDIR = re.compile(r"\$\{ezjail_jaildir\}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of ezjail.conf.

    Args:
        name: Such as ezjail_jaildir.
        kind: What its value is.
        default: What ezjail takes when it is not set, `${ezjail_jaildir}` standing for that; None where
            ezjail then goes without.
        meaning: One sentence.
        trap: What surprises people about it, or empty.
        in_sample: Whether the file that comes with ezjail names it.
        used_by: The subcommands that go by it.
        jail_variable: The variable of a new jail that it becomes the value of, or empty.
    """

    name: str
    kind: Kind
    default: str | None
    meaning: str
    trap: str = ""
    in_sample: bool = True
    used_by: tuple[str, ...] = ("create",)
    jail_variable: str = ""

    def default_for(self, jaildir: str) -> str:
        """Return the default where the jails are in `jaildir`; empty where there is none."""
        return _JAILDIR.sub(lambda _: jaildir, self.default or "")


@dataclass(frozen=True, slots=True)
class SettingValue:
    """What a setting is on a host.

    Args:
        setting: Which.
        text: Its value; the default where the file sets none; empty where it is computed.
        words: As the file has it, quotes and all; empty where the file does not set it.
        value: The text as what it means; None where it is computed or no such value.
        problem: Why the value is not known, or is none, or may be another one; or empty.
    """

    setting: Setting
    text: str
    words: str
    value: Value | None
    problem: str

    @property
    def is_default(self) -> bool:
        """Whether the file does not set it."""
        return not self.words


_EVERY = ("create", "install", "update", "delete", "config", "list", "archive", "restore", "freeze")
_BECOMES = "New jails get this as their {}; jails that are there keep what they have."
_UNDOCUMENTED = "No manual page names it; it works, and so does one in the caller's environment."

SETTINGS = (
    Setting(
        "ezjail_jaildir", Kind.PATH, "/usr/jails",
        "The directory of the basejail, the template, the flavours, the archives and the jails' roots.",
        "It has to be absolute, which only create checks. Changing it moves nothing: the files of jails that "
        "are there, and their fstabs, go on naming the old place.",
        used_by=_EVERY,
    ),
    Setting(
        "ezjail_jailtemplate", Kind.PATH, "${ezjail_jaildir}/newjail",
        "The template that each new jail is a copy of.",
        "With ezjail_use_zfs its dataset is <ezjail_jailzfs>/newjail whatever is set here. Each install "
        "and each update -b or -i replaces it, changes of one's own with it.",
        used_by=("create", "install", "update"),
    ),
    Setting(
        "ezjail_jailbase", Kind.PATH, "${ezjail_jaildir}/basejail",
        "The base system that all jails share, mounted read-only into each.",
        "With ezjail_use_zfs its dataset is <ezjail_jailzfs>/basejail whatever is set here. The fstabs of "
        "jails that are there keep the old path.",
        used_by=("create", "install", "update"),
    ),
    Setting(
        "ezjail_jailfull", Kind.PATH, "${ezjail_jaildir}/fulljail",
        "Where a base system is unpacked or built before it is split into basejail and template.",
        "Whatever is there is wiped by each install; a jail's root must never be called so.",
        in_sample=False, used_by=("install", "update"),
    ),
    Setting(
        "ezjail_jailtemp", Kind.PATH, "${ezjail_jaildir}/ezjailtemp",
        "Where distribution sets are downloaded to.",
        "Whatever is there is wiped by each install.",
        in_sample=False, used_by=("install",),
    ),
    Setting(
        "ezjail_flavours_dir", Kind.PATH, "${ezjail_jaildir}/flavours",
        "The flavours, one directory each.",
        "Each install writes the flavour example anew.",
        used_by=("create", "install", "update", "freeze"),
    ),
    Setting(
        "ezjail_archivedir", Kind.PATH, "${ezjail_jaildir}/ezjail_archives",
        "Where archives of jails are written to, and looked for.",
        used_by=("archive", "restore"),
    ),
    Setting(
        "ezjail_sourcetree", Kind.PATH, "/usr/src",
        "The sources that update -b and update -i make a base system from.",
        used_by=("update",),
    ),
    Setting(
        "ezjail_ftphost", Kind.SERVER, "ftp.freebsd.org",
        "Where distribution sets come from: a server, a URL, or file:// with a directory of the host.",
        "The default is plain FTP, and nothing that is fetched is verified.",
        used_by=("install",),
    ),
    Setting(
        "ezjail_default_execute", Kind.COMMAND, "/usr/bin/login -f root",
        "What the subcommand console runs in a jail.",
        "It is split at blanks; quotes in it do not count.",
        used_by=("console",),
    ),
    Setting(
        "ezjail_default_flavour", Kind.WORDS, "",
        "The flavours that a new jail gets when none is asked for.",
        "It does not count with -x or -a. A flavour that is not there makes every create fail.",
    ),
    Setting(
        "ezjail_uglyperlhack", Kind.SWITCH, "YES",
        "Whether the basejail gets a link from /usr/bin/perl to the perl of packages.",
        "Any text switches it on, NO as well; only an empty value switches it off.",
        used_by=("install", "update"),
    ),
    Setting(
        "ezjail_mount_enable", Kind.RC_YES, "YES", _BECOMES.format("mount_enable"),
        jail_variable="mount_enable",
    ),
    Setting(
        "ezjail_devfs_enable", Kind.RC_YES, "YES", _BECOMES.format("devfs_enable"),
        jail_variable="devfs_enable",
    ),
    Setting(
        "ezjail_devfs_ruleset", Kind.RULESET, "devfsrules_jail", _BECOMES.format("devfs_ruleset"),
        "Of names only devfsrules_jail counts; any other is ignored with a warning. Take a number.",
        jail_variable="devfs_ruleset",
    ),
    Setting(
        "ezjail_procfs_enable", Kind.RC_YES, "YES", _BECOMES.format("procfs_enable"),
        jail_variable="procfs_enable",
    ),
    Setting(
        "ezjail_fdescfs_enable", Kind.RC_YES, "YES", _BECOMES.format("fdescfs_enable"),
        jail_variable="fdescfs_enable",
    ),
    Setting(
        "ezjail_exec_start", Kind.COMMAND, "/bin/sh /etc/rc", _BECOMES.format("exec_start"),
        jail_variable="exec_start", in_sample=False,
    ),
    Setting(
        "ezjail_exec_stop", Kind.COMMAND, None, _BECOMES.format("exec_stop"),
        "Without it the processes of a jail that is stopped are killed, and its /etc/rc.shutdown never runs: "
        'set it to "/bin/sh /etc/rc.shutdown jail".',
        jail_variable="exec_stop", in_sample=False,
    ),
    Setting(
        "ezjail_imagetype", Kind.CHOICE, None,
        "The manual page says: what create -i makes.",
        "It has no effect, since create empties it first.",
    ),
    Setting(
        "ezjail_use_zfs", Kind.YES, "NO",
        "Whether basejail and template are ZFS datasets.",
        "It has to be YES to the letter; yes or on mean no.",
        used_by=("install", "update", "create"),
    ),
    Setting(
        "ezjail_use_zfs_for_jails", Kind.YES, None,
        "Whether each new jail gets a ZFS dataset of its own.",
        "It has to be YES to the letter. Once it is, create can make jails in plain directories no more: "
        "-c '' does not opt out, although the manual page says so.",
    ),
    Setting(
        "ezjail_jailzfs", Kind.DATASET, None,
        "The ZFS dataset above basejail, template and jails; it is mounted on ezjail_jaildir.",
        "Needed for all that uses ZFS. Its pool has to be online, or create and delete fail.",
        used_by=("install", "update", "create", "delete", "snapshot"),
    ),
    Setting(
        "ezjail_zfs_properties", Kind.OPTIONS, None,
        "Options of the zfs create that makes ezjail_jailzfs, such as -o compression=lz4.",
        "They count once, when the dataset is made.",
        used_by=("install", "update"),
    ),
    Setting(
        "ezjail_zfs_jail_properties", Kind.OPTIONS, None,
        "Options of the zfs create that makes a jail's dataset, such as -o atime=off.",
        "Whether that zfs create worked is not looked at: with a wrong option create goes on without it.",
    ),
    Setting(
        "ezjail_default_retention_policy", Kind.RETENTION, None,
        "How long snapshots that the subcommand snapshot makes are kept, for jails that say nothing else.",
        "The unit y ends the script in an error, and the last clean-up reads dates wrongly.",
        used_by=("snapshot",),
    ),
    *(
        Setting(
            f"{PREFIX}{variable}", kind, None, _BECOMES.format(variable), _UNDOCUMENTED,
            in_sample=False, jail_variable=variable,
        )
        for variable, kind in (
            ("cpuset", Kind.CPUS),
            ("fib", Kind.NUMBER),
            ("parameters", Kind.PARAMETERS),
            ("zfs_datasets", Kind.DATASETS),
            ("post_start_script", Kind.PATH),
            ("retention_policy", Kind.RETENTION),
        )
    ),
)  # fmt: skip
IMAGE_TYPES = ("simple", "bde", "eli", "zfs")
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting(name: str) -> Setting:
    """Return the setting of that name.

    Raises:
        InvalidInput: ezjail knows none.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise InvalidInput(f"ezjail has no setting {name}.") from None


def read_settings(file: ShellFile) -> tuple[SettingValue, ...]:
    """Return all settings as ezjail.conf, over ezjail's defaults, has them.

    What the file computes is not evaluated: what is in effect on a host its own shell says, and a probe
    brings it.
    """
    own = file.reading(f"{PREFIX}jaildir")
    jaildir = own.text if own and own.text is not None else _BY_NAME[f"{PREFIX}jaildir"].default or ""
    return tuple(_value_of(setting, file, jaildir) for setting in SETTINGS)


def unknown_settings(file: ShellFile) -> tuple[str, ...]:
    """Return the names of variables in ezjail.conf that ezjail does not know."""
    return tuple(name for name in file.names if name not in _BY_NAME)


def defaults(values: Mapping[str, str]) -> dict[str, str]:
    """Return the default of each setting, given those that are set; empty where there is none."""
    jaildir = values.get(f"{PREFIX}jaildir", _BY_NAME[f"{PREFIX}jaildir"].default or "")
    return {setting.name: setting.default_for(jaildir) for setting in SETTINGS}


def _value_of(setting: Setting, file: ShellFile, jaildir: str) -> SettingValue:
    reading = file.reading(setting.name)
    problem = file.doubt(setting.name)
    if reading is not None and reading.text is None:
        return SettingValue(setting, "", reading.words, None, problem or "The shell computes it.")
    text = setting.default_for(jaildir) if reading is None else reading.text or ""
    value: Value | None
    try:
        value = read_value(setting.kind, text, IMAGE_TYPES)
    except InvalidInput as error:
        value, problem = None, problem or error.message
    return SettingValue(setting, text, reading.words or "''" if reading else "", value, problem)
