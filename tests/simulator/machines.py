"""Machines for tests of the simulator, and how to run a command on one."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from apps.simulator.call import Buffer, Call, Captured
from apps.simulator.machine import Machine
from apps.simulator.provision import ROOT_ENV, run_now
from apps.simulator.spec import HostSpec, InterfaceSpec

RELEASE = "13.2-RELEASE"
ZFS_CONF = 'ezjail_use_zfs="YES"\nezjail_use_zfs_for_jails="YES"\nezjail_jailzfs="zroot/ezjail"\n'
PLAIN = HostSpec(
    name="alpha",
    release=RELEASE,
    interfaces=(InterfaceSpec("re0", ("192.0.2.7/24",)), InterfaceSpec("lo1", ("10.0.0.1/24",), cloned=True)),
    lacks=frozenset({"/usr/sbin/freebsd-update"}),
    distributions={"/dist/base.txz": RELEASE},
)
READY = replace(PLAIN, basejail=RELEASE)
ZFS = replace(READY, pool="zroot", ezjail_conf=ZFS_CONF)
OBSOLETE = (
    "/etc/rc.d/jail: WARNING: Per-jail configuration via jail_* variables  is obsolete.  "
    "Please consider migrating to /etc/jail.conf.\n"
)


def make(folder: Path, spec: HostSpec = READY, **changes: Any) -> Machine:
    """Make a machine below a test's folder."""
    return Machine.create(folder / "machine", replace(spec, **changes))


def play(machine: Machine, command: str) -> Captured:
    """Run a command line (words and quotes, no shell) and give what came of it."""
    return run_now(machine, *shlex.split(command))


def ezjail(machine: Machine, arguments: str) -> Captured:
    """Run ezjail-admin."""
    return play(machine, f"ezjail-admin {arguments}")


def done(machine: Machine, *commands: str) -> None:
    """Run ezjail-admin several times; each must succeed."""
    for command in commands:
        result = ezjail(machine, command)
        assert result.status == 0, (command, result)


def call_of(machine: Machine, command: str) -> Call:
    """Make a call of a command for tests that step through it themselves."""
    argv = tuple(shlex.split(command))
    return Call(argv, machine, Buffer(), Buffer(), env=ROOT_ENV, cwd="/var/empty")


async def killed_after(machine: Machine, command: str, awaits: int) -> None:
    """Start a command and kill it once it has waited so many times."""
    call = call_of(machine, command)
    task = asyncio.ensure_future(call.run(call.argv))
    for _step in range(awaits):
        await asyncio.sleep(0)
    assert not task.done(), "it was over before it could be killed"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def noise(text: str) -> str:
    """Take cpio's file names and block counts out of standard error."""
    lines = [line for line in text.splitlines() if not line.startswith("/usr/jails/")]
    return "".join(f"{line}\n" for line in lines if not line.endswith(" blocks"))
