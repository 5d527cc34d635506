"""Bring a simulated machine into a state by running its own tools, without a clock or an audience."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.simulator import agent, packages, seed, server, shellvars, world
from apps.simulator.call import Buffer, Call, Captured
from apps.simulator.faults import DiskFull
from apps.simulator.releases import osreldate
from apps.simulator.tools import registry

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from apps.simulator.machine import Machine

PORTSNAP_GONE = 1400000
ROOT_ENV = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "HOME": "/root",
    "TERM": "xterm",
    "LC_ALL": "C",
}


def run_now(machine: Machine, *argv: str) -> Captured:
    """Run a tool to its end at once, without an event loop.

    Args:
        machine: the host.
        argv: the tool, as PATH finds it or absolute, and its arguments.

    Returns:
        What it printed and its status.
    """
    out, err = Buffer(), Buffer()
    pace, machine.pace = machine.pace, 0.0
    try:
        call = Call(argv, machine, out, err, env=ROOT_ENV, cwd="/var/empty")
        status = _drive(call.run(argv))
    except DiskFull as full:
        status = _drive(call.fail(f"{argv[0]}: {full.filename}: {full.strerror}"))
    finally:
        machine.pace = pace
    return Captured(status, out.text, err.text)


def _drive(work: Coroutine[Any, Any, int]) -> int:
    """Step a coroutine that never really waits (pauses of length 0 only) to its end."""
    try:
        while True:
            work.send(None)
    except StopIteration as end:
        return int(end.value)


def place_tools(machine: Machine) -> None:
    """Put a file at the place of every tool that the machine has; the server fills them later."""
    _place(machine, list(registry.load()))


def place_new_tools(machine: Machine) -> None:
    """Give a machine that was saved earlier those of the base system's tools that are played since then."""
    _place(machine, [path for path in registry.load() if not path.startswith("/usr/local/")])


def _place(machine: Machine, paths: list[str]) -> None:
    for path in paths:
        if has(machine, path) and not machine.files.exists(path):
            machine.files.mkdir(path.rpartition("/")[0], parents=True)
            machine.files.write_bytes(path, b"", 0o555)


def has(machine: Machine, path: str) -> bool:
    """Tell whether a machine has the tool at this path."""
    if "ezjail" in path and not machine.spec.ezjail:
        return False
    if path == packages.PKG and not machine.spec.pkg:
        return False
    if path.endswith("/portsnap") and osreldate(machine.spec.release) >= PORTSNAP_GONE:
        return False
    return path not in machine.spec.lacks


def place_package(machine: Machine, name: str) -> None:
    """Put what a package brings into a host's tree: its tools, and the files that come with ezjail.

    Args:
        machine: the host.
        name: `pkg` or `ezjail`.
    """
    paths = [packages.PKG] if name == "pkg" else [path for path in registry.load() if "ezjail" in path]
    missing = [path for path in paths if not machine.files.exists(path)]
    for path in missing:
        machine.files.mkdir(path.rpartition("/")[0], parents=True)
    server.place(Path(machine.files.root), missing)
    if name == "ezjail":
        seed.plant_ezjail(machine.files)
    machine.touch()


def install_basejail(machine: Machine, release: str) -> None:
    """Install a basejail of a release, as `ezjail-admin install` from a local set does."""
    files, place = machine.files, "/var/tmp/dist"  # noqa: S108 - a simulated host's
    files.mkdir(place, parents=True)
    name = release.partition("-p")[0]
    files.write_text(f"{place}/base.txz", world.set_text("base", release))
    done = run_now(machine, "/usr/local/bin/ezjail-admin", "install", "-h", f"file://{place}", "-r", name)
    assert done.status == 0, done.stderr
    files.remove_tree(place)


def load_rules(machine: Machine) -> None:
    """Load the firewall's rules as rc does at boot, unless the agent's own script does that."""
    rc = machine.rc()
    if shellvars.is_yes(rc.get("firewall_enable", "NO")) and rc.get("firewall_script") != agent.AGENT:
        run_now(machine, "/etc/rc.d/ipfw", "start")


def load_limits(machine: Machine) -> None:
    """Load rctl.conf as rc does at boot."""
    if machine.files.is_file(machine.rc().get("rctl_rules", "/etc/rctl.conf")):
        run_now(machine, "/etc/rc.d/rctl", "start")


async def load_kept_rules(machine: Machine) -> None:
    """Load the firewall's rules at boot where the agent's script does it, which is a process of its own."""
    rc = machine.rc()
    if shellvars.is_yes(rc.get("firewall_enable", "NO")) and rc.get("firewall_script") == agent.AGENT:
        call = Call(("/etc/rc.d/ipfw", "start"), machine, Buffer(), Buffer(), env=ROOT_ENV)
        await call.run(call.argv)


def start_at_boot(machine: Machine) -> None:
    """Run what rc starts at boot and that a machine has: limits, the firewall's script, jails."""
    load_limits(machine)
    load_rules(machine)
    if machine.files.exists("/usr/local/etc/rc.d/ezjail"):
        run_now(machine, "/usr/local/etc/rc.d/ezjail", "start")
