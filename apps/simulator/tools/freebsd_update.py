"""freebsd-update(8) on simulated trees: it looks at bin/freebsd-version and moves its patch level.

Source: reference jail-tools.md §9.3; ezjail.md §6, §9 (pkgbase), §11 (pending installs); freebsd-src
usr.sbin/freebsd-update (BDHASH, check_pkgbase); the progress lines: inferred.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import packages, patches, world
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.freebsd_version import userland_of
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

WORKDIR = "/var/db/freebsd-update"
USAGE = "usage: freebsd-update [options] command ..."
FETCH_SECONDS, INSTALL_SECONDS = 6.0, 4.0
VERBS = frozenset({"fetch", "cron", "upgrade", "updatesready", "install", "rollback", "showconfig"})
PACKAGED = "freebsd-update is incompatible with the use of packaged base"
QUESTION = "Does this look reasonable (y/n)? "
AGAIN = (
    "Completing this upgrade requires removing old shared object files.\n"
    "Please rebuild all installed 3rd party software (e.g., programs\n"
    "installed from the ports tree) and then run\n"
    "'freebsd-update [options] install' again to finish installing updates."
)
CHANGED = ("/bin/freebsd-version", "/lib/libc.so.7", "/usr/lib/libssl.so.111", "/usr/sbin/sshd")


@dataclass(slots=True)
class Update:
    """One run.

    Attributes:
        call: the call.
        base: the tree that is updated.
        running: the release that it is believed to be.
        interactive: it may fetch without a terminal.
        fetched: fetch has run in this very call.
        target: the release to upgrade to (-r).
    """

    call: Call
    base: str
    running: str
    interactive: bool
    fetched: bool = False
    target: str = ""

    @property
    def mark(self) -> str:
        """Where it notes what waits to be installed; one for each tree."""
        return self._note("install")

    @property
    def way_back(self) -> str:
        """Where it notes what was there before the last installation."""
        return self._note("rollback")

    def _note(self, what: str) -> str:
        named = f"{self.base}\n".encode()  # echo ${BASEDIR} | sha256 -q
        return f"{WORKDIR}/{hashlib.sha256(named).hexdigest()}-{what}"

    @property
    def world(self) -> str:
        """What the tree says it is."""
        script = f"{self.base.rstrip('/')}/bin/freebsd-version"
        if self.base == "/":
            return self.call.machine.spec.userland or self.call.machine.spec.release
        return userland_of(self.call.machine.files, script) or self.running


@tool("/usr/sbin/freebsd-update")
async def freebsd_update(call: Call) -> int:
    """Play freebsd-update; everything that it says goes to standard output."""
    long = {"--not-running-from-cron", "--debug"}
    words = [word for word in call.args if word not in long]
    running = ""
    if "--currently-running" in words:
        at = words.index("--currently-running")
        running = words[at + 1]
        del words[at : at + 2]
    try:
        found, verbs = getopt(words, "b:d:Ff:j:k:r:s:t:v:")
    except BadOption:
        return await _say(call, USAGE)
    options = dict(found)
    if not verbs or not set(verbs) <= VERBS:
        return await _say(call, USAGE)
    release = running or call.env.get("UNAME_r", "") or call.machine.spec.release
    interactive = call.stdin_tty or "--not-running-from-cron" in call.args
    update = Update(call, options.get("b", "/"), release, interactive, target=options.get("r", ""))
    if update.base == "/" and "FreeBSD-runtime" in packages.installed(call.machine.files):
        return await _say(call, PACKAGED)
    return await _all(update, verbs)


async def _say(call: Call, text: str, status: int = 1) -> int:
    await call.out(text + "\n")
    return status


async def _all(update: Update, verbs: list[str]) -> int:
    """Run the commands one after the other until one fails."""
    runs = {
        "fetch": _fetch,
        "cron": _fetch,
        "install": _install,
        "updatesready": _ready,
        "rollback": _rollback,
        "upgrade": _upgrade,
    }
    for verb in verbs:
        if verb not in runs:
            return await _say(update.call, f"freebsd-update: the simulator does not play {verb}", 64)
        if verb in {"fetch", "upgrade"} and not update.interactive:
            return await _say(
                update.call,
                f"freebsd-update {verb} should not be run non-interactively.\n"
                + ("Run freebsd-update cron instead." if verb == "fetch" else ""),
            )
        status = await runs[verb](update)
        if status:
            return status
    return 0


async def _fetch(update: Update) -> int:
    call = update.call
    base = update.running.partition("-p")[0]
    target = patches.newest(update.running)
    await call.out("src component not installed, skipped\n")
    if call.machine.faults.fetch_fails:
        await call.out("Looking up update.FreeBSD.org mirrors... none found.\n")
        return await _say(
            call,
            f"Fetching metadata signature for {base} from update.FreeBSD.org... failed.\n"
            "No mirrors remaining, giving up.",
        )
    await call.out("Looking up update.FreeBSD.org mirrors... 3 mirrors found.\n")
    source = f"Fetching metadata signature for {base} from update1.freebsd.org..."
    if target is None:
        return await _say(call, f"{source} failed.\nNo mirrors remaining, giving up.")
    for line in (
        source,
        "Fetching metadata index...",
        "Fetching 2 metadata files...",
        "Inspecting system...",
        "Preparing to download files...",
    ):
        await call.out(line)
        await call.pause(FETCH_SECONDS / 5)
        await call.out(" done.\n")
    update.fetched = True
    return await _found(update, target)


async def _found(update: Update, target: str) -> int:
    """Say what the servers have over what the tree is."""
    call, files = update.call, update.call.machine.files
    if update.world == target or not _same_release(update.world, target):
        files.remove(update.mark)
        return await _say(call, f"\nNo updates needed to update system to {target}.", 0)
    await call.out(f"Fetching {len(CHANGED)} patches.. done.\nApplying patches... done.\n")
    await call.out(f"The following files will be updated as part of updating to\n{target}:\n")
    await call.out("".join(f"{name}\n" for name in CHANGED))
    files.mkdir(WORKDIR, parents=True)
    files.write_text(update.mark, target)
    return 0


def _same_release(world_release: str, target: str) -> bool:
    return world_release.partition("-p")[0] == target.partition("-p")[0]


async def _ready(update: Update) -> int:
    if update.call.machine.files.is_file(update.mark):
        text = "There are updates available to install.\nRun 'freebsd-update install' to proceed."
        return await _say(update.call, text, 0)
    return await _say(update.call, "No updates are available to install.", 2)


async def _install(update: Update) -> int:
    call, files = update.call, update.call.machine.files
    if not files.is_file(update.mark):
        if update.fetched:
            return 0
        text = "No updates are available to install.\nRun 'freebsd-update fetch' first."
        return await _say(call, text, 2)
    await call.out("Installing updates...")
    await call.pause(INSTALL_SECONDS)
    target, _, stage = files.read_text(update.mark).partition("\n")
    was = update.world
    _become(update, target)
    await call.out(" done.\n")
    if stage:  # an upgrade: the old libraries go with the next installation
        files.write_text(update.mark, target)
        files.write_text(update.way_back, was)
        return await _say(call, AGAIN, 0)
    if was != target:
        files.write_text(update.way_back, was)
    files.remove(update.mark)
    return 0


def _become(update: Update, release: str) -> None:
    """Make a tree one of another release, as far as anything asks."""
    call, files = update.call, update.call.machine.files
    script = f"{update.base.rstrip('/')}/bin/freebsd-version"
    if update.base == "/":
        call.machine.spec = dataclasses.replace(call.machine.spec, userland=release)
        call.machine.touch()
    elif files.is_file(script):
        files.write_text(script, world.freebsd_version_script(release), 0o555)


async def _upgrade(update: Update) -> int:
    """Fetch another release, once someone at the terminal agrees; it is installed in two goes."""
    call, files = update.call, update.call.machine.files
    target = patches.newest(update.target)
    if not update.target:
        return await _say(call, "freebsd-update: Release target must be specified via -r option.")
    await call.out("src component not installed, skipped\n")
    await call.out("Looking up update.FreeBSD.org mirrors... 3 mirrors found.\n")
    if target is None or call.machine.faults.fetch_fails:
        return await _say(call, "Fetching metadata signature... failed.\nNo mirrors remaining, giving up.")
    await call.pause(FETCH_SECONDS)
    await call.out(f"The following components of FreeBSD seem to be installed:\nworld/base\n\n{QUESTION}")
    if not (await call.read()).startswith(b"y"):
        return await _say(call, "")
    await call.out(f"Fetching {len(CHANGED)} files... done.\nTo install the downloaded upgrades, run ")
    files.mkdir(WORKDIR, parents=True)
    files.write_text(update.mark, f"{target}\nlibraries")
    return await _say(call, "'freebsd-update [options] install'.", 0)


async def _rollback(update: Update) -> int:
    files = update.call.machine.files
    if not files.is_file(update.way_back):
        return await _say(update.call, "No rollback directory found.")
    await update.call.out("Uninstalling updates...")
    _become(update, files.read_text(update.way_back))
    files.remove(update.way_back)
    return await _say(update.call, " done.", 0)
