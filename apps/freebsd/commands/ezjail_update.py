"""ezjail-admin update: from sources, and the ports tree. Patches and upgrades go other ways.

Source: reference ezjail §6.4, §6.5, §9.
"""

from __future__ import annotations

from apps.freebsd.commands import Command
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN, IN_A_TERMINAL, PORTSNAP_GONE
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import AbsolutePath, Release

BUILD_TIMEOUT_S = 24 * 3600
PORTS_TIMEOUT_S = 2 * 3600


def from_sources(tree: AbsolutePath, *, build: bool) -> Command:
    """Build the call that installs the basejail from a source tree of the host's.

    Args:
        tree: The source tree, such as /usr/src.
        build: Whether the world is built first, which takes hours (-b); else it must have been (-i).
    """
    flag = "-b" if build else "-i"
    does = "Build the world from sources and install it" if build else "Install the world that was built"
    purpose = (
        f"{does} into the basejail: -s names the source tree {tree}; ezjail fills fulljail first, then lays "
        "it over the basejail and replaces the template"
    )
    argv = (EZJAIL_ADMIN, "update", "-s", str(tree), flag)
    return Command(argv, f"{purpose}.", timeout_s=BUILD_TIMEOUT_S)


def ports(host_release: Release) -> Command:
    """Build the call that brings the ports tree up to date with portsnap.

    Args:
        host_release: What the host runs.

    Raises:
        InvalidInput: The host has no portsnap.
    """
    if host_release.major >= PORTSNAP_GONE:
        raise InvalidInput(f"FreeBSD {PORTSNAP_GONE} and later have no portsnap.", field="action")
    purpose = (
        "Bring the basejail's ports tree up to date: script gives portsnap the terminal without which it "
        "refuses."
    )
    return Command((*IN_A_TERMINAL, EZJAIL_ADMIN, "update", "-P"), purpose, timeout_s=PORTS_TIMEOUT_S)
