"""What the agent's script works out of a host's files for its facts, done here as it does it there.

Paths are real ones, as they are for the script; `tests/simulator/test_inprocess.py` compares the two
byte by byte.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping

from apps.simulator import flavours, packages, shellvars

Result = tuple[bytes, bytes, int]
EZJAIL = "/usr/local/etc/ezjail"
BASEJAIL_PARTS = (
    *("bin/sh", "libexec/ld-elf.so.1", "usr/bin/env", "bin/freebsd-version", "usr/lib32", "usr/src"),
    *("usr/src/Makefile", "usr/ports", "usr/ports/Makefile"),
)
TEMPLATE_PARTS = (
    *("etc/rc", "basejail", "bin", "boot", "lib", "libexec", "rescue", "sbin", "usr/bin", "usr/include"),
    *("usr/lib", "usr/libdata", "usr/libexec", "usr/sbin", "usr/src", "usr/share", "usr/lib32", "usr/ports"),
)
_PLAIN = re.compile(rb"[A-Za-z0-9_.-]{1,255}")
_SAFE = re.compile(rb"[A-Za-z0-9_]{1,63}")
_JID = re.compile(r"0|[1-9][0-9]{0,9}")
_ROOTDIR = re.compile(
    rb"""^(?:.*[ \t;])?jail_[A-Za-z0-9_]*_rootdir=(?:"(/[^"\n]*)"|'(/[^'\n]*)'|(/[A-Za-z0-9_./-]*))""",
    re.MULTILINE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Lines of ezjail.conf that are settings and nothing else; any other is code, which only sh can run.
_SETTING = re.compile(
    r"""\s*(#.*)?|\s*(export\s+)?[A-Za-z_]\w*=("[^"`$\\]*"|'[^']*'|[^\s"'`$\\;&|<>()#]*)\s*(#.*)?"""
)

_OTHER_SETTINGS = (
    ("sourcetree", "/usr/src"),
    ("default_execute", "/usr/bin/login -f root"),
    *((name, "YES") for name in ("uglyperlhack", "mount_enable", "devfs_enable")),
    ("devfs_ruleset", "devfsrules_jail"),
    *((name, "YES") for name in ("procfs_enable", "fdescfs_enable")),
    ("exec_start", "/bin/sh /etc/rc"),
    *((name, "") for name in ("imagetype", "zfs_properties", "zfs_jail_properties")),
    *((name, "") for name in ("default_retention_policy", "cpuset", "fib", "parameters", "zfs_datasets")),
    *((name, "") for name in ("post_start_script", "retention_policy")),
)


def is_regular(path: str) -> bool:
    """Tell whether a regular file is there that is no link."""
    return os.path.isfile(path) and not os.path.islink(path)  # noqa: PTH113, PTH114 - hot


def modified(path: str) -> int:
    """Tell when a file was last written, in nanoseconds; 0 when there is none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - hot
    except OSError:
        return 0


def contents(path: str) -> bytes:
    """Read a file."""
    with open(path, "rb") as file:  # noqa: PTH123 - hot
        return file.read()


def listed(folder: str) -> list[bytes]:
    """Give the names that `folder/*` gives, in the order of LC_ALL=C."""
    try:
        return sorted(name for name in os.listdir(os.fsencode(folder)) if not name.startswith(b"."))  # noqa: PTH208
    except OSError:
        return []


def starting_with(prefix: str) -> list[str]:
    """Give the paths of `prefix*` whose ends are plain names."""
    folder, _, start = prefix.rpartition("/")
    head = os.fsencode(start)
    names = [name for name in listed(folder) if name.startswith(head) and _PLAIN.fullmatch(name[len(head) :])]
    return [f"{folder}/{os.fsdecode(name)}" for name in names]


def settings_of(root: str) -> dict[str, str] | None:
    """Work out ezjail's effective settings.

    Args:
        root: the real root of the host's tree.

    Returns:
        Each setting that the script prints; None when the file holds more than assignments.
    """
    path = f"{root}/usr/local/etc/ezjail.conf"
    text = contents(path).decode("utf-8", "surrogateescape") if os.path.isfile(path) else ""  # noqa: PTH113
    if not all(_SETTING.fullmatch(line) for line in text.split("\n")):
        return None
    given = shellvars.parse(text)

    def setting(name: str, default: str = "") -> str:
        return given.get(f"ezjail_{name}", default)

    jaildir = setting("jaildir", "/usr/jails")
    return {
        "jaildir": jaildir,
        "jailbase": setting("jailbase", f"{jaildir}/basejail"),
        "jailtemplate": setting("jailtemplate", f"{jaildir}/newjail"),
        "flavours_dir": setting("flavours_dir", f"{jaildir}/flavours"),
        "archivedir": setting("archivedir", f"{jaildir}/ezjail_archives"),
        "ftphost": setting("ftphost", "ftp.freebsd.org"),
        "use_zfs": setting("use_zfs", "NO"),
        "use_zfs_for_jails": setting("use_zfs_for_jails"),
        "jailzfs": setting("jailzfs"),
        "default_flavour": setting("default_flavour"),
        "exec_stop": setting("exec_stop"),
        "jailfull": setting("jailfull", f"{jaildir}/fulljail"),
        "jailtemp": setting("jailtemp", f"{jaildir}/ezjailtemp"),
        **{name: setting(name, default) for name, default in _OTHER_SETTINGS},
    }


class Sections:
    """The script's functions for one host."""

    def __init__(self, root: str) -> None:
        """Work below a real root; the settings come later."""
        self.root = root
        self.settings: Mapping[str, str] = {}

    def of(self, name: str) -> Callable[..., Result] | None:
        """Give the function of a name; None when it is not done here."""
        known: dict[str, Callable[..., Result]] = {
            "ezjail_settings": self.ezjail_settings,
            "names_in": self.names_in,
            "directories_in": self.directories_in,
            "odd_names_in": self.odd_names_in,
            "id_files": self.id_files,
            "archives": self.archives,
            "flavour_files": self.flavour_files,
            "jail_roots": self.jail_roots,
            "kind_of": self.kind_of,
            "basejail": self.basejail,
            "basejail_release": self.basejail_release,
            "update_marks": self.update_marks,
            "sets": self.sets,
            "restores": self.restores,
            "pkgbase": self.pkgbase,
        }
        return known.get(name)

    def path_of(self, setting: str) -> str:
        """Give the folder that a setting names, or one that is not there."""
        value = self.settings.get(setting, "")
        named = value.startswith("/") and not _CONTROL.search(value)
        return self.root + (value if named else "/nonexistent")

    def dataset_of(self, name: str) -> str:
        """Give a dataset below the one that the settings name, or below one that is not there."""
        value = self.settings.get("jailzfs", "")
        named = re.match(r"[A-Za-z]", value) and not _CONTROL.search(value)
        return f"{value if named else 'nonexistent'}/{name}"

    def ezjail_settings(self) -> Result:
        """Print the settings; one that holds a control character is complained of instead."""
        out, err = "", ""
        for name, value in self.settings.items():
            if _CONTROL.search(value):
                err += f"{name} holds a control character\n"
            else:
                out += f"{name}={value}\n"
        return _bytes(out), _bytes(err), 0

    def names_in(self, folder: str) -> Result:
        """Print the plain names in a folder."""
        return b"".join(name + b"\n" for name in listed(folder) if _PLAIN.fullmatch(name)), b"", 0

    def directories_in(self, folder: str) -> Result:
        """Print the plain names of the folders in a folder."""
        found = [name for name in listed(folder) if _PLAIN.fullmatch(name) and _kind(folder, name) == b"d"]
        return b"".join(name + b"\n" for name in found), b"", 0

    def odd_names_in(self, folder: str) -> Result:
        """Count the names that are not plain."""
        odd = [name for name in listed(folder) if not _PLAIN.fullmatch(name)]
        there = [name for name in odd if os.path.exists(os.fsencode(folder) + b"/" + name)]  # noqa: PTH110
        return b"%d\n" % len(there), b"", 0

    def flavour_files(self) -> Result:
        """Print mode, size and path of what the flavours hold."""
        return flavours.listed(self.path_of("flavours_dir")), b"", 0

    def archives(self) -> Result:
        """Print size, time and name of each archive."""
        folder = self.path_of("archivedir")
        names = [name for name in listed(folder) if _PLAIN.fullmatch(name)]
        ordered = [n for end in (b".tar.gz", b".tgz") for n in names if n.endswith(end)]
        out = b""
        for name in ordered:
            path = f"{folder}/{os.fsdecode(name)}"
            if is_regular(path):
                state = os.stat(path)  # noqa: PTH116 - hot
                out += b"%d %d %s\n" % (state.st_size, int(state.st_mtime), name)
        return out, b"", 0

    def id_files(self) -> Result:
        """Print what rc.d/jail wrote: safe names and JIDs."""
        out, folder = b"", f"{self.root}/var/run"
        for name in listed(folder):
            match = re.fullmatch(rb"jail_(.*)\.id", name, re.DOTALL)
            path = f"{folder}/{os.fsdecode(name)}"
            if match and _SAFE.fullmatch(match[1]) and is_regular(path):
                line = contents(path).partition(b"\n")[0].strip(b" \t").decode("latin-1")
                if _JID.fullmatch(line) and int(line) <= 9999999999:
                    out += match[1] + b" " + line.encode() + b"\n"
        return out, b"", 0

    def jail_roots(self) -> Result:
        """Print what lies in the jails' folder, and whether the root of each jail with a file is there."""
        folder = self.path_of("jaildir")
        out = b""
        for name in listed(folder):
            kind = _kind(folder, name)
            there = kind != b"f" or os.path.exists(os.fsencode(folder) + b"/" + name)  # noqa: PTH110
            if _PLAIN.fullmatch(name) and there:
                out += kind + b" " + name + b"\n"
        return out + self._rootdirs(), b"", 0

    def _rootdirs(self) -> bytes:
        out = b""
        for name in listed(self.root + EZJAIL):
            for found in _ROOTDIR.finditer(contents(f"{self.root}{EZJAIL}/{os.fsdecode(name)}")):
                directory = found[1] or found[2] or found[3]
                there = os.path.isdir(os.fsencode(self.root) + directory)  # noqa: PTH112
                out += b"root " + directory + (b" yes\n" if there else b" no\n")
        return out

    def kind_of(self, name: str, path: str) -> Result:
        """Print what is at a path, under a name."""
        return _bytes(name) + b" " + _what(path) + b"\n", b"", 0

    def basejail(self) -> Result:
        """Print what the parts of the basejail and its template are."""
        base, template = self.path_of("jailbase"), self.path_of("jailtemplate")
        jaildir = self.path_of("jaildir")
        rows = [(f"basejail/{part}", f"{base}/{part}") for part in BASEJAIL_PARTS]
        rows += [(f"newjail/{part}", f"{template}/{part}") for part in TEMPLATE_PARTS]
        rows += [(name, f"{jaildir}/{name}") for name in ("fulljail", "ezjailtemp")]
        return b"".join(_bytes(name) + b" " + _what(path) + b"\n" for name, path in rows), b"", 0

    def basejail_release(self) -> Result:
        """Print the line in which the basejail says its release."""
        path = f"{self.path_of('jailbase')}/bin/freebsd-version"
        if not is_regular(path):
            return b"", b"", 0
        match = re.search(rb"^USERLAND_VERSION=.*$", contents(path), re.MULTILINE)
        return (match[0] + b"\n" if match else b""), b"", 0

    def update_marks(self) -> Result:
        """Print for each tree whether freebsd-update has fetched what it has not installed."""
        out = ""
        for tree in ("jailbase", "jailtemplate"):
            named = self.path_of(tree).removeprefix(self.root) + "\n"
            mark = f"{self.root}/var/db/freebsd-update/{hashlib.sha256(named.encode()).hexdigest()}-install"
            out += f"{tree} {'pending' if os.path.lexists(mark) else 'none'}\n"
        return _bytes(out), b"", 0

    def sets(self) -> Result:
        """Print the distribution sets that the panel has fetched to here."""
        folder, out = f"{self.root}/var/db/jailpanel/files/sets", b""
        for release in self.directories_in(folder)[0].splitlines():
            names = self.names_in(f"{folder}/{release.decode()}")[0].splitlines()
            out += b"".join(b"%s/%s\n" % (release, name) for name in names if name.endswith(b".txz"))
        return out, b"", 0

    def restores(self) -> Result:
        """Print the names of what restores left in /tmp."""
        start, folder = b"ezjail.prop.", f"{self.root}/tmp"  # noqa: S108 - a simulated host's
        names = [name for name in listed(folder) if name.startswith(start) and _PLAIN.fullmatch(name)]
        found = [name for name in names if is_regular(f"{folder}/{os.fsdecode(name)}")]
        return b"".join(name + b"\n" for name in found), b"", 0

    def pkgbase(self) -> Result:
        """Print the package that the host's own base system comes from, if it does."""
        database = self.root + packages.DATABASE
        if not os.path.exists(self.root + packages.PKG) or not is_regular(database):  # noqa: PTH110 - hot
            return b"", b"", 0
        found = b'"FreeBSD-runtime"' in contents(database)
        return (b"FreeBSD-runtime\n" if found else b""), b"", 0


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _kind(folder: str, name: bytes) -> bytes:
    path = os.fsencode(folder) + b"/" + name
    if os.path.islink(path):  # noqa: PTH114 - hot
        return b"l"
    return b"d" if os.path.isdir(path) else b"f"  # noqa: PTH112 - hot


def _what(path: str) -> bytes:
    """Say what is at a path: a link with its target, a file, a folder, nothing."""
    if os.path.islink(path):  # noqa: PTH114 - hot
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - hot
        shown = re.sub(rb"[^ -~\n]", b"?", target)
        return b"link " + shown.partition(b"\n")[0]
    if os.path.isfile(path):  # noqa: PTH113 - hot
        return b"file"
    return b"dir" if os.path.isdir(path) else b"missing"  # noqa: PTH112 - hot
