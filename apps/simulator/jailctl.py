"""Start and stop a jail in the kernel, in the order of jail(8)'s steps.

Source: reference jail-tools.md §2.3, ezjail.md §3.6; captures/jail.json.
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator import programs, shellvars
from apps.simulator.boot import sshd
from apps.simulator.call import Buffer
from apps.simulator.jailparams import is_bool
from apps.simulator.rctl.enforce import may_start
from apps.simulator.state import Jail, Mount, Process
from apps.simulator.tools.mount import mount_null, unmount

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.simulator.call import Call
    from apps.simulator.machine import Machine

Params = dict[str, list[str]]
RC_SECONDS = 1.2
STOP_SECONDS = 0.5
IFCONFIG = "/sbin/ifconfig"
SIX = "inet6"


class Failed(Exception):
    """A step failed; the text is jail(8)'s line without "jail: ", empty when the command said all."""


@dataclass(slots=True)
class Undo:
    """What a started step needs to be taken back."""

    steps: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    async def run(self) -> None:
        """Take everything back, last first."""
        for step in reversed(self.steps):
            await step()


def one(params: Params, name: str, default: str = "") -> str:
    """Give a parameter's last value."""
    values = params.get(name)
    return values[-1] if values else default


def true(params: Params, name: str) -> bool:
    """Tell whether a boolean parameter is set."""
    return one(params, name).lower() in {"true", "1"}


async def start(call: Call, name: str, params: Params) -> Jail:
    """Start a jail.

    Args:
        call: of jail(8); takes what its commands say.
        name: the jail's kernel name.
        params: its parameters.

    Raises:
        Failed: a step failed; the ones before it have been taken back.
    """
    if call.machine.kernel.jail(name):
        raise Failed(f'"{name}" already exists')
    path = one(params, "path", "/")
    if not call.machine.files.is_dir(path):
        raise Failed(f"{name}: path {path}: No such file or directory")
    undo = Undo()
    try:
        await _add_addresses(call, name, params, undo)
        await _mount(call, name, params, undo)
        jail = _create(call.machine, name, path, params)
        undo.steps.append(lambda: _forget(call.machine, jail))
        await _run_start(call, jail, params)
        if not jail.persist and not call.machine.kernel.processes_in(jail.jid):
            await _forget(call.machine, jail)
    except Failed:
        await undo.run()
        raise
    return jail


async def stop(call: Call, jail: Jail, params: Params | None) -> None:
    """Stop a jail; without parameters (`jail -R`) nothing is unmounted and no address goes.

    Args:
        call: of jail(8).
        jail: in the kernel.
        params: from its configuration.
    """
    if params is not None and one(params, "exec.stop"):
        await call.pause(STOP_SECONDS)
    machine = call.machine
    jail.dying = True
    machine.kill_jail(jail.jid)
    try:
        await call.pause(STOP_SECONDS)
    finally:
        await _forget(machine, jail)  # the kernel ends what was begun, also when jail(8) is killed here
    if params is None:
        return
    for point in reversed([item.point for item in _mounts_of(call, params, jail.path)]):
        if any(item.point == point for item in machine.kernel.mounts):
            await unmount(call, point)
    for family, interface, address in reversed(addresses(params)):
        if interface:
            await call.run((IFCONFIG, interface, family, address.partition("/")[0], "-alias"))


def addresses(params: Params) -> list[tuple[str, str, str]]:
    """Give a jail's addresses: family, interface ("" for none), `address/length`.

    Source: reference jail-tools.md §2.3 (the forms of ip4.addr).
    """
    found = []
    for name, family, full in (("ip4.addr", "inet", "32"), ("ip6.addr", SIX, "128")):
        for item in [part.strip() for value in params.get(name, []) for part in value.split(",")]:
            before, bar, after = item.rpartition("|")
            word = after.split()[0] if after.split() else ""
            plain, _, length = word.partition("/")
            mask = after.partition(" netmask ")[2].split()
            if length.count(".") == 3 or mask:
                length = str(ipaddress.ip_network(f"0.0.0.0/{length or mask[0]}").prefixlen)
            interface = before if bar else one(params, "interface")
            found.append((family, interface, f"{plain}/{length or full}"))
    return found


async def _add_addresses(call: Call, name: str, params: Params, undo: Undo) -> None:
    for family, interface, address in addresses(params):
        plain, _, length = address.partition("/")
        if not interface:
            _need_address(call.machine, name, plain)
            continue
        command: tuple[str, ...] = (IFCONFIG, interface, family, address, "alias")
        if length in {"32", "128"}:
            tail = ("netmask", "255.255.255.255") if family == "inet" else ("prefixlen", "128")
            command = (IFCONFIG, interface, family, plain, *tail, "alias")
        await _command(call, name, command)
        undo.steps.append(lambda it=(IFCONFIG, interface, family, plain, "-alias"): call.run(it))  # type: ignore[misc]


def _need_address(machine: Machine, name: str, ip: str) -> None:
    """Refuse an address that no interface has (reference ezjail.md §3.6; the text is inferred)."""
    if not any(interface.holds(ip) for interface in machine.kernel.interfaces):
        raise Failed(f"{name}: jail_set: Can't assign requested address")


async def _command(call: Call, name: str, command: tuple[str, ...]) -> None:
    """Run one of jail(8)'s own commands."""
    if await call.run(command):
        raise Failed(f"{name}: {' '.join(command)}: failed")


def _mounts_of(call: Call, params: Params, path: str) -> list[Mount]:
    """Work out what is mounted for a jail, in order: its fstab, then devfs, fdescfs, procfs."""
    found, fstab = [], one(params, "mount.fstab")
    if fstab and call.machine.files.is_file(fstab):
        for line in call.machine.files.read_text(fstab).splitlines():
            words = line.partition("#")[0].split()
            if len(words) >= 4:
                options = [word for word in words[3].split(",") if word != "rw"]
                found.append(Mount(words[0], words[1], words[2], options))
    for name, point in (("devfs", "dev"), ("fdescfs", "dev/fd"), ("procfs", "proc")):
        if true(params, f"mount.{name}"):
            found.append(Mount(name, f"{path.rstrip('/')}/{point}", name))
    return found


async def _mount(call: Call, name: str, params: Params, undo: Undo) -> None:
    fstab = one(params, "mount.fstab")
    if fstab and not call.machine.files.is_file(fstab):
        raise Failed(f"{name}: mount.fstab: {fstab}: No such file or directory")
    for item in _mounts_of(call, params, one(params, "path")):
        words = ("/sbin/mount", "-t", item.fstype, *(("-o", ",".join(item.options)) if item.options else ()))
        if item.fstype == "nullfs":
            if await mount_null(call, item.device, item.point, item.options):
                raise Failed(f"{name}: {' '.join((*words, item.device, item.point))}: failed")
        else:
            await _mount_special(call, name, item)
        undo.steps.append(lambda point=item.point: unmount(call, point))  # type: ignore[misc]


async def _mount_special(call: Call, name: str, item: Mount) -> None:
    """Mount devfs, fdescfs, procfs and the like; a mount point inside of devfs is there always."""
    if not item.point.endswith("/dev/fd") and not call.machine.files.is_dir(item.point):
        kind = f"mount.{item.fstype}"
        raise Failed(f"{name}: {kind}: {item.point}: No such file or directory")
    call.machine.mount(item)


def _create(machine: Machine, name: str, path: str, params: Params) -> Jail:
    """Make the jail in the kernel; two cpusets are used up for each (captures/jls.json)."""
    kernel = machine.kernel
    plain = [(family, address.partition("/")[0]) for family, _interface, address in addresses(params)]
    four = [str(ipaddress.ip_address(ip)) for family, ip in plain if family == "inet"]
    six = [str(ipaddress.ip_address(ip)) for family, ip in plain if family == SIX]
    _check_conflict(kernel.jails, name, four)
    kernel.last_jid += 1
    kernel.last_cpuset += 2
    jail = Jail(
        kernel.last_jid, name, path, one(params, "host.hostname"), four, six, cpuset=kernel.last_cpuset
    )
    jail.osrelease = one(params, "osrelease", machine.spec.release)
    jail.ip4_mode, jail.ip6_mode = one(params, "ip4", "disable"), one(params, "ip6", "disable")
    jail.persist = true(params, "persist")
    jail.params = {key: _kernel_text(key, values[-1]) for key, values in params.items() if _is_kernel(key)}
    kernel.jails.append(jail)
    machine.touch()
    return jail


def _check_conflict(jails: list[Jail], name: str, four: list[str]) -> None:
    """Refuse an address that another jail has, unless both jails have only that one (kern_jail.c)."""
    for other in jails:
        shared = set(four) & set(other.ip4)
        if shared and (len(four) > 1 or len(other.ip4) > 1):
            raise Failed(f"{name}: jail_set: Address already in use")


def _is_kernel(name: str) -> bool:
    known = (
        "allow.",
        "host.",
        "children.",
        "securelevel",
        "devfs_ruleset",
        "enforce_statfs",
        "osreldate",
        "vnet",
        "sysv",
    )
    return name.startswith(known) and name != "host.hostname"


def _kernel_text(name: str, value: str) -> str:
    return {"1": "true", "0": "false"}.get(value, value) if is_bool(name) else value


async def _forget(machine: Machine, jail: Jail) -> None:
    """Take a jail and its processes out of the kernel."""
    machine.kill_jail(jail.jid)
    if jail in machine.kernel.jails:
        machine.kernel.jails.remove(jail)
    machine.touch()


async def _run_start(call: Call, jail: Jail, params: Params) -> None:
    """Run exec.start in the jail, its output going to the console log."""
    log = one(params, "exec.consolelog")
    for command in params.get("exec.start", []):
        words = tuple(command.split())
        if programs.find(call.machine.jail_files(jail), words[0]) is None:
            raise Failed(f"{jail.name}: exec {words[0]}: No such file or directory")
        if words[-1] == "/etc/rc":
            await call.pause(RC_SECONDS)
            status, text = 0, run_rc(call.machine, jail)
        else:
            status, text = await _run_inside(call, jail, words)
        if log:
            with contextlib.suppress(OSError):  # nobody notices a console log that cannot be written
                call.machine.files.append_text(log, text)
        if status:
            raise Failed(f"{jail.name}: {command}: failed")


async def _run_inside(call: Call, jail: Jail, words: tuple[str, ...]) -> tuple[int, str]:
    """Run a command of a jail's start and keep what it says, as the console log would."""
    both = Buffer()
    status = await programs.run(call.child(words, sink_out=both, sink_err=both), jail, words)
    return (127 if status is None else status), both.text


def run_rc(machine: Machine, jail: Jail) -> str:
    """Do what /etc/rc does in a jail: start daemons as its rc.conf says. Gives what it prints.

    Source: captures/jail.json (console-log, ps-json-jail, sysrc-in-jail).
    """
    files = machine.jail_files(jail)
    rc = shellvars.parse(files.read_text("/etc/rc.conf")) if files.is_file("/etc/rc.conf") else {}
    lines = ["ELF ldconfig path: /lib /usr/lib /usr/lib/compat", "32-bit compatibility ldconfig path:"]
    lines += ["Updating /var/run/os-release done.", "Updating motd:."]
    if shellvars.is_yes(rc.get("clear_tmp_enable", "NO")):
        lines.append("Clearing /tmp.")
    flags = rc.get("syslogd_flags", "-s")
    daemons = [
        ("syslogd", "YES", f"/usr/sbin/syslogd {flags}", "Ss", 2432),
        ("cron", "YES", "/usr/sbin/cron -s", "Is", 2356),
    ]
    for name, default, command, state, rss in daemons:
        if shellvars.is_yes(rc.get(f"{name}_enable", default)):
            process = Process(0, 1, command, jail.jid, state=state, rss=rss)
            refused = may_start(machine, process)
            if refused:
                lines.append(f"/etc/rc.d/{name}: Cannot fork: {refused}")
                continue
            machine.spawn(process)
            lines.append(f"Starting {name}.")
            if name == "syslogd":
                _note_start(machine, jail)
    if shellvars.is_yes(rc.get("sshd_enable", "NO")):
        lines += _start_sshd(machine, jail)
    if shellvars.is_yes(rc.get("jail_enable", "NO")):
        lines += ["Starting jails:jail: /etc/jail.conf: No such file or directory", "."]
    lines += ["", time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(machine.now()))]
    return "\n".join(lines) + "\n"


def _note_start(machine: Machine, jail: Jail) -> None:
    """Write what a jail's syslogd writes first; where it cannot, nobody notices."""
    stamp = time.strftime("%b %e %H:%M:%S", time.gmtime(machine.now()))
    with contextlib.suppress(OSError):
        files = machine.jail_files(jail)
        files.mkdir("/var/log", parents=True)
        files.append_text("/var/log/messages", f"{stamp} {jail.hostname} syslogd: restart\n")


def _start_sshd(machine: Machine, jail: Jail) -> list[str]:
    """Start the jail's sshd: with one address it is bound to that one, else to all of the jail's."""
    files, lines = machine.jail_files(jail), []
    for kind, bits in (("RSA", 3072), ("ED25519", 256)):
        path = f"/etc/ssh/ssh_host_{kind.lower()}_key"
        if not files.exists(path):
            with contextlib.suppress(OSError):
                files.mkdir("/etc/ssh", parents=True)
                files.write_text(path, "")
            lines += [
                f"Generating {kind} host key.",
                f"{bits} SHA256:{'x' * 43} root@{jail.hostname} ({kind})",
            ]
    four = jail.ip4[0] if len(jail.ip4) == 1 else "*"
    six = None if not jail.ip6 else jail.ip6[0] if len(jail.ip6) == 1 else "*"
    process = sshd(0, "Is", machine.now(), (four, six), jail.jid)
    process.rss = 6292
    refused = may_start(machine, process)
    if refused:
        return [*lines, f"/etc/rc.d/sshd: Cannot fork: {refused}"]
    machine.spawn(process)
    return [*lines, "Performing sanity check on sshd configuration.", "Starting sshd."]
