"""jexec(8): services, packages and commands within a jail.

`-l` gives a clean environment and root's home. All that runs is the jail's own, as root of the jail: no path
below the jail's root is followed on the host.

Source: reference jail-tools §4, §7, §9.2; pkg(8), pkg-audit(8).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput

if TYPE_CHECKING:
    from apps.freebsd.values.inside import CommandWords, PackageName, ServiceName

JEXEC = "/usr/sbin/jexec"
SERVICE, PKG = "/usr/sbin/service", "/usr/sbin/pkg"
SERVICE_TIMEOUT_S = 5 * 60
PKG_TIMEOUT_S = 2 * 3600
COMMAND_TIMEOUT_S = 3600

# pkg audit ends with 1 when something is vulnerable; of the name of no package it tells if the list came.
NO_PACKAGE = "jailpanel-0"
_KERNEL_NAME = re.compile(r"(?=[0-9]*[A-Za-z_])[A-Za-z0-9_]{1,63}")

_SERVICE_PURPOSE = {
    "onestart": "Start {name}, whether or not it is set to start with the jail.",
    "onestop": "Stop {name}, whether or not it is set to start with the jail.",
    "onerestart": "Stop {name} and start it again.",
    "enable": "Set {name} to start with the jail, in the jail’s rc.conf. It is not started by this.",
    "disable": "Set {name} not to start with the jail any more. It is not stopped by this.",
}
_SERVICE_UNDO = {"onestart": "onestop", "onestop": "onestart", "enable": "disable", "disable": "enable"}
SERVICE_WORDS = tuple(_SERVICE_PURPOSE)


def service(jail: str, name: ServiceName, word: str) -> Command:
    """Build the call that starts, stops or switches a service.

    Args:
        jail: The jail's name in the kernel.
        name: The service.
        word: One of SERVICE_WORDS.

    Raises:
        InvalidInput: Another word, or a jail that cannot be named so.
    """
    if word not in _SERVICE_PURPOSE:
        raise InvalidInput("A service is started, stopped, restarted, enabled or disabled.", field="do")
    back = _SERVICE_UNDO.get(word)
    argv = _inside(jail, SERVICE, str(name), word)
    undo = f"service {name} {back}, in the jail" if back else None
    return Command(argv, _SERVICE_PURPOSE[word].format(name=name), undo=undo, timeout_s=SERVICE_TIMEOUT_S)


def install_packages(jail: str, names: tuple[PackageName, ...]) -> Command:
    """Build the call that installs packages with what they need."""
    shown = ", ".join(map(str, names))
    purpose = f"Fetch and install {shown} with what they need, from the repositories that the jail is set to."
    argv = _inside(jail, PKG, "install", "-y", *map(str, names))
    return Command(
        argv, purpose, undo=f"pkg delete {' '.join(map(str, names))}, in the jail", timeout_s=PKG_TIMEOUT_S
    )


def upgrade_packages(jail: str, names: tuple[PackageName, ...]) -> Command:
    """Build the call that upgrades packages, all of them without names."""
    what = ", ".join(map(str, names)) or "every package"
    purpose = f"Bring {what} to the version that the jail’s repositories have."
    return Command(_inside(jail, PKG, "upgrade", "-y", *map(str, names)), purpose, timeout_s=PKG_TIMEOUT_S)


def delete_packages(jail: str, names: tuple[PackageName, ...]) -> Command:
    """Build the call that removes packages, and those that need them."""
    purpose = f"Remove {', '.join(map(str, names))}, and every package that needs them."
    argv = _inside(jail, PKG, "delete", "-y", *map(str, names))
    return Command(
        argv, purpose, undo=f"pkg install {' '.join(map(str, names))}, in the jail", timeout_s=PKG_TIMEOUT_S
    )


def bootstrap_pkg(jail: str) -> Command:
    """Build the call that fetches pkg itself: the base system has a stub only, which would ask."""
    argv = _inside(jail, "/usr/bin/env", "ASSUME_ALWAYS_YES=yes", PKG, "bootstrap")
    purpose = (
        "Fetch pkg itself into the jail; the base system’s stub checks its signature, and would ask first."
    )
    return Command(argv, purpose, undo="pkg delete -f pkg, in the jail", timeout_s=PKG_TIMEOUT_S)


def fetch_vulnerabilities(jail: str) -> Command:
    """Build the call that fetches the list of known vulnerabilities."""
    purpose = (
        "Fetch FreeBSD’s list of known vulnerabilities into the jail. It is asked about the name of no "
        "package, so that its end says whether the list came, and not whether something is vulnerable."
    )
    return Command(_inside(jail, PKG, "audit", "-F", "-q", NO_PACKAGE), purpose, timeout_s=PKG_TIMEOUT_S)


def command(jail: str, words: CommandWords) -> Command:
    """Build the call that runs a program with its arguments, as they stand: no shell reads them."""
    purpose = f"Run {words.words[0]} as root in the jail, with the words as they stand here."
    return Command(_inside(jail, *words.words), purpose, timeout_s=COMMAND_TIMEOUT_S)


def _inside(jail: str, *words: str) -> tuple[str, ...]:
    if not _KERNEL_NAME.fullmatch(jail):
        raise InvalidInput("This jail's name is one that jexec could take for something else.")
    return (JEXEC, "-l", jail, *words)
