"""Kernel modules that are loaded and unloaded, and what the kernel's environment says to them.

Source: reference ipfw §10; kld(4), loader.conf(5). Texts of errors: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import shellvars
from apps.simulator.ipfw.model import Ipfw, loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.machine import Machine

LOADER = "/boot/loader.conf"
NEEDS: Mapping[str, tuple[str, ...]] = {"ipfw_nat": ("libalias", "ipfw"), "dummynet": ("ipfw",)}
MODULES = frozenset(
    {
        *("ipfw", "ipfw_nat", "libalias", "dummynet", "ipdivert", "nullfs", "fdescfs", "tmpfs", "linprocfs"),
        *("linux64", "if_bridge", "if_epair", "pf", "zfs", "unionfs"),
    }
)
ACCEPT = "net.inet.ip.fw.default_to_accept"


def loader(machine: Machine) -> Mapping[str, str]:
    """Read /boot/loader.conf."""
    files = machine.files
    if not files.is_file(LOADER):
        return {}
    found = {}
    for line in files.read_text(LOADER).splitlines():
        name, equals, value = line.partition("#")[0].strip().partition("=")
        if equals:
            found[name.strip()] = value.strip().strip('"')
    return found


def environment(machine: Machine) -> dict[str, str]:
    """Give the kernel's environment: what the loader said, and what kenv has set since."""
    return {**loader(machine), **machine.kernel.environment}


def load(machine: Machine, name: str) -> None:
    """Load a module, and first those that it needs; IPFW begins to act at once."""
    kernel = machine.kernel
    if name in kernel.modules:
        return
    for needed in NEEDS.get(name, ()):
        load(machine, needed)
    kernel.modules.append(name)
    if name == "ipfw":
        kernel.ipfw = loaded(allows=environment(machine).get(ACCEPT, "0") == "1")
    machine.touch()


def users(machine: Machine, name: str) -> list[str]:
    """Name the loaded modules that need this one."""
    return [other for other in machine.kernel.modules if name in NEEDS.get(other, ())]


def unload(machine: Machine, name: str) -> None:
    """Unload a module; what it knew is gone."""
    kernel = machine.kernel
    kernel.modules.remove(name)
    if name == "ipfw":
        kernel.ipfw = Ipfw()
    elif name == "ipfw_nat":
        kernel.ipfw.nats.clear()
    machine.touch()


def load_at_boot(machine: Machine) -> None:
    """Load what loader.conf names: `ipfw_load="YES"`; its tunable counts for what the kernel has, too."""
    tunable = loader(machine).get(ACCEPT)
    if tunable and "ipfw" in machine.kernel.modules:
        machine.kernel.ipfw = loaded(allows=tunable == "1")
    for name, value in loader(machine).items():
        module = name.removesuffix("_load")
        if module != name and module in MODULES and shellvars.is_yes(value):
            load(machine, module)
