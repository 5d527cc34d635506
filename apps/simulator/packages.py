"""Packages of a simulated host or jail: what its repository offers, and what is installed in a tree.

The database is a file of the tree, where pkg(8) has its own (which is SQLite): so it goes with a jail into
archives and snapshots, and is gone with it. The repository is one for all machines.

Source: pkg(8), pkg(7); what the packages are: inferred.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.simulator.files import Files

DATABASE = "/var/db/pkg/local.sqlite"
PKG = "/usr/local/sbin/pkg"  # the real one; /usr/sbin/pkg is the base system's, which fetches it

# The rc scripts that packages bring.
SCRIPTS = {"nginx": "nginx", "redis": "redis", "postgresql16-server": "postgresql"}


@dataclass(frozen=True, slots=True)
class Package:
    """A package, in the repository or installed.

    Attributes:
        name: e.g. "nginx".
        version: e.g. "1.26.2,3".
        origin: e.g. "www/nginx".
        comment: one line.
        size_kb: installed.
        needs: names of packages that it depends on.
        automatic: it came along with another one.
        locked: nothing changes it.
    """

    name: str
    version: str
    origin: str
    comment: str
    size_kb: int = 100
    needs: tuple[str, ...] = ()
    automatic: bool = False
    locked: bool = False

    @property
    def full_name(self) -> str:
        """Name and version as pkg shows them."""
        return f"{self.name}-{self.version}"


REPOSITORY: dict[str, Package] = {
    package.name: package
    for package in (
        Package("pkg", "1.21.3", "ports-mgmt/pkg", "Package manager", 36_000),
        Package(
            "ezjail",
            "3.4.2_1",
            "sysutils/ezjail",
            "Framework to easily create, manipulate, and run FreeBSD jails",
            180,
        ),
        Package(
            "pcre2", "10.43", "devel/pcre2", "Perl Compatible Regular Expressions library, version 2", 6_100
        ),
        Package("nginx", "1.26.2,3", "www/nginx", "Robust and small WWW server", 1_400, ("pcre2",)),
        Package(
            "readline",
            "8.2.13_2",
            "devel/readline",
            "Library for editing command lines as they are typed",
            1_500,
        ),
        Package(
            "indexinfo", "0.3.1_1", "print/indexinfo", "Utility to regenerate the GNU info page index", 12
        ),
        Package(
            "bash",
            "5.2.37",
            "shells/bash",
            "GNU Project's Bourne Again SHell",
            8_900,
            ("readline", "indexinfo"),
        ),
        Package(
            "ca_root_nss",
            "3.104",
            "security/ca_root_nss",
            "Root certificate bundle from the Mozilla Project",
            290,
        ),
        Package(
            "curl",
            "8.11.1",
            "ftp/curl",
            "Command line tool and library for transferring data with URLs",
            5_200,
            ("ca_root_nss",),
        ),
        Package("sudo", "1.9.16p2", "security/sudo", "Allow others to run commands as root", 7_000),
        Package(
            "postgresql16-server",
            "16.6",
            "databases/postgresql16-server",
            "PostgreSQL database server",
            54_000,
            ("readline",),
        ),
        Package(
            "redis",
            "7.4.1",
            "databases/redis",
            "Persistent key-value database with built-in net interface",
            7_700,
        ),
    )
}


def installed(files: Files) -> dict[str, Package]:
    """Read what a tree has, by name, in the order of names."""
    if not files.is_file(DATABASE):
        return {}
    rows = json.loads(files.read_text(DATABASE) or "[]")
    found = [Package(**{**row, "needs": tuple(row["needs"])}) for row in rows]
    return {package.name: package for package in sorted(found, key=lambda item: item.name)}


def store(files: Files, packages: Iterable[Package]) -> None:
    """Write what a tree has."""
    files.mkdir(DATABASE.rpartition("/")[0], parents=True)
    rows = [asdict(package) for package in sorted(packages, key=lambda item: item.name)]
    files.write_text(DATABASE, json.dumps(rows) + "\n")


def put(files: Files, *names: str, version: str = "") -> None:
    """Install packages of the repository in a tree without a word, as tests and seeds do.

    Args:
        files: the host's tree, or a jail's.
        names: packages.
        version: another version than the repository's, for one that can be upgraded.
    """
    have = installed(files)
    new = {name: REPOSITORY[name] for name in names}
    if version:
        new = {name: replace(package, version=version) for name, package in new.items()}
    store(files, {**have, **new}.values())


def wanted(files: Files, names: Iterable[str]) -> list[Package]:
    """Work out what has to be installed for some packages, those that others need first.

    Raises:
        KeyError: the repository has no such package.
    """
    have = installed(files)
    found: dict[str, Package] = {}

    def add(name: str, *, automatic: bool) -> None:
        if name in have or name in found:
            return
        package = REPOSITORY[name]
        for need in package.needs:
            add(need, automatic=True)
        found[name] = replace(package, automatic=automatic)

    for name in names:
        add(name, automatic=False)
    return list(found.values())
