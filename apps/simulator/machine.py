"""One simulated FreeBSD machine: its folder, its files, its kernel's state."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from typing import TYPE_CHECKING

from apps.simulator import boot, kld, provision, seed, shellvars
from apps.simulator.faults import Faults
from apps.simulator.files import Files
from apps.simulator.ipfw import model as ipfw
from apps.simulator.rctl import kernel as rctl
from apps.simulator.spec import HostSpec
from apps.simulator.state import Jail, Kernel, Mount, Process, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STATE = "state.json"


class Machine:
    """A machine that lives in `<folder>/`: its tree in `root/`, everything else in `state.json`.

    Whoever changes `kernel` says so with `touch()`; `save()` writes only what was touched.

    Attributes:
        folder: where it lives.
        spec: what it was made as.
        files: its tree.
        kernel: what a reboot would change, and the ZFS datasets.
        faults: what it was told to do wrong; not saved.
        pace: 1.0 takes the time that real tools take, 0 none; not saved.
        watchers: are called whenever the kernel's state was touched.
    """

    def __init__(self, folder: Path, spec: HostSpec, kernel: Kernel) -> None:
        """Take a machine up where its folder exists already; `create` and `load` call this."""
        self.folder = folder
        self.spec = spec
        self.kernel = kernel
        self.faults = Faults()
        self.pace = 0.0
        self.watchers: set[Callable[[], None]] = set()
        self.binds: dict[str, str] = {}
        self.files = Files(folder / "root", binds=self.binds, check_space=self._check_space)
        self._changes = 1
        self._saved = 0
        self._rebind()

    @classmethod
    def create(cls, folder: Path, spec: HostSpec) -> Machine:
        """Make a new machine in a folder that does not exist or is empty, and boot it.

        Args:
            folder: where it is to live; its name need not be the machine's.
            spec: what it is to be.

        Raises:
            FileExistsError: a machine lives there already.
        """
        (folder / "root").mkdir(parents=True)
        if not spec.hostuuid:
            spec = _with_uuid(spec)
        kernel = Kernel(booted_at=time.time() if spec.booted_at is None else spec.booted_at)
        if spec.pool:
            kernel.datasets = boot.pool_datasets(spec, kernel.booted_at)
        machine = cls(folder, spec, kernel)
        seed.plant(machine.files, machine.spec)
        provision.place_tools(machine)
        machine.bring_up()
        provision.load_rules(machine)
        if spec.basejail:
            provision.install_basejail(machine, spec.basejail)
        machine.save()
        return machine

    @classmethod
    def load(cls, folder: Path) -> Machine:
        """Take up a machine that was saved; to it no time has stood still.

        Raises:
            FileNotFoundError: there is none.
        """
        data = json.loads((folder / STATE).read_text())
        kernel = decode(Kernel, data["kernel"])
        if "ipfw" in kernel.modules and not kernel.ipfw.rules:  # saved before there was one
            kernel.ipfw = ipfw.loaded(allows=True)
        machine = cls(folder, decode(HostSpec, data["spec"]), kernel)
        machine._saved = machine._changes
        provision.place_new_tools(machine)
        return machine

    def save(self) -> None:
        """Write the state, all or nothing, when it was touched since the last time."""
        changes = self._changes
        if self._saved == changes:
            return
        text = json.dumps({"spec": encode(self.spec), "kernel": encode(self.kernel)})
        new = self.folder / f"{STATE}.new"
        new.write_text(text)
        os.replace(new, self.folder / STATE)  # noqa: PTH105 - atomic by name
        self._saved = changes

    def touch(self) -> None:
        """Note that the kernel's state has changed."""
        self._changes += 1
        for watcher in tuple(self.watchers):
            watcher()

    @property
    def changes(self) -> int:
        """How often the kernel's state was touched; the same number means the same state."""
        return self._changes

    def reboot(self) -> None:
        """Go down and come up: jails and processes are gone, rc.conf counts, ezjails start."""
        self.kernel.booted_at = time.time()
        self.bring_up()
        provision.start_at_boot(self)
        self.save()

    def bring_up(self) -> None:
        """Do what the kernel and rc do, up to the start of jails (cleanvar among it)."""
        boot.bring_up(self.kernel, self.spec, self.rc())
        kld.load_at_boot(self)
        rctl.boot(self)
        for name in self.files.names("/var/run"):
            self.files.remove_tree(f"/var/run/{name}")
        self._rebind()
        self.touch()

    def rc(self) -> Mapping[str, str]:
        """Read the variables of /etc/rc.conf and /etc/rc.conf.local."""
        found: dict[str, str] = {}
        for path in ("/etc/rc.conf", "/etc/rc.conf.local"):
            if self.files.is_file(path):
                found.update(shellvars.parse(self.files.read_text(path), found))
        return found

    def rc_yes(self, name: str, default: str = "NO") -> bool:
        """Tell whether a variable of rc.conf says yes, as checkyesno does."""
        return shellvars.is_yes(self.rc().get(name, default))

    @property
    def hostname(self) -> str:
        """What the machine calls itself now."""
        return self.kernel.sysctls.get("kern.hostname") or self.rc().get("hostname") or self.spec.name

    def now(self) -> float:
        """Give the machine's clock, in seconds since the epoch."""
        return time.time()

    def jail_files(self, jail: Jail) -> Files:
        """Look at the tree as the jail sees it."""
        return self.files.view(jail.path)

    def files_of(self, jid: int) -> Files:
        """Look at the tree as a process in this jail sees it; 0 is the host."""
        jail = self.kernel.jail(str(jid)) if jid else None
        return self.jail_files(jail) if jail else self.files

    def mount(self, mount: Mount) -> None:
        """Mount a file system; a null mount shows its source from now on."""
        self.kernel.mounts.append(mount)
        self._rebind()
        self.touch()

    def unmount(self, mount: Mount) -> None:
        """Take a mount away."""
        self.kernel.mounts.remove(mount)
        self._rebind()
        self.touch()

    def spawn(self, process: Process) -> Process:
        """Start a process: it gets its number (and its parent the host's init when it has none)."""
        self.kernel.last_pid += 1
        process.pid = self.kernel.last_pid
        process.started = process.started or self.now()
        self.kernel.processes.append(process)
        self.touch()
        return process

    def kill_jail(self, jid: int) -> None:
        """End all processes of a jail."""
        rctl.leave(self, self.kernel.processes_in(jid))
        self.kernel.processes = [process for process in self.kernel.processes if process.jid != jid]
        self.touch()

    def _rebind(self) -> None:
        """Tell the files which null mounts there are."""
        self.binds.clear()
        self.binds.update(
            {mount.point: mount.device for mount in self.kernel.mounts if mount.fstype == "nullfs"}
        )

    def _check_space(self, path: str) -> None:
        self.faults.check_space(path)


def _with_uuid(spec: HostSpec) -> HostSpec:
    import dataclasses  # noqa: PLC0415

    digest = hashlib.sha256(spec.name.encode()).digest()[:16]
    return dataclasses.replace(spec, hostuuid=str(uuid.UUID(bytes=digest, version=4)))
