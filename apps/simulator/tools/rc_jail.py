"""/etc/rc.d/jail: starts and stops jails, those of the old jail_* variables (ezjail's) among them.

Source: reference ezjail.md §3.6, jail-tools.md §3.1; captures/ezjail.json (start-…, stop-…),
captures/jail.json (conf-generated…).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator.rcscript import is_yes, rcvar, read_action, refused, safe, warn
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.call import Call
    from apps.simulator.rcscript import Action

SCRIPT = "/etc/rc.d/jail"
JAIL, JLS, JEXEC = "/usr/sbin/jail", "/usr/sbin/jls", "/usr/sbin/jexec"
JAIL_CONF = "/etc/jail.conf"
OBSOLETE = (
    "Per-jail configuration via jail_* variables  is obsolete.  Please consider migrating to /etc/jail.conf."
)
DAD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """A jail that the script was given: its kernel name, its configuration, the name that it prints."""

    name: str
    conf: str
    shown: str


@dataclass(slots=True)
class Run:
    """One run of the script; the script's own variables live as long (`need_dad_wait` among them)."""

    call: Call
    rc: Mapping[str, str]
    obsolete: bool = False
    dad_wait: bool = False

    def value(self, variable: str, name: str, default: str = "") -> str:
        """Give `jail_<jail>_<name>`, else `jail_<name>` of rc.conf, else the default (extract_var)."""
        own = self.call.env.get(f"jail_{variable}_{name}", "") or self.rc.get(f"jail_{variable}_{name}", "")
        return own or self.rc.get(f"jail_{name}", "") or default


@tool(SCRIPT)
async def rc_jail(call: Call) -> int:
    """Play the script; its status says nothing about jails that did not start."""
    words = call.args or ("",)
    action, names = read_action(words[0]), list(words[1:])
    run = Run(call.child((SCRIPT, *call.args)), call.machine.rc())
    if action.word == "rcvar":
        return await rcvar(call, "jail")
    if action.word not in {"start", "stop", "restart", "status", "config", "console"}:
        return await call.fail(
            f"Usage: {SCRIPT} [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|"
            "describe|extracommands|config|console|status)"
        )
    if await refused(call, "jail", action, always=("config", "console", "status")):
        return 1
    return await _act(run, action, names)


async def _act(run: Run, action: Action, names: list[str]) -> int:
    call, listed = run.call, run.rc.get("jail_list", "").split()
    if action.word == "status":
        return await call.run((JLS, "-N"))
    if action.word == "config":
        return await _config(run, names)
    if action.word == "console":
        return (
            await call.run((JEXEC, names[0], *(names[1:] or ("/usr/bin/login", "-f", "root"))))
            if names
            else 3
        )
    names = names or listed
    if action.word in {"stop", "restart"}:
        await _stop(run, names)
    if action.word in {"start", "restart"}:
        await _start(run, names)
        if run.obsolete:
            await warn(call, OBSOLETE)
    return 0


async def _config(run: Run, names: list[str]) -> int:
    for name in names:
        chosen = await choose(run, name)
        if chosen:
            await run.call.out(f"{chosen.name}: parameters are in {chosen.conf}.\n")
    return 0


async def _start(run: Run, names: list[str]) -> None:
    """Start jails one after the other; the id file is written when jail(8) is done."""
    call = run.call
    await call.out("Starting jails:")
    if not names:
        await _start_all(call)
    for name in names:
        chosen = await choose(run, name)
        if chosen is None:
            continue
        done = await call.capture((JAIL, "-i", "-f", chosen.conf, "-c", chosen.name))
        if done.status == 0:
            await call.out(f" {chosen.shown}")
            jid = (await call.capture((JLS, "-j", chosen.name, "jid"))).stdout
            await _write_id(call, chosen.name, jid or "\n")
        else:
            await call.out(f' cannot start jail  "{chosen.shown}": \n{done.stderr}{done.stdout}')
    await call.out(".\n")


async def _start_all(call: Call) -> None:
    """Start what /etc/jail.conf names."""
    done = await call.capture((JAIL, "-f", JAIL_CONF, "-c", "-p1"))
    if done.status:
        await call.out(done.stdout + done.stderr)
        return
    for jail in call.machine.kernel.jails:
        await call.out(f" {jail.name}")
        await _write_id(call, jail.name, f"{jail.jid}\n")


async def _write_id(call: Call, name: str, text: str) -> None:
    """Write an id file; when the shell cannot, it says so and the script goes on."""
    path = f"/var/run/jail_{name}.id"
    try:
        call.machine.files.write_text(path, text)
    except OSError as error:
        await call.err(f"{SCRIPT}: cannot create {path}: {error.strerror}\n")


async def _stop(run: Run, names: list[str]) -> None:
    """Stop jails; one that does not run is passed over in silence."""
    call = run.call
    await call.out("Stopping jails:")
    for name in names or [jail.name for jail in call.machine.kernel.jails]:
        chosen = await choose(run, name) if names else Chosen(name, JAIL_CONF, name)
        if chosen is None or call.machine.kernel.jail(chosen.name) is None:
            continue
        await call.out(f" {chosen.shown}")
        done = await call.capture((JAIL, "-q", "-f", chosen.conf, "-r", chosen.name))
        if call.machine.kernel.jail(chosen.name) is None:
            call.machine.files.remove(f"/var/run/jail_{chosen.name}.id")
        else:
            await call.out(done.stdout + done.stderr)
    await call.out(".\n")


async def choose(run: Run, name: str) -> Chosen | None:
    """Find a jail's configuration, or write one from its jail_* variables (`parse_options`).

    Args:
        run: of the script.
        name: as it was given.

    Returns:
        None, with a warning, when there is no configuration.
    """
    call, files = run.call, run.call.machine.files
    kernel_name, variable = name.replace("/", "_").replace(".", "_"), safe(name)
    hostname, root = run.value(variable, "hostname"), run.value(variable, "rootdir")
    own = run.value(variable, "conf", f"/etc/jail.{kernel_name}.conf")
    if not hostname or not root:
        for path in (own, f"/etc/jail.conf.d/{kernel_name}.conf", JAIL_CONF):
            if files.is_file(path):
                return Chosen(kernel_name, path, kernel_name)
        await warn(
            call,
            f"Invalid configuration for {kernel_name}  (no jail.conf, no hostname, or no path).  "
            f"Jail {kernel_name} was ignored.",
        )
        return None
    run.obsolete = is_yes(run.rc.get("jail_confwarn", "YES"))
    conf = f"/var/run/jail.{kernel_name}.conf"
    if files.is_file(JAIL_CONF) or files.is_file(own):
        await warn(call, f"{conf} is created and used for jail {kernel_name}.")
    try:
        files.write_text(conf, await generate(run, kernel_name, variable), 0o644)
    except OSError as error:
        await call.err(f"install: {conf}: {error.strerror}\n")
        return None
    return Chosen(kernel_name, conf, hostname)


async def generate(run: Run, name: str, variable: str) -> str:
    """Write a jail.conf from jail_* variables, line for line as the script does."""

    def value(key: str, default: str = "") -> str:
        return run.value(variable, key, default)

    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(run.call.machine.now()))
    lines = [f"# Generated by rc.d/jail at {stamp}", f"{name} {{"]
    lines += [f'\thost.hostname = "{value("hostname")}";', f'\tpath = "{value("rootdir")}";']
    lines += await _network(run, variable)
    lines += ["\texec.clean;", '\texec.system_user = "root";', '\texec.jail_user = "root";']
    for key in ("prestart", "poststart", "prestop", "poststop"):
        lines += _numbered(run, variable, f"exec_{key}", f"exec.{key}")
    lines.append(f'\texec.start += "{value("exec_start") or "/bin/sh /etc/rc"}";')
    lines += _numbered(run, variable, "exec_afterstart", "exec.start")
    stop = value("exec_stop") or ("" if value("exec_start") else "/bin/sh /etc/rc.shutdown jail")
    lines.append(f'\texec.stop = "{stop}";')
    lines.append(f'\texec.consolelog = "{value("consolelog", f"/var/log/jail_{name}_console.log")}";')
    lines += await _mounts(run, name, variable)
    for key, param in (("set_hostname_allow", "allow.set_hostname"), ("sysvipc_allow", "allow.sysvipc")):
        lines.append(f"\t{param} = {int(is_yes(value(key, 'NO')))};")
    lines.append(f'\tenforce_statfs = "{value("enforce_statfs", "2")}";')
    lines += [f'\t{key} = "{value(key)}";' for key in ("osreldate", "osrelease") if value(key)]
    lines += [f"\t{word.removesuffix(';')};" for word in value("parameters").split()]
    return "\n".join([*lines, "}"]) + "\n"


def _numbered(run: Run, variable: str, key: str, param: str) -> list[str]:
    """Give lines for `key0`, `key1`, …; only the first number may be missing."""
    lines, number = [], 0
    while (text := run.value(variable, f"{key}{number}")) or number == 0:
        lines += [f'\t{param} += "{text}";'] if text else []
        number += 1
    return lines


async def _network(run: Run, variable: str) -> list[str]:
    """Give the lines about addresses; without any the jail gets a network stack of its own."""
    first = run.value(variable, "ip")
    if not first:
        names = run.value(variable, "vnet_interface").split()
        return ["\tvnet;", *([f"\tvnet.interface = {', '.join(map(_quoted, names))};"] if names else [])]
    interface = run.value(variable, "interface")
    lines = [f'\tinterface = "{interface}";'] if interface else []
    text, number = first, 0
    while text:
        for item in text.split(","):
            lines += await _address(run, item.split()[0] if item.split() else "", interface)
        text, number = run.value(variable, f"ip_multi{number}"), number + 1
    if run.dad_wait:
        lines.append(f'\texec.start += "sleep  {DAD_SECONDS} ";')
    if fib := run.value(variable, "fib"):
        lines.append(f'\texec.fib = "{fib}";')
    raw = int(not is_yes(run.value(variable, "socket_unixiproute_only", "YES")))
    return [*lines, f"\tallow.raw_sockets = {raw};"]


def _quoted(word: str) -> str:
    return f'"{word}"'


async def _address(run: Run, text: str, default: str) -> list[str]:
    """Turn one `[if|]address[/mask]` into a line; what is no address is warned of and left out."""
    if not text:
        await warn(run.call, "jail_extract_address: called without input")
        return []
    before, bar, rest = text.rpartition("|")
    interface = before.partition("|")[0] if bar else default
    address, slash, length = rest.partition("/")
    head = f"{interface}|" if interface else ""
    if address.count(".") >= 3:
        mask = f" netmask {length}" if length.count(".") >= 3 else f"{slash}{length}" or "/32"
        return [f'\tip4.addr += "{head}{address}{mask}";']
    if ":" in address:
        run.dad_wait = True
        return [f'\tip6.addr += "{head}{address}{f"{slash}{length}" or "/128"}";']
    await warn(run.call, "jail_extract_address: type not identified")
    return []


async def _mounts(run: Run, name: str, variable: str) -> list[str]:
    """Give the lines about file systems."""
    fstab = run.value(variable, "fstab", f"/etc/fstab.{name}")
    lines = [f'\tmount.fstab = "{fstab}";'] if run.call.machine.files.is_file(fstab) else []
    if is_yes(run.value(variable, "devfs_enable", "NO")):
        lines.append("\tmount.devfs;")
        ruleset = run.value(variable, "devfs_ruleset")
        if ruleset[:1].isdecimal():
            lines.append(f'\tdevfs_ruleset = "{ruleset}";')
        elif ruleset not in {"", "devfsrules_jail"}:
            await warn(run.call, "devfs_ruleset must be an integer.")
    kinds = [kind for kind in ("fdescfs", "procfs") if is_yes(run.value(variable, f"{kind}_enable", "NO"))]
    lines += [f"\tmount.{kind};" for kind in kinds]
    if is_yes(run.value(variable, "mount_enable", "NO")):
        lines.append("\tallow.mount;")
    return lines
