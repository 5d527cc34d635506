"""pkg(8) and the base system's pkg(7), which fetches it: bootstrap, install, delete, info.

Each of pkg's words is entered with `@word`, so that a module beside this one can add its own.

Source: pkg(7), pkg(8), reference jail-tools.md §9.2; the texts: inferred.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import packages, releases
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.rcfile import quoted
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.files import Files
    from apps.simulator.packages import Package

USAGE = """Usage: pkg [-v] [-d] [-l] [-N] [-j <jail name or id>|-c <chroot path>|-r <rootdir>]
           [-C <configuration file>] [-R <repo config dir>] [-o var=value] [-4|-6] <command> [<args>]

For more information on available commands and options see 'pkg help'."""
NOT_THERE = (
    "The package management tool is not yet installed on your system.\n"
    "Do you want to fetch and install it now? [y/N]: "
)
NO_SUCH = "pkg: No packages available to install matching '{}' have been found in the repositories\n"
FETCH_SECONDS, UNPACK_SECONDS = 2.0, 0.5
YES = ("yes", "true", "on", "1")


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the real pkg.

    Attributes:
        call: with the words behind the command as its arguments.
        files: the tree that it works on: the host's, or a jail's.
        jid: the jail that it was told to work in; 0 is where it runs itself.
    """

    call: Call
    files: Files
    jid: int = 0

    @property
    def assumes_yes(self) -> bool:
        """The environment answers every question."""
        return self.call.env.get("ASSUME_ALWAYS_YES", "").lower() in YES


Word = Callable[[Run, list[str]], Awaitable[int]]
WORDS: dict[str, Word] = {}


def word(name: str) -> Callable[[Word], Word]:
    """Enter the decorated function as a command of pkg; it is given what stands behind the name."""

    def enter(function: Word) -> Word:
        WORDS[name] = function
        return function

    return enter


@tool("/usr/sbin/pkg", packages.PKG)
async def pkg(call: Call) -> int:
    """Play pkg."""
    try:
        found, rest = getopt(call.args, "46C:c:dj:lNo:R:r:v")
    except BadOption as bad:
        return await call.fail(f"{bad.text('pkg')}\n{USAGE}")
    if not call.files.exists(packages.PKG) and (rest[:1] == ["bootstrap"] or ("N", "") not in found):
        status = await _bootstrap(call, rest)
        if status or rest[:1] == ["bootstrap"]:
            return status
    return await _again(call, rest) if rest[:1] == ["bootstrap"] else await _real(call, dict(found), rest)


async def _real(call: Call, options: dict[str, str], rest: list[str]) -> int:
    """Be the real pkg."""
    run = await _run(call, options)
    if run is None:
        return 1
    if "N" in options:
        return await _is_active(run)
    if "v" in options:
        await call.out(f"{packages.REPOSITORY['pkg'].version}\n")
        return 0
    command = WORDS.get(rest[0]) if rest else None
    if command is None:
        text = f"pkg: '{rest[0]}' is not a valid command.\n\n" if rest else "pkg: not enough arguments\n"
        return await call.fail(f"{text}{USAGE}", 64)
    return await command(run, rest[1:])


async def _run(call: Call, options: dict[str, str]) -> Run | None:
    """Find the tree that -j or -r names."""
    if name := options.get("j", ""):
        jail = call.machine.kernel.jail(name)
        if jail is None:
            await call.err(f"pkg: jail_attach({name}): No such jail: {quoted(name)}\n")
            return None
        return Run(call, call.machine.jail_files(jail), jail.jid)
    if folder := options.get("r") or options.get("c"):
        return Run(call, call.files.view(folder))
    return Run(call, call.files)


async def _is_active(run: Run) -> int:
    """Say whether there is a pkg, and how many packages (`pkg -N`)."""
    if not run.files.exists(packages.PKG) and not run.jid:
        return await run.call.fail("pkg: pkg is not installed")
    await run.call.out(f"pkg: {len(packages.installed(run.files))} packages installed\n")
    return 0


async def _bootstrap(call: Call, rest: list[str]) -> int:
    """Fetch the real pkg, where the environment or -y says yes; nobody is there to be asked."""
    says_yes = call.env.get("ASSUME_ALWAYS_YES", "").lower() in YES or rest[:2] == ["bootstrap", "-y"]
    if not says_yes:
        await call.out(NOT_THERE)
        await call.err("\n")
        return 1
    major = releases.osreldate(call.machine.spec.release) // 100_000
    site = f"pkg+https://pkg.FreeBSD.org/FreeBSD:{major}:{call.machine.spec.arch}/quarterly"
    await call.out(f"Bootstrapping pkg from {site}, please wait...\n")
    await call.pause(FETCH_SECONDS)
    if call.machine.faults.fetch_fails:
        await call.err(
            f"pkg: Error fetching {site}/Latest/pkg.pkg: No address record\n"
            "A pre-built version of pkg could not be found for your system.\n"
        )
        return 1
    package = packages.REPOSITORY["pkg"]
    await call.out("Verifying signature with trusted certificate pkg.freebsd.org.2013102301... done\n")
    await unpack(Run(call, call.files), [package])
    return 0


async def _again(call: Call, rest: list[str]) -> int:
    version = packages.REPOSITORY["pkg"].version
    if "-f" in rest:
        return await _bootstrap(call, ["bootstrap", "-y"])
    await call.out(f"pkg already bootstrapped at {packages.PKG} ({version})\n")
    return 0


@word("install")
async def install(run: Run, words: list[str]) -> int:
    """Play `pkg install -y NAME…`."""
    call = run.call
    found, names = getopt(words, "AfFgIiMnqr:UxyC")
    letters = {letter for letter, _ in found}
    if not names:
        return await call.fail("Usage: pkg install [-AfIMnFqRUy] [-r reponame] <pkg-name> ...", 64)
    if not await catalogue(run):
        return 1
    if missing := [name for name in names if name not in packages.REPOSITORY]:
        await call.err("".join(NO_SUCH.format(name) for name in missing))
        return 1
    new = packages.wanted(run.files, names)
    return await _install(run, new, letters) if new else await _nothing(run)


async def _nothing(run: Run) -> int:
    await run.call.out(
        "Checking integrity... done (0 conflicting)\n"
        "The most recent versions of packages are already installed\n"
    )
    return 0


async def _install(run: Run, new: list[Package], letters: set[str]) -> int:
    await _announce(run, new)
    if "n" in letters:
        return 1
    if "y" not in letters and not run.assumes_yes:
        await run.call.out("Proceed with this action? [y/N]: \n")
        return 1
    return await unpack(run, new)


async def catalogue(run: Run) -> bool:
    """Bring the catalogue up to date; False when the repository cannot be reached."""
    call = run.call
    await call.out("Updating FreeBSD repository catalogue...\n")
    await call.pause(FETCH_SECONDS)
    if call.machine.faults.fetch_fails:
        await call.err(
            "pkg: Repository FreeBSD cannot be opened. 'pkg update' required\n"
            "Unable to update repository FreeBSD\nError updating repositories!\n"
        )
        return False
    await call.out("FreeBSD repository is up to date.\nAll repositories are up to date.\n")
    return True


async def _announce(run: Run, new: list[Package]) -> None:
    have = len(packages.installed(run.files))
    lines = "".join(f"\t{package.name}: {package.version}\n" for package in new)
    await run.call.out(
        f"The following {len(new)} package(s) will be affected (of {have} checked):\n\n"
        f"New packages to be INSTALLED:\n{lines}\n"
        f"Number of packages to be installed: {len(new)}\n\n"
        f"The process will require {sum(package.size_kb for package in new)} KiB more space.\n"
    )


async def unpack(run: Run, new: list[Package]) -> int:
    """Fetch and install packages one by one; what was installed before a cut stays."""
    call = run.call
    for number, package in enumerate(new, start=1):
        await call.out(f"[{number}/{len(new)}] Installing {package.full_name}...\n")
        await call.pause(UNPACK_SECONDS)
        put_files(run, package)
        packages.store(run.files, {**packages.installed(run.files), package.name: package}.values())
        await call.out(f"[{number}/{len(new)}] Extracting {package.full_name}: .......... done\n")
    return 0


def put_files(run: Run, package: Package) -> None:
    """Put what a package is made of into the tree, as far as anything asks for it."""
    from apps.simulator import provision  # noqa: PLC0415  it knows the tools, and so this one

    on_host = not run.jid and run.files is run.call.machine.files
    if on_host and package.name in {"pkg", "ezjail"}:
        provision.place_package(run.call.machine, package.name)
    elif package.name == "pkg":
        run.files.mkdir(packages.PKG.rpartition("/")[0], parents=True)
        run.files.write_bytes(packages.PKG, b"", 0o555)
    elif script := packages.SCRIPTS.get(package.name):
        run.files.mkdir("/usr/local/etc/rc.d", parents=True)
        run.files.write_text(f"/usr/local/etc/rc.d/{script}", f"#!/bin/sh\n# PROVIDE: {script}\n", 0o555)


@word("delete")
async def delete(run: Run, words: list[str]) -> int:
    """Play `pkg delete -y NAME…`, for packages that nothing here plays."""
    found, names = getopt(words, "aDfginqRxy")
    have = packages.installed(run.files)
    if missing := [name for name in names if name not in have]:
        await run.call.err("".join(f"No packages matched for pattern '{name}'\n" for name in missing))
        return 1
    if "y" not in dict(found) and not run.assumes_yes:
        await run.call.out("Proceed with deinstalling packages? [y/N]: \n")
        return 1
    for name in names:
        await run.call.out(f"Deinstalling {have.pop(name).full_name}...\n")
    packages.store(run.files, have.values())
    return 0


@word("info")
async def info(run: Run, words: list[str]) -> int:
    """Play `pkg info [-q] [-e] [NAME]`."""
    found, names = getopt(words, "aAbBCdDeEfFgiIkloOpqrRsx")
    letters = {letter for letter, _ in found}
    have = packages.installed(run.files)
    shown = [have[name] for name in names if name in have] if names else list(have.values())
    if "e" in letters:
        return 0 if len(shown) == len(names) else 1
    for name in names:
        if name not in have:
            await run.call.err(f"pkg: No package(s) matching {name}\n")
    for package in shown:
        text = package.full_name if "q" in letters else f"{package.full_name:<30} {package.comment}"
        await run.call.out(f"{text}\n")
    return 0 if len(shown) == len(names) or not names else 1
