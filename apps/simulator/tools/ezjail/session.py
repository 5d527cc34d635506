"""One run of ezjail-admin: its settings, its words to the user, and the end of it.

Source: reference ezjail.md §0, §1.0, §4.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator import shellvars
from apps.simulator.files import fault
from apps.simulator.getopt import BadOption, getopt

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.files import Files
    from apps.simulator.machine import Machine

PREFIX = "/usr/local"
CONF = f"{PREFIX}/etc/ezjail.conf"
CONTROL = f"{PREFIX}/etc/ezjail"
EXAMPLES = f"{PREFIX}/share/examples/ezjail"
RC_SCRIPT = f"{PREFIX}/etc/rc.d/ezjail"
ADMIN = f"{PREFIX}/bin/ezjail-admin"
USAGES = {
    "": "[archive|config|console|create|delete|freeze|install|list|restore|snapshot|troubleshoot|update] "
    "{params}",
    "install": "install [-mMpPsS] [-h host] [-r release]",
    "create": "create [-xbi] [-f flavour] [-r jailroot] [-s size] [-c bde|eli|zfs] [-C args] [-a archive] "
    "[-z parentzfs] jailname jailip",
    "delete": "delete [-wf] jailname",
    "update": "update [-s sourcetree|sourceosversion] [-p] (-b|-i|-u|-U|-P)",
    "config": "config [-r run|norun] [-n newname] [-c cpuset] [-z zfs-datasets] [-f fib] "
    "[-i attach|detach|fsck] jailname",
    "console": "console [-f] [-e command] jailname",
    "archive": "archive [-Af] [-a archive] [-d archivedir] jailname [jailname...]",
    "restore": "restore [-f] [-d archivedir] (archive|jailname)...",
    "freeze": "freeze jailname newflavour",
    "troubleshoot": "troubleshoot [jailname...]",
    "list": "list",
}
RESERVED = ("basejail", "newjail", "fulljail", "flavours", "ezjailtemp", "ezjail_archives")
MOUNT_DEFAULTS = ("mount_enable", "devfs_enable", "procfs_enable", "fdescfs_enable")


class Exit(Exception):
    """The script ends with status 1 after these lines on standard error."""


@dataclass(slots=True)
class Session:
    """A run of the script.

    Attributes:
        call: of ezjail-admin.
        settings: `ezjail_*` variables without that prefix: the file's, else the caller's environment's,
            else the defaults; a variable that is set to nothing stays so.
    """

    call: Call
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def machine(self) -> Machine:
        """The host."""
        return self.call.machine

    @property
    def files(self) -> Files:
        """The host's files."""
        return self.call.machine.files

    def get(self, name: str) -> str:
        """Give a setting; empty when it is not set."""
        return self.settings.get(name, "")

    def on(self, name: str) -> bool:
        """Tell whether a setting is exactly YES."""
        return self.get(name) == "YES"

    @property
    def jaildir(self) -> str:
        """Where everything is."""
        return self.get("jaildir")

    async def say(self, text: str) -> None:
        """Print a line on standard output."""
        await self.call.out(text + "\n")

    async def complain(self, text: str) -> None:
        """Print a line on standard error and go on."""
        await self.call.err(text + "\n")

    def usage(self, command: str) -> Exit:
        """Make the end with a sub-command's usage."""
        return Exit(f"Usage: ezjail-admin {self.glob(USAGES[command])}")

    def options(self, command: str, letters: str, words: list[str]) -> tuple[dict[str, str], list[str]]:
        """Read a sub-command's options; a repeated one counts once, with its last value.

        Raises:
            Exit: with the usage, for an option that is unknown or lacks its value.
        """
        try:
            found, operands = getopt(words, letters)
        except BadOption:
            raise self.usage(command) from None
        return dict(found), operands

    def glob(self, text: str) -> str:
        """Expand words against the working folder: usages stand unquoted in the script (§10)."""
        try:
            names = [name for name in self.files.names(self.call.cwd) if not name.startswith(".")]
        except OSError:
            names = []
        words = [_matches(word, names) or [word] for word in text.split()]
        return " ".join(name for found in words for name in found)

    async def write(self, path: str, text: str) -> None:
        """Write a file as the shell's `>` does: when that fails, it says so and the script goes on."""
        try:
            self.files.write_text(path, text, 0o644)
        except OSError as error:
            await self.complain(f"{ADMIN}: cannot create {path}: {error.strerror}")


def _matches(word: str, names: list[str]) -> list[str]:
    if "[" not in word or "]" not in word:
        return []
    return [name for name in names if fnmatch.fnmatchcase(name, word)]


def read_settings(call: Call) -> dict[str, str]:
    """Work the settings out.

    Raises:
        OSError: the file cannot be read.
    """
    files, env = call.machine.files, call.env
    found = {key: value for key, value in env.items() if key.startswith("ezjail_")}
    if files.is_file(CONF):
        found.update(shellvars.parse(files.read_text(CONF), found))
    elif files.is_dir(CONF):
        raise fault(21, CONF)
    settings = {
        key.removeprefix("ezjail_"): value for key, value in found.items() if key.startswith("ezjail_")
    }
    for name, value in _defaults(settings).items():
        settings.setdefault(name, value)
    return settings


def _defaults(settings: dict[str, str]) -> dict[str, str]:
    """Give the defaults of reference §4."""
    jaildir = settings.get("jaildir", "/usr/jails")
    paths = {
        "jailtemplate": "newjail",
        "jailbase": "basejail",
        "jailfull": "fulljail",
        "jailtemp": "ezjailtemp",
        "flavours_dir": "flavours",
        "archivedir": "ezjail_archives",
    }
    return {
        "jaildir": jaildir,
        **{name: f"{jaildir}/{leaf}" for name, leaf in paths.items()},
        "sourcetree": "/usr/src",
        "default_execute": "/usr/bin/login -f root",
        "uglyperlhack": "YES",
        **dict.fromkeys(MOUNT_DEFAULTS, "YES"),
        "devfs_ruleset": "devfsrules_jail",
        "exec_start": "/bin/sh /etc/rc",
        "use_zfs": "NO",
    }
