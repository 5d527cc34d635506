"""The names in a FreeBSD distribution set, few enough to be made in a moment and many enough to be believed.

Source: reference ezjail.md §5; captures/ezjail.json (install, tree-after-install, create-…). The
numbers of directories are those of the captures, because `ls -l` shows them as link counts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

MOVED = (
    *("bin", "boot", "lib", "libexec", "rescue", "sbin", "usr/bin", "usr/include", "usr/lib", "usr/libdata"),
    *("usr/libexec", "usr/sbin", "usr/src", "usr/share"),
)
# Folders cost more than all else when a thousand jails are made, so an ordinary machine's world leaves
# out those of the template that nothing asks for.
SPARED = (
    *(
        "media/",
        "net/",
        "usr/obj/",
        "usr/tests/",
        "etc/authpf/",
        "etc/autofs/",
        "etc/bluetooth/",
        "etc/cron.d/",
    ),
    *(
        "etc/devd/",
        "etc/dma/",
        "etc/gss/",
        "etc/jail.conf.d/",
        "etc/kyua/",
        "etc/newsyslog.conf.d/",
        "etc/ntp/",
    ),
    *(
        "etc/ppp/",
        "etc/profile.d/",
        "etc/security/",
        "etc/ssl/",
        "etc/sysctl.kld.d/",
        "etc/syslog.d/",
        "etc/zfs/",
    ),
    *("var/account/", "var/at/", "var/audit/", "var/authpf/", "var/backups/", "var/crash/", "var/games/"),
    *("var/heimdal/", "var/msgs/", "var/preserve/", "var/rwho/", "var/unbound/", "var/yp/"),
)
SET_MAGIC = "FreeBSD distribution set"
# How many names a set's true file holds, what the MANIFEST calls it, and whether the installer takes it.
SETS = {
    "base": (27155, "Base system (MANDATORY)", "on"),
    "lib32": (584, "32-bit compatibility libraries", "on"),
    "ports": (168324, "Ports tree", "off"),
    "src": (95103, "System source tree", "off"),
}

_NAMES = Path(__file__).with_name("base.txt")
_MODES = {"dev/": 0o555, "proc/": 0o555, "tmp/": 0o1777, "COPYRIGHT": 0o444, "boot.config": 0o644}
_RUNNABLE = ("bin/", "sbin/", "libexec/", "rescue/", "usr/bin/", "usr/sbin/", "usr/libexec/", "etc/rc.d/")


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a set: relative path, permissions, contents; `text` is None for a directory.

    `same_as` is the path of an entry before it, of which this one is another name (a hard link).
    """

    path: str
    mode: int
    text: str | None
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class DistributionSet:
    """What a simulated set's file says: name and release, and an etc/rc.conf when it has one."""

    name: str
    release: str
    rc_conf: str = ""


def base_set(release: str, rc_conf: str = "") -> list[Entry]:
    """Give everything in base.txz of a release, parents first.

    Args:
        release: of the world.
        rc_conf: text of its etc/rc.conf; with one the world was packed from a running machine, as
            the one of the captures, and is whole.
    """
    names = _NAMES.read_text().split()
    if rc_conf:
        return [*(_entry(name, release) for name in names), Entry("etc/rc.conf", 0o644, rc_conf)]
    return [_entry(name, release) for name in names if not name.startswith(SPARED)]


def lib32_set() -> list[Entry]:
    """Give what lib32.txz holds."""
    names = ("usr/lib32/", "usr/lib32/libc.so.7", "usr/lib32/libm.so.5", "usr/lib32/libthr.so.3")
    return [_entry(name, "") for name in names]


def src_set() -> list[Entry]:
    """Give what src.txz holds, as far as anything asks."""
    names = ("usr/src/Makefile", "usr/src/UPDATING", "usr/src/etc/", "usr/src/etc/Makefile", "usr/src/sys/")
    return [_entry(name, "") for name in names]


def ports_set() -> list[Entry]:
    """Give what ports.txz holds, as far as anything asks."""
    names = (
        *("usr/ports/", "usr/ports/Makefile", "usr/ports/UPDATING", "usr/ports/MOVED", "usr/ports/Mk/"),
        *("usr/ports/Mk/bsd.port.mk", "usr/ports/www/", "usr/ports/www/nginx/", "usr/ports/ports-mgmt/pkg/"),
    )
    return [_entry(name, "") for name in names]


def manifest(release: str, arch: str) -> str:
    """Make a release's MANIFEST over the sets that the simulated mirrors have.

    Args:
        release: such as "13.2-RELEASE".
        arch: as `uname -m` says.
    """
    lines = []
    for name, (count, text, default) in SETS.items():
        if name != "lib32" or arch == "amd64":
            digest = hashlib.sha256(set_text(name, release).encode()).hexdigest()
            lines.append(f'{name}.txz\t{digest}\t{count}\t{name}\t"{text}"\t{default}\n')
    return "".join(lines)


def freebsd_version_script(release: str) -> str:
    """Make bin/freebsd-version as far as anything reads it."""
    return (
        f'#!/bin/sh\n#\n# Copyright (c) 2013 Dag-Erling Smørgrav\n\nset -e\n\nUSERLAND_VERSION="{release}"\n'
    )


def set_text(name: str, release: str, rc_conf: str = "") -> str:
    """Make the contents of a simulated `<name>.txz`; unpacking needs all of it."""
    return f"{SET_MAGIC}\nname={name}\nrelease={release}\n{rc_conf}end\n"


def read_set(text: str) -> DistributionSet | None:
    """Read a simulated set; None when it was cut short or is none."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 4 or lines[0] != f"{SET_MAGIC}\n" or lines[-1] != "end\n":
        return None
    name, release = lines[1].strip().removeprefix("name="), lines[2].strip().removeprefix("release=")
    return DistributionSet(name, release, "".join(lines[3:-1]))


def set_entries(name: str, release: str, rc_conf: str = "") -> list[Entry]:
    """Give what the set of this name holds."""
    return {
        "base": lambda: base_set(release, rc_conf),
        "lib32": lib32_set,
        "src": src_set,
        "ports": ports_set,
    }[name]()


def _entry(name: str, release: str) -> Entry:
    if name.endswith("/"):
        return Entry(name[:-1], _MODES.get(name, 0o755), None)
    if name == "root/.profile":
        return Entry(name, 0o555, "", same_as=".profile")
    text = freebsd_version_script(release) if name == "bin/freebsd-version" else ""
    mode = 0o555 if name.startswith(_RUNNABLE) or name.endswith(".profile") else 0o644
    return Entry(name, _MODES.get(name, mode), text)
