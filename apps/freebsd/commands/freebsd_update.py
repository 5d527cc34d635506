"""freebsd-update on the basejail and the template, called directly rather than by `ezjail-admin update -u`.

ezjail calls it with the host's release, without asking what became of it, and where TERM says little as
`freebsd-update cron`, which first sleeps for up to an hour. Called directly, the tree's release is given,
a failure ends the job, and no terminal is needed, whose pager would wait for a key.

Source: reference ezjail §0.9, §6.5, §9 (freebsd-update without TTY; host release ≠ basejail release);
freebsd-src usr.sbin/freebsd-update.
"""

from __future__ import annotations

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Release

FREEBSD_UPDATE = "/usr/sbin/freebsd-update"
TIMEOUT_S = 3 * 3600


def patch(tree: AbsolutePath, release: Release, what: str) -> Command:
    """Build the call that brings a tree to the newest patch level of its release.

    Args:
        tree: The basejail's or the template's directory.
        release: What the tree is, with its patch level.
        what: What to call it in the sentence.

    Raises:
        InvalidInput: freebsd-update publishes nothing for such a release.
    """
    if not release.installable:
        raise InvalidInput(f"FreeBSD publishes no patches for {release.name}.", field="release")
    purpose = (
        f"Bring {what} to the newest patch level of {release.name}: --not-running-from-cron lets it fetch "
        "without a terminal; --currently-running names the tree's own release where it would take the "
        "host's; install follows at once"
    )
    argv = (FREEBSD_UPDATE, "--not-running-from-cron", "-b", str(tree), "--currently-running", str(release))
    undo = f"{FREEBSD_UPDATE} -b {tree} rollback"
    return Command((*argv, "fetch", "install"), f"{purpose}.", undo=undo, timeout_s=TIMEOUT_S)


def finish(tree: AbsolutePath, what: str) -> Command:
    """Build the call that installs what an earlier freebsd-update fetched for a tree and did not install.

    Args:
        tree: The basejail's or the template's directory.
        what: What to call it in the sentence.

    Source: reference ezjail §11 (pending freebsd-update install).
    """
    purpose = f"Install into {what} what freebsd-update has fetched for it and not installed so far."
    undo = f"{FREEBSD_UPDATE} -b {tree} rollback"
    return Command((FREEBSD_UPDATE, "-b", str(tree), "install"), purpose, undo=undo, timeout_s=TIMEOUT_S)


def roll_back(tree: AbsolutePath, what: str) -> Command:
    """Build the call that takes the last update of a tree back.

    Args:
        tree: The basejail's or the template's directory.
        what: What to call it in the sentence.
    """
    purpose = f"Take back what freebsd-update installed last into {what}."
    return Command((FREEBSD_UPDATE, "-b", str(tree), "rollback"), purpose, timeout_s=TIMEOUT_S)
