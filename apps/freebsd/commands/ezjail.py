"""ezjail-admin: install the basejail, create, start, stop and delete jails.

Every call steers round a trap that the reference names; the purpose says which. There is no `--` before the
operands, since ezjail-admin's start and stop words hand everything on to the rc script, which would take it
for a jail. All calls have the one form that the host agent's allow-list knows; the value types here and that
list both see to it that no operand begins with a dash.

Source: reference ezjail §0, §1, §3.5, §6, §7, §12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.errors import InvalidInput

if TYPE_CHECKING:
    from apps.freebsd.values import FlavourName, JailAddresses, JailName, Mirror, Release

EZJAIL_ADMIN = "/usr/local/bin/ezjail-admin"
IN_A_TERMINAL = ("/usr/bin/script", "-q", "/dev/null")

INSTALL_TIMEOUT_S = 2 * 3600
COPY_TIMEOUT_S = 30 * 60  # create and delete walk a whole root directory
IMAGE_TIMEOUT_S = 2 * 3600  # an image is written in full before anything is copied into it
START_TIMEOUT_S = 15 * 60  # the call lasts until /etc/rc in the jail has ended
CONFIG_TIMEOUT_S = 60

PLAIN = CreateOptions()
PORTSNAP_GONE = 14
NOBODYS = "203.0.113.1"  # of RFC 5737's range for documents; without an interface jail(8) does not add it


def install(
    release: Release, mirror: Mirror, *, sources: bool, ports: bool, host_release: Release
) -> Command:
    """Build the call that installs the basejail, or lays a newer one over it.

    Args:
        release: What to install; its patch level is left to freebsd-update.
        mirror: Where the sets come from.
        sources: Whether to fetch the src set as well.
        ports: Whether to fetch the ports tree with portsnap.
        host_release: What the host runs.

    Raises:
        InvalidInput: Mirrors carry no such release, it is newer than the host's, or the host has no
            portsnap; `field` is release or ports.

    Source: reference ezjail §6.1, §9.
    """
    _check_installable(release, host_release)
    if ports:
        _check_portsnap(host_release)
    pretend = _pretend(release, host_release)
    flags = ("-s",) * sources + ("-p",) * ports
    argv = (*pretend, *IN_A_TERMINAL, EZJAIL_ADMIN, "install", "-h", str(mirror), "-r", release.name, *flags)
    return Command(argv, _install_purpose(release, mirror, flags, pretend), timeout_s=INSTALL_TIMEOUT_S)


def create(
    name: JailName,
    addresses: JailAddresses,
    *,
    flavour: FlavourName | None = None,
    options: CreateOptions = PLAIN,
) -> Command:
    """Build the call that makes a jail; it is not started.

    Args:
        name: The new jail.
        addresses: Its addresses, the private one first.
        flavour: A directory of files that are copied over the new root.
        options: What else create is told. An encrypted image asks for its passphrase, so it gets a terminal.

    Source: reference ezjail §7.
    """
    terminal = IN_A_TERMINAL if options.storage is Storage.ELI else ()
    words = options.words(flavour)
    argv = (*terminal, EZJAIL_ADMIN, "create", *words, str(name), str(addresses))
    flavours = words[1] if words[:1] == ("-f",) else ""
    what = "the archive" if options.archive else "the template"
    purpose = (
        f"Copy {what} into the new jail {name} and register it with {addresses}; each address names "
        "its interface, so that a start of the jail adds it there"
    )
    if flavours:
        named = "the flavours" if " " in flavours else "the flavour"
        purpose += f"; -f lays the files of {named} {flavours} over the copy"
    purpose = "; ".join((purpose, *options.reasons()))
    undo = f"{EZJAIL_ADMIN} delete -w {name}"
    timeout_s = COPY_TIMEOUT_S if options.storage is Storage.HOSTS else IMAGE_TIMEOUT_S
    return Command(argv, f"{purpose}.", undo=undo, timeout_s=timeout_s)


def register(name: JailName, addresses: JailAddresses | None, *, root: str = "") -> Command:
    """Build the call that writes a jail's file and fstab for a root that is there already.

    Nothing is copied, and no flavour is laid over it. On a host that makes every jail a dataset it needs the
    dataset, elsewhere the directory; neither is looked into.

    Args:
        name: The jail.
        addresses: Its addresses; None for one that no host has, so that nothing could start in between.
        root: `fulljail` or `ezjailtemp`, which an install left; else the root is where the name says.

    Source: reference ezjail §7 (-x, -r).
    """
    words = ("-r", root) if root else ()
    where = root or f"what is there of {name}"
    address = str(addresses) if addresses else NOBODYS
    purpose = f"Register {where} with ezjail as the jail {name}, with {address}; -x copies nothing"
    argv = (EZJAIL_ADMIN, "create", "-x", *words, str(name), address)
    undo = f"{EZJAIL_ADMIN} delete {name}"
    return Command(argv, f"{purpose}.", undo=undo, timeout_s=CONFIG_TIMEOUT_S)


def onestart(name: JailName) -> Command:
    """Build the call that starts a jail.

    Source: reference ezjail §1.3 (plain `start` does nothing unless ezjail_enable is YES).
    """
    purpose = f"Start {name} now; onestart does so whether or not ezjail_enable is set."
    return _one("onestart", name, purpose, undo="onestop")


def onestop(name: JailName) -> Command:
    """Build the call that stops a jail.

    Source: reference ezjail §1.3 (plain `stop` does nothing unless ezjail_enable is YES).
    """
    purpose = f"Stop {name} now; onestop does so whether or not ezjail_enable is set."
    return _one("onestop", name, purpose, undo="onestart")


def onerestart(name: JailName) -> Command:
    """Build the call that stops a jail and starts it again.

    Source: reference ezjail §1.3.
    """
    purpose = f"Stop {name} and start it again; onerestart does so whether or not ezjail_enable is set."
    return _one("onerestart", name, purpose, undo=None)


def delete(name: JailName, *, wipe: bool, force: bool) -> Command:
    """Build the call that forgets a jail.

    A running jail that is marked norun is not stopped by -f: clear the mark first with `config_run`.

    Args:
        name: The jail.
        wipe: Whether its root directory goes as well, for good.
        force: Whether a running jail is stopped first.

    Source: reference ezjail §1.2, §0.3.
    """
    flags = ("-w",) * wipe + ("-f",) * force
    purpose = f"Forget {name}: its ezjail file and its fstab go"
    purpose += (
        "; -w removes its root directory with all data in it" if wipe else ", and its root directory stays"
    )
    if force:
        purpose += "; -f stops it first where it runs"
    argv = (EZJAIL_ADMIN, "delete", *flags, str(name))
    return Command(argv, f"{purpose}.", timeout_s=COPY_TIMEOUT_S)


def config_run(name: JailName, run: bool) -> Command:
    """Build the call that says whether a jail starts at boot.

    Args:
        name: The jail.
        run: True to start it at boot; False keeps it from being started or stopped by name as well.

    Source: reference ezjail §3.5 `-r`, §0.3.
    """
    word, other = ("run", "norun") if run else ("norun", "run")
    purpose = (
        f"Let {name} start at boot; while it is marked norun ezjail skips every start and stop of it"
        if run
        else f"Keep {name} from starting at boot; ezjail then also skips every start and stop of it by name"
    )
    undo = f"{EZJAIL_ADMIN} config -r {other} {name}"
    argv = (EZJAIL_ADMIN, "config", "-r", word, str(name))
    return Command(argv, f"{purpose}.", undo=undo, timeout_s=CONFIG_TIMEOUT_S)


def _one(word: str, name: JailName, purpose: str, *, undo: str | None) -> Command:
    back = None if undo is None else f"{EZJAIL_ADMIN} {undo} {name}"
    return Command((EZJAIL_ADMIN, word, str(name)), purpose, undo=back, timeout_s=START_TIMEOUT_S)


def _check_installable(release: Release, host_release: Release) -> None:
    if not release.installable:
        raise InvalidInput(
            f"Mirrors carry no sets of {release.name}: choose a -RELEASE, -RC or -BETA.", field="release"
        )
    if not release.at_most(host_release):
        raise InvalidInput(
            f"A basejail must not be newer than the host's kernel, which is {host_release.name}: "
            "upgrade the host first, or choose an older release.",
            field="release",
        )


def _check_portsnap(host_release: Release) -> None:
    if host_release.major >= PORTSNAP_GONE:
        raise InvalidInput(
            f"FreeBSD {PORTSNAP_GONE} and later have no portsnap, with which ezjail fetches the ports tree: "
            "install without ports, and use packages (pkg) in the jails or clone the ports tree with git "
            "into the basejail.",
            field="ports",
        )


def _pretend(release: Release, host_release: Release) -> tuple[str, ...]:
    if release.name == host_release.name:
        return ()
    return ("/usr/bin/env", f"UNAME_r={release.name}")


def _install_purpose(
    release: Release, mirror: Mirror, flags: tuple[str, ...], pretend: tuple[str, ...]
) -> str:
    where = (
        "a directory of the host, with what was proven"
        if mirror.is_local
        else "a mirror over HTTPS rather than plain FTP"
    )
    parts = [
        f"Install {release.name} as the basejail: -h names {where}",
        "-r names the release, so that ezjail neither guesses nor asks",
        "script gives freebsd-update the terminal without which it refuses to patch",
    ]
    if "-s" in flags:
        parts.append("-s adds the sources")
    if "-p" in flags:
        parts.append("-p adds the ports tree")
    if pretend:
        parts.append(
            "UNAME_r tells freebsd-update the release of the basejail where it would take the host's"
        )
    return "; ".join(parts) + "."
