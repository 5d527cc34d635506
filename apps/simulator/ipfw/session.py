"""One run of ipfw: its flags, what it prints, and the kernel that it asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.ipfw.printing import Style
from apps.simulator.ipfw.refused import Refused
from apps.simulator.ipfw.words import Resolver, Words

if TYPE_CHECKING:
    from apps.simulator.ipfw.model import Ipfw
    from apps.simulator.machine import Machine

NO_MODULE = "Protocol not available"


@dataclass(slots=True)
class Session:
    """A run of ipfw; of a file's lines, all share it.

    Attributes:
        machine: the host.
        style: how it prints rules.
        is_quiet: `-q`.
        is_forced: `-f`, or nobody sits at a terminal.
        is_test: `-n`: nothing is asked of the kernel.
        shows_states: `-d`.
        only_states: `-D`.
        name: what complaints begin with, `ipfw` or `Line 2`.
        set_number: of `set N …`.
        answer: what was typed when it asked whether to flush.
        out: what it printed.
        err: what it complained of.
        status: what it ends with, if nothing worse comes.
        names: what the host knows by name, once it was asked for.
    """

    machine: Machine
    style: Style = field(default_factory=Style)
    is_quiet: bool = False
    is_forced: bool = True
    is_test: bool = False
    shows_states: bool = False
    only_states: bool = False
    name: str = "ipfw"
    set_number: int | None = None
    answer: str = ""
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    status: int = 0
    names: Resolver | None = None

    def say(self, line: str) -> None:
        """Print a line."""
        self.out.append(f"{line}\n")

    def warn(self, text: str) -> None:
        """Complain, and go on."""
        self.err.append(f"{self.name}: {text}\n")

    def kernel(self, asked: str, status: int) -> Ipfw:
        """Give the kernel's IPFW.

        Args:
            asked: the call that fails without the module, as ipfw names it.
            status: how ipfw ends then.

        Raises:
            Refused: the module is not loaded.
        """
        if not self.is_loaded("ipfw"):
            raise Refused(f"{asked}: {NO_MODULE}", status)
        return self.machine.kernel.ipfw

    def is_loaded(self, module: str) -> bool:
        """Tell whether a kernel module is there."""
        return module in self.machine.kernel.modules

    def words(self, words: list[str]) -> Words:
        """Read words, with what this host knows by name."""
        return Words(words, self.warn, self.known)

    def known(self) -> Resolver:
        """Tell what this host knows by name."""
        self.names = self.names or known_names(self.machine)
        return self.names


def known_names(machine: Machine) -> Resolver:
    """Tell what a host knows by name: itself, what /etc/hosts says, its jails, its users."""
    found = Resolver(hosts={"localhost": "127.0.0.1"})
    found.jails = {jail.name: jail.jid for jail in machine.kernel.jails}
    if machine.files.is_file("/etc/hosts"):
        for line in machine.files.read_text("/etc/hosts").splitlines():
            address, *hosts = line.partition("#")[0].split() or [""]
            if ":" not in address:
                found.hosts.update(dict.fromkeys(hosts, address))
    if machine.files.is_file("/etc/passwd"):
        rows = [line.split(":") for line in machine.files.read_text("/etc/passwd").splitlines()]
        found.users.update({row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdecimal()})
    return found
