"""The file that `ezjail-admin create` writes for a jail, foretold, so that it can be changed by comparison.

Create has no option for most variables. What it leaves is known beforehand: a header, then 22 exports in one
order, each with what it was told or with what ezjail.conf says. Should it ever write something else, the
comparison finds that, and nothing is changed.

Source: reference ezjail §3.2, §4; captures ezjail.json (file-test, file-two).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.errors import InvalidInput
from apps.freebsd.ezjail_settings import SettingValue, read_settings
from apps.freebsd.jail_variables import EZJAIL_VARIABLES, check_jail_value
from apps.freebsd.shellfile import ShellFile
from apps.freebsd.values import JailAddresses, JailName

CONTROL = "/usr/local/etc/ezjail"
RC_SHUTDOWN = "/bin/sh /etc/rc.shutdown jail"
_PLACEHOLDER = re.compile(r"\$\{ezjail_(?P<setting>[a-z_]+)\}")
_HEADER = """# To specify the start up order of your ezjails, use these lines to
# create a Jail dependency tree. See rcorder(8) for more details.
#
# PROVIDE: standard_ezjail
# REQUIRE: \n# BEFORE: \n#

"""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What ezjail.conf gives to a new jail.

    Args:
        jaildir: Where roots go.
        jailzfs: The dataset above jails' datasets, or empty.
        zfs_for_jails: Whether each jail becomes a dataset unless create is told otherwise.
        settings: Of ezjail.conf, by name.
    """

    jaildir: str
    jailzfs: str
    zfs_for_jails: bool
    settings: Mapping[str, SettingValue]

    @classmethod
    def read(cls, config_text: str, *, jaildir: str, jailzfs: str, zfs_for_jails: bool) -> Defaults:
        """Return what ezjail.conf gives.

        Args:
            config_text: The file.
            jaildir: As the host's own shell has it, as the other two.
            jailzfs: The same.
            zfs_for_jails: The same.
        """
        found = read_settings(ShellFile(config_text.encode("utf-8", "surrogateescape")))
        return cls(jaildir, jailzfs, zfs_for_jails, {value.setting.name: value for value in found})

    def text(self, name: str) -> str:
        """Return what ezjail.conf says of a setting, to be shown: its words where they are computed."""
        found = self.settings[name]
        return found.text or (found.words if found.words != "''" else "")

    def value(self, name: str) -> str:
        """Return a setting's value.

        Raises:
            InvalidInput: Nobody but the host's shell knows it, or it would not stay so in a jail's file.
        """
        found = self.settings[name]
        if found.problem:
            raise InvalidInput(
                f"What create will write cannot be foretold, since {name} in the host's ezjail.conf is not "
                f"plain: {found.problem} Create the jail without this, and set it on its own page afterwards."
            )
        return check_jail_value(found.text)


def foretell(
    name: JailName, addresses: JailAddresses, options: CreateOptions, defaults: Defaults
) -> dict[str, str]:
    """Return the value of each variable in the file that create will write, in its order.

    Raises:
        InvalidInput: ezjail.conf computes one of them.
    """
    told = _told(name, addresses, options, defaults)
    return {
        variable.name: told[variable.name]
        if variable.name in told
        else _default(variable.name, variable.default or "", defaults)
        for variable in EZJAIL_VARIABLES
    }


def file_text(name: JailName, values: Mapping[str, str]) -> str:
    """Return the file with these values, as create writes it."""
    lines = (f'export jail_{name.safe_name}_{key}="{value}"\n' for key, value in values.items())
    return _HEADER + "".join(lines)


def changed(text: str, name: JailName, settings: Iterable[tuple[str, str]]) -> str:
    """Return a jail's file with other values of some variables.

    Raises:
        InvalidInput: A value may not stand in such a file.
    """
    file = ShellFile(text.encode())
    for key, value in settings:
        file = file.set(f"jail_{name.safe_name}_{key}", check_jail_value(value))
    return file.data.decode()


def _told(
    name: JailName, addresses: JailAddresses, options: CreateOptions, defaults: Defaults
) -> dict[str, str]:
    root = root_of(name, options, defaults.jaildir)
    is_zfs = is_dataset(options, defaults)
    return {
        "hostname": name.hostname,
        "ip": str(addresses),
        "rootdir": root,
        "image": f"{root}.img" if options.image_type else "",
        "imagetype": "zfs" if is_zfs else options.image_type,
        "attachparams": "",
        "attachblocking": "YES" if options.storage is Storage.ELI else "",
        "forceblocking": "YES" if options.blocking else "",
        "parentzfs": (options.parent or defaults.jailzfs) if is_zfs else "",
    }


def is_dataset(options: CreateOptions, defaults: Defaults) -> bool:
    """Tell whether the jail will be a dataset."""
    hosts_way = options.storage is Storage.HOSTS and defaults.zfs_for_jails
    return options.storage is Storage.ZFS or hosts_way


def root_of(name: JailName, options: CreateOptions, jaildir: str) -> str:
    """Return where the jail's root will be."""
    return str(options.root) if options.root else f"{jaildir}/{name.hostname}"


def _default(variable: str, default: str, defaults: Defaults) -> str:
    form = _PLACEHOLDER.fullmatch(default)
    if form:
        return defaults.value(f"ezjail_{form['setting']}")
    undocumented = f"ezjail_{variable}"
    return defaults.value(undocumented) if undocumented in defaults.settings else default
