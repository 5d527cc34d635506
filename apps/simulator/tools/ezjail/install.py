"""`ezjail-admin install`: fetch the sets, unpack them, patch them, split them.

Source: reference ezjail.md §6.1; captures/ezjail.json (install-…).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import pool, world
from apps.simulator.releases import without_patch
from apps.simulator.tools import registry
from apps.simulator.tools.ezjail.session import ADMIN, Exit
from apps.simulator.tools.ezjail.split import PORTS, split
from apps.simulator.tools.ezjail.zfs import ensure_jailzfs, zfs

if TYPE_CHECKING:
    from apps.simulator.files import Files
    from apps.simulator.tools.ezjail.session import Session

REMOTE_PATHS = (
    *("pub/FreeBSD/releases", "pub/FreeBSD/snapshot", "pub/FreeBSD", "releases", "snapshots"),
    "pub/FreeBSD-Archive/old-releases",
)
UNPACK_SECONDS_EACH = 0.003
DEFAULT_HOST = "ftp.freebsd.org"
PROCESSORS = {"arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where sets come from: protocol, host (a folder for "file"), release."""

    protocol: str
    host: str
    release: str


async def install(session: Session, words: list[str]) -> None:
    """Install a basejail, or parts of one."""
    options, operands = session.options("install", "mMpPsSh:r:", words)
    if operands:
        raise session.usage("install")
    capitals = {letter for letter in "MPS" if letter in options}
    check_securelevel(session, "install")
    if capitals and not session.files.is_dir(session.get("jailbase")):
        raise Exit(
            "Error: The basejail does not exist.\n"
            "  You cannot install distribution packages before creating ezjails environment.\n"
            "  Please run 'ezjail-admin update' or 'ezjail-admin install' using lower case parameters first."
        )
    if {"m", "M"} & set(options):
        await session.say("Note: From FreeBSD 9.0 man pages are part of the base package")
    source = await _source(session, options)
    if not source.release.partition(".")[0].isdecimal():
        raise Exit(f"{source.release} does not look like a valid FreeBSD version descriptor")
    await stage(session)
    await _sets(session, source, options, base=not capitals)
    if not capitals:
        await _patch(session)
        await split(session)
    if {"p", "P"} & set(options):
        await update_ports(session)


def check_securelevel(session: Session, command: str) -> None:
    """Refuse in a secure level, as both install and update do."""
    level = session.machine.kernel.sysctls.get("kern.securelevel", "-1")
    if int(level) > 0:
        raise Exit(
            "Error: You are running in a secure level higher than 0.\n"
            f"  ezjail-admin will not {command} correctly.\n  Please reboot into a lower secure level."
        )


async def _source(session: Session, options: dict[str, str]) -> Source:
    """Work out the host and the release; without -r the host's own release counts, or the user's answer."""
    place = options.get("h") or session.settings.get("ftphost", DEFAULT_HOST)
    protocol, mark, host = place.partition("://")
    if not mark:
        protocol, host = "ftp", place
    if options.get("r"):
        return Source(protocol, host.rstrip("/"), options["r"])
    release = session.call.env.get("UNAME_r") or session.machine.spec.release
    if protocol != "file":
        release = without_patch(release.replace("-STABLE", "-RELEASE"))
    if not release.endswith("-RELEASE"):
        await session.say(f"Your system is {release}. Normally FTP-servers don't provide non-RELEASE-builds.")
        await session.call.out(f"Release to fetch [ {release} ]: ")
        answer = (await session.call.read()).decode("utf-8", "replace").partition("\n")[0].strip()
        release = answer or release
    return Source(protocol, host.rstrip("/"), release)


async def stage(session: Session) -> None:
    """Make an empty fulljail, whatever was left of another one.

    Raises:
        Exit: it cannot be made.
    """
    full, machine = session.get("jailfull"), session.machine
    if session.on("use_zfs"):
        await ensure_jailzfs(session)
        dataset = f"{session.get('jailzfs')}/fulljail"
        if session.files.is_dir(full):
            await zfs(session, lambda: pool.destroy(machine, dataset, recursive=True))
            session.files.remove_tree(full)
        made = await zfs(session, lambda: pool.create(machine, dataset))
    else:
        session.files.remove_tree(full)
        made = _mkdir(session, full)
    if not made:
        raise Exit("Error: Cannot create temporary Jail directory.")


def _mkdir(session: Session, path: str) -> bool:
    try:
        session.files.mkdir(path, parents=True)
    except OSError:
        return False
    return True


async def _sets(session: Session, source: Source, options: dict[str, str], *, base: bool) -> None:
    """Fetch and unpack each set; only lib32 may be missing, and only from a folder."""
    full, temp = session.get("jailfull"), session.get("jailtemp")
    session.files.remove_tree(temp)
    names = ["base"] if base else []
    if base and session.machine.spec.arch == "amd64":
        names.append("lib32")
    if {"s", "S"} & set(options):
        names.append("src")
    for name in names:
        target = session.get("jailbase") if name == "src" and "S" in options else full
        if source.protocol == "file":
            await _unpack_local(session, source, name, target)
        else:
            await _fetch(session, source, name)
            await unpack(session, f"{temp}/{name}.txz", name, target)
            session.files.remove_tree(temp)


async def _unpack_local(session: Session, source: Source, name: str, target: str) -> None:
    path = f"{source.host}/{name}.txz"
    if session.files.is_file(path):
        await unpack(session, path, name, target)
    elif name == "lib32":
        await session.say(f"Warning: Can not access package file {path}, ignored for auto added lib32.")
    else:
        raise Exit(f"Error: Can not access package file {path}")


async def _fetch(session: Session, source: Source, name: str) -> None:
    """Try each path of a server in its turn; fetch(1) says what each answers.

    Raises:
        Exit: the set is nowhere there.
    """
    temp, arch = session.get("jailtemp"), session.machine.spec.arch
    processor = PROCESSORS.get(arch, arch)
    session.files.mkdir(temp, parents=True)
    for path in REMOTE_PATHS:
        url = f"{source.protocol}://{source.host}/{path}/{arch}/{processor}/{source.release}/{name}.txz"
        tool = registry.find(session.call, "fetch")
        if tool is None:
            await session.complain(f"{ADMIN}: fetch: not found")
        elif await tool(session.call.child(("fetch", url), cwd=temp)) == 0:
            return
    host = source.host
    raise Exit(
        f"\nCould not fetch {name} from {source.protocol}://{host}.\n"
        f"  Maybe your release ({source.release}) is specified incorrectly or the host {host} does not "
        "provide that release build.\n"
        "  Use the -r option to specify an existing release or the -h option to specify an alternative ftp "
        "server."
    )


async def unpack(session: Session, path: str, name: str, target: str) -> None:
    """Do `xzdec set | tar --unlink -xpJf - -C target`.

    Raises:
        Exit: the set is damaged or the disk is full; what was unpacked stays.
    """
    found = world.read_set(session.files.read_text(path))
    if found is None:
        await session.complain("tar: Error opening archive: Unrecognized archive format")
        raise Exit(f"Error: Package install script for {name} failed.")
    entries = world.set_entries(name, found.release, found.rc_conf)
    for at, entry in enumerate(entries):
        try:
            extract(session.files, entry, target)
        except OSError as error:
            await session.complain(f"{entry.path}: Can't create: {error.strerror}\ntar: Error exit delayed.")
            raise Exit(f"Error: Package install script for {name} failed.") from None
        if at % 20 == 0:
            await session.call.pause(UNPACK_SECONDS_EACH * 20)


def extract(files: Files, entry: world.Entry, target: str) -> None:
    """Unpack one entry over whatever is there (`tar --unlink`)."""
    place = f"{target}/{entry.path}"
    if entry.text is None:
        files.mkdir(place, entry.mode, parents=True)
        return
    files.remove(place)
    if entry.same_as:
        files.link(f"{target}/{entry.same_as}", place)
    else:
        files.write_text(place, entry.text, entry.mode)


async def _patch(session: Session) -> None:
    """Let freebsd-update patch what was unpacked; its status is not asked."""
    await freebsd_update(session, session.get("jailfull"), ("fetch", "install"))


async def freebsd_update(
    session: Session, folder: str, commands: tuple[str, ...], env: dict[str, str] | None = None
) -> int:
    """Run `env PAGER=/bin/cat freebsd-update -b folder …`.

    Returns:
        Its status; 127 with env's complaint on a machine without it.
    """
    argv = ("freebsd-update", "-b", folder, *commands)
    tool = registry.find(session.call, argv[0])
    if tool is None:
        await session.complain("env: freebsd-update: No such file or directory")
        return 127
    env = {**session.call.env, "PAGER": "/bin/cat", **(env or {})}
    return await tool(session.call.child(argv, env=env))


async def update_ports(session: Session) -> None:
    """Fetch the ports tree with portsnap, which FreeBSD 14 no longer has.

    Raises:
        Exit: it did not work.
    """
    place, call = f"{session.get('jailbase')}/{PORTS}", session.call
    fetch = "cron" if call.env.get("TERM", "") in {"", "dumb"} else "fetch"
    action = "update" if session.files.is_dir(place) else "extract"
    for words in (("portsnap", fetch), ("portsnap", "-p", place, action)):
        tool = registry.find(call, "portsnap")
        status = 127 if tool is None else await tool(call.child(words))
        if tool is None:
            await session.complain("portsnap: not found")
    if status:
        raise Exit("Error: Updating ports failed.")
