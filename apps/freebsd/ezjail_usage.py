"""Every subcommand of ezjail-admin 3.4.2 and every option of it.

Source: reference ezjail §1, §3.5, §6, §7, §8; captures ezjail/no-arguments and other usage texts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Args:
        flag: Such as -f.
        meaning: What it does, as a phrase.
        argument: What follows it, or empty.
        values: What may follow, where that is a list.
        in_usage: Whether the usage text names it.
    """

    flag: str
    meaning: str
    argument: str = ""
    values: tuple[str, ...] = ()
    in_usage: bool = True

    @property
    def text(self) -> str:
        """The option as one would write it."""
        return f"{self.flag} {'|'.join(self.values) or self.argument}".strip()


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One subcommand.

    Args:
        name: The word.
        meaning: What it does, as a phrase.
        operands: What it takes besides options.
        options: In the order of the usage text.
        in_usage: Whether ezjail-admin's own usage text names it.
    """

    name: str
    meaning: str
    operands: str = ""
    options: tuple[Option, ...] = ()
    in_usage: bool = True

    def option(self, flag: str) -> Option:
        """Return its option `flag`, or raise KeyError."""
        return {option.flag: option for option in self.options}[flag]


SUBCOMMANDS = (
    Subcommand(
        "archive", "writes jails into compressed archives", "jailname...",
        (
            Option("-A", "all jails"),
            Option("-f", "running ones as well"),
            Option("-a", "the archive's name", "archive"),
            Option("-d", "the directory for it", "archivedir"),
        ),
    ),
    Subcommand(
        "config", "changes a jail; drops variables of its file that ezjail does not know", "jailname",
        (
            Option("-r", "whether it starts at boot, or prints that", values=("run", "norun", "test")),
            Option("-n", "renames it", "newname"),
            Option("-c", "binds it to CPUs; works while it runs only", "cpuset"),
            Option("-z", "the datasets that it is given", "zfs-datasets"),
            Option("-f", "its routing table", "fib"),
            Option("-i", "attaches, detaches or checks its image", values=("attach", "detach", "fsck")),
        ),
    ),
    Subcommand(
        "console", "runs a command in a jail, or a login shell", "jailname",
        (
            Option("-f", "starts it first where it does not run"),
            Option("-e", "the command, split at blanks whatever the quotes", "command"),
        ),
    ),
    Subcommand(
        "create", "makes a jail; checks neither name nor addresses", "jailname jailip",
        (
            Option("-x", "registers a root that is there"),
            Option("-b", "the jail is passed over at boot"),
            Option("-i", "the root is a file image"),
            Option("-f", "flavours", "flavour"),
            Option("-r", "the root directory", "jailroot"),
            Option("-s", "the size of the image, or the quota of the dataset", "size"),
            Option("-c", "what the root is", values=("simple", "bde", "eli", "zfs")),
            Option("-C", "arguments of gbde or geli", "args"),
            Option("-a", "fills it from an archive", "archive"),
            Option("-z", "the dataset above its own", "parentzfs"),
            Option("-k", "keeps a snapshot of the untouched jail, which freeze needs", in_usage=False),
            Option("-A", "takes comments from an archived file; restore uses it", "file", in_usage=False),
        ),
    ),
    Subcommand(
        "delete", "forgets a jail", "jailname",
        (
            Option("-w", "removes its root for good"),
            Option("-f", "stops it first, but not one marked norun, whose files go while it runs"),
        ),
    ),
    Subcommand("freeze", "makes a flavour of what was changed in a ZFS jail", "jailname newflavour"),
    Subcommand(
        "install", "fetches and installs the basejail, without verifying anything", "",
        (
            Option("-m", "manual pages; none to fetch since 9"),
            Option("-M", "only them"),
            Option("-p", "the ports tree, with portsnap, which 14 has no more"),
            Option("-P", "only it"),
            Option("-s", "the sources"),
            Option("-S", "only them"),
            Option("-h", "the server", "host"),
            Option("-r", "the release", "release"),
        ),
    ),
    Subcommand("list", "prints the jails and their states"),
    Subcommand(
        "restore", "makes jails of archives; forgets most of their settings",
        "(archive|jailname)...",
        (Option("-f", "those of another host as well"),
         Option("-d", "the directory of archives", "archivedir")),
    ),
    Subcommand("snapshot", "makes ZFS snapshots, and removes old ones", "[jailname...]"),
    Subcommand("troubleshoot", "does nothing", "[jailname...]"),
    Subcommand(
        "update", "brings the basejail up to date", "",
        (
            Option("-s", "the sources, or the release that the basejail has", "sourcetree|sourceosversion"),
            Option("-p", "the ports tree as well"),
            Option("-b", "builds and installs from source"),
            Option("-i", "installs what was built"),
            Option("-u", "patches it, with freebsd-update"),
            Option("-U", "takes it to the host's release; asks questions"),
            Option("-P", "only the ports tree"),
        ),
    ),
    Subcommand("setup", "is update by an older name", in_usage=False),
    *(
        Subcommand(word, meaning, "[jailname...]", in_usage=False)
        for word, meaning in (
            ("start", "starts jails, where ezjail_enable is YES"),
            ("stop", "stops jails, where ezjail_enable is YES"),
            ("restart", "stops and starts them, where ezjail_enable is YES"),
            ("onestart", "starts jails in any case; skips those marked norun"),
            ("onestop", "stops jails in any case; skips those marked norun"),
            ("onerestart", "stops and starts them in any case; skips those marked norun"),
            ("startcrypto", "starts jails that ask for a passphrase"),
            ("stopcrypto", "stops jails that ask for a passphrase"),
        )
    ),
)  # fmt: skip
