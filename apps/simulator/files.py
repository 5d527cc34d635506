"""The files of a simulated host: a real directory tree that nothing in it can lead out of.

Paths are the host's own ("/usr/jails/test"). Symbolic links are followed here, component by
component, against the root of the view; the kernel below never follows one for us. Null mounts
are known as `binds`, because the real tree has nothing mounted.
"""

# A jail is hundreds of calls, and pathlib costs several times the call itself.
# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH112, PTH113, PTH114, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

LINKS_MAX = 32
DIR_MODE = 0o755
FILE_MODE = 0o644


def never_full(_path: str) -> None:
    """Let every write through."""


def fault(number: int, path: str) -> OSError:
    """Make the error that the kernel gives for a path."""
    return OSError(number, os.strerror(number), path)


class Files:
    """A tree of files, seen from its root as a host or from a jail's root as the jail sees it."""

    def __init__(
        self,
        root: Path,
        *,
        binds: MutableMapping[str, str] | None = None,
        check_space: Callable[[str], None] = never_full,
        inside: str = "",
    ) -> None:
        """Look at a tree.

        Args:
            root: the real folder that is the host's "/".
            binds: null mounts, mount point to source, in host paths; kept by the machine.
            check_space: asked before each write; raises when the disk is full.
            inside: the jail's root as a host path; empty for the host's own view.
        """
        self.root = str(root)
        self.binds: MutableMapping[str, str] = {} if binds is None else binds
        self.check_space = check_space
        self.inside = inside.rstrip("/")

    def view(self, jail_root: str) -> Files:
        """Look at the same tree from inside a jail: its links end in it, and so does `..`."""
        place = self._resolve(jail_root)
        return Files(Path(self.root), binds=self.binds, check_space=self.check_space, inside=place)

    def real(self, path: str, *, follow: bool = True) -> str:
        """Give the real path behind a path of this view; it need not exist.

        Args:
            path: absolute, as seen in this view.
            follow: follow a symbolic link at the end, too.

        Raises:
            OSError: ELOOP when links go round.
        """
        return self.root + self._resolve(path, follow=follow)

    def _resolve(self, path: str, *, follow: bool = True) -> str:
        """Walk a path's components to a host path in which only the end may be a link."""
        if "\0" in path:
            raise fault(errno.EINVAL, path.replace("\0", "?"))
        todo = [part for part in path.split("/") if part not in {"", "."}][::-1]
        here, links = "", 0
        while todo:
            part = todo.pop()
            if part == "..":
                here = here.rpartition("/")[0]
                continue
            step = self._bound(f"{self.inside}{here}/{part}")
            if (todo or follow) and os.path.islink(self.root + step):
                links += 1
                if links > LINKS_MAX:
                    raise fault(errno.ELOOP, path)
                target = os.readlink(self.root + step)
                here = "" if target.startswith("/") else here
                todo += [word for word in target.split("/") if word not in {"", "."}][::-1]
            else:
                here = f"{here}/{part}"
        return self._bound(self.inside + here)

    def _bound(self, host_path: str) -> str:
        """Put a null mount's source in the place of its mount point."""
        if not self.binds:
            return host_path
        parts = host_path.split("/")
        for end in range(len(parts), 1, -1):
            source = self.binds.get("/".join(parts[:end]))
            if source is not None:
                return "/".join([source.rstrip("/"), *parts[end:]])
        return host_path

    def lstat(self, path: str) -> os.stat_result:
        """Look at what is there, a link itself included."""
        return os.lstat(self.real(path, follow=False))

    def exists(self, path: str) -> bool:
        """Tell whether something is there, at the end of links."""
        return os.path.lexists(self.real(path))

    def lexists(self, path: str) -> bool:
        """Tell whether something is there, a dangling link included."""
        return os.path.lexists(self.real(path, follow=False))

    def is_dir(self, path: str) -> bool:
        """Tell whether a directory is there, as `test -d`."""
        return os.path.isdir(self.real(path))

    def is_file(self, path: str) -> bool:
        """Tell whether a regular file is there, as `test -f`."""
        return os.path.isfile(self.real(path))

    def is_link(self, path: str) -> bool:
        """Tell whether a symbolic link is there, as `test -L`."""
        return os.path.islink(self.real(path, follow=False))

    def readlink(self, path: str) -> str:
        """Give a symbolic link's target."""
        return os.readlink(self.real(path, follow=False))

    def names(self, path: str) -> list[str]:
        """List a directory's names, sorted as LC_ALL=C sorts them."""
        return sorted(os.listdir(self.real(path)), key=os.fsencode)

    def is_empty_dir(self, path: str) -> bool:
        """Tell whether an empty directory is there."""
        return self.is_dir(path) and not self.names(path)

    def read_bytes(self, path: str) -> bytes:
        """Read a whole file."""
        return Path(self.real(path)).read_bytes()

    def read_text(self, path: str) -> str:
        """Read a whole file as text; bytes that are no text survive a round trip."""
        return self.read_bytes(path).decode("utf-8", "surrogateescape")

    def write_bytes(self, path: str, data: bytes, mode: int | None = None) -> None:
        """Write a whole file in place, as a shell's `>` does (not atomic)."""
        self._put(path, data, os.O_TRUNC, mode)

    def write_text(self, path: str, text: str, mode: int | None = None) -> None:
        """Write a whole file in place."""
        self.write_bytes(path, text.encode("utf-8", "surrogateescape"), mode)

    def append_text(self, path: str, text: str) -> None:
        """Add to a file's end, as a shell's `>>` does."""
        self._put(path, text.encode("utf-8", "surrogateescape"), os.O_APPEND, None)

    def _put(self, path: str, data: bytes, how: int, mode: int | None) -> None:
        place = self.real(path)
        if data or not os.path.lexists(place):
            self.check_space(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how
        descriptor = os.open(place, flags, FILE_MODE if mode is None else mode)
        try:
            if data:
                os.write(descriptor, data)
            if mode is not None:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def mkdir(self, path: str, mode: int = DIR_MODE, *, parents: bool = False) -> None:
        """Add a directory.

        Args:
            path: where.
            mode: its permissions.
            parents: make what is missing above it and accept it when it is there (`mkdir -p`).
        """
        place = self.real(path)
        if parents and os.path.isdir(place):
            return
        if parents and path.rstrip("/").count("/") > 1:
            self.mkdir(path.rstrip("/").rpartition("/")[0], parents=True)
        self.check_space(path)
        os.mkdir(place)
        os.chmod(place, mode)

    def symlink(self, target: str, path: str) -> None:
        """Put a symbolic link there; its target need not exist."""
        self.check_space(path)
        os.symlink(target, self.real(path, follow=False))

    def link(self, old: str, new: str) -> None:
        """Give a file a second name, a hard link, in the place of what is there."""
        self.check_space(new)
        self.remove(new)
        os.link(self.real(old, follow=False), self.real(new, follow=False))

    def rename(self, old: str, new: str) -> None:
        """Move to another name: over a file of that name, never into a directory."""
        os.rename(self.real(old, follow=False), self.real(new, follow=False))

    def remove(self, path: str, *, missing_ok: bool = True) -> None:
        """Remove a file or link (`rm -f`)."""
        try:
            os.unlink(self.real(path, follow=False))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        Path(self.real(path, follow=False)).rmdir()

    def remove_tree(self, path: str) -> None:
        """Remove whatever is there, with all below it (`rm -rf`), never following a link."""
        place = self.real(path, follow=False)
        if not os.path.lexists(place):
            return
        if os.path.islink(place) or not os.path.isdir(place):
            os.unlink(place)
            return
        for folder, folders, _names in os.walk(place):
            for name in [folder, *(f"{folder}/{sub}" for sub in folders)]:
                if not os.path.islink(name):
                    os.chmod(name, DIR_MODE)
        shutil.rmtree(place)

    def walk(self, path: str) -> Iterator[str]:
        """Give the paths below a directory, parents first, relative to it, as `find .` does."""
        top = self.real(path)
        yield from _walk(top, "")

    def copy_entry(self, source: str, target: str) -> None:
        """Copy one file, directory (without its contents) or link, as one step of `cpio -p`."""
        old, place = self.real(source, follow=False), self.real(target, follow=False)
        self.check_space(target)
        _copy_one(old, place)

    def copier(self, source: str, target: str) -> Callable[[str], None]:
        """Make a function that copies one name below a directory to below another.

        It does what `copy_entry` does, and looks each folder's place up once.
        """
        parents: dict[str, tuple[str, str]] = {}

        def copy(below: str) -> None:
            parent, _, leaf = below.rpartition("/")
            if leaf in {".", ".."} or not leaf:
                self.copy_entry(f"{source}/{below}", f"{target}/{below}")
                return
            if parent not in parents:
                parents[parent] = self.real(f"{source}/{parent}"), self.real(f"{target}/{parent}")
            old, place = parents[parent]
            self.check_space(f"{target}/{below}")
            _copy_one(f"{old}/{leaf}", f"{place}/{leaf}")

        return copy

    def copy_tree(self, source: str, target: str) -> None:
        """Copy a directory and all below it onto another place (`cp -Rp source/. target`)."""
        self.copy_entry(source, target)
        copy = self.copier(source, target)
        for below in self.walk(source):
            copy(below)

    def make_temporary(self, prefix: str) -> str:
        """Make an empty file of a fresh name, as mktemp(1) does, and give its path."""
        for number in range(1_000_000):
            path = f"{prefix}.{number:06d}"
            if not self.lexists(path):
                self.write_bytes(path, b"", 0o600)
                return path
        raise fault(errno.EEXIST, prefix)

    def cwd(self, path: str) -> str:
        """Give a path without dots, for tools that take relative ones."""
        return normpath(path)


def _walk(top: str, below: str) -> Iterator[str]:
    with os.scandir(f"{top}/{below}" if below else top) as entries:
        found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(top, path)


def _copy_one(old: str, place: str) -> None:
    state = os.lstat(old)
    if stat.S_ISDIR(state.st_mode):
        _make_dir(place, state.st_mode)
        return
    if os.path.lexists(place):
        os.unlink(place)
    if stat.S_ISLNK(state.st_mode):
        os.symlink(os.readlink(old), place)
    else:
        _copy_file(old, place, state)


def _make_dir(place: str, mode: int) -> None:
    try:
        os.mkdir(place)
    except FileExistsError:
        if not os.path.isdir(place):
            raise
    os.chmod(place, stat.S_IMODE(mode))


def _copy_file(old: str, place: str, state: os.stat_result) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(place, flags, stat.S_IMODE(state.st_mode))
    try:
        if state.st_size:
            with open(old, "rb") as source:
                os.write(descriptor, source.read())
    finally:
        os.close(descriptor)
