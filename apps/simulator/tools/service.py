"""service(8): rc.d scripts by name.

Source: captures/host.json (service-…), captures/jail.json (service-list); reference jail-tools.md §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import daemons, rcfile
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.rcscript import is_yes, read_action
from apps.simulator.rcscripts import DAEMONS, HOST_ORDER, JAIL_ORDER, LOCAL, RCVARS
from apps.simulator.tools import registry
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.rcscript import Action
    from apps.simulator.state import Process

USAGE = """Usage: service [-j <jail name or id>] -e
       service [-j <jail name or id>] -R
       service [-j <jail name or id>] [-v] -l | -r
       service [-j <jail name or id>] [-v] <rc.d script> start|stop|etc.
       service -h

-j\tPerform actions within the named jail
-e\tShow services that are enabled
-R\tStop and start enabled /usr/local/etc/rc.d services
-l\tList all scripts in /etc/rc.d and /usr/local/etc/rc.d
-r\tShow the results of boot time rcorder
-v\tVerbose
"""
LIST_SECONDS = 1.0
DAEMON_WORDS = frozenset({"start", "stop", "restart", "status"})
ENV = {"HOME": "/", "PATH": "/sbin:/bin:/usr/sbin:/usr/bin"}


@tool("/usr/sbin/service")
async def service(call: Call) -> int:
    """Play service; scripts run from / with a clean environment."""
    try:
        found, operands = getopt(call.args, "ehj:lrRv")
    except BadOption:
        return await _usage(call)
    options = dict(found)
    if "j" in options:
        jail = call.machine.kernel.jail(options["j"])
        if jail is None:
            name = options["j"] if options["j"].isdecimal() else f'"{options["j"]}"'
            return await call.fail(f"jexec: jail {name} not found")
        call = call.child(call.argv, jid=jail.jid)
    if "e" in options:
        return await _enabled(call)
    if "l" in options or "r" in options:
        paths = [f"/etc/rc.d/{name}" for name in _order(call)] + _local(call)
        names = paths if "r" in options else sorted(path.rpartition("/")[2] for path in paths)
        await call.out("".join(f"{name}\n" for name in names))
        return 0
    return await _script(call, operands) if len(operands) > 1 else await _usage(call)


async def _usage(call: Call) -> int:
    await call.out(USAGE)
    return 1


def _order(call: Call) -> tuple[str, ...]:
    return JAIL_ORDER if call.jid else HOST_ORDER


def _local(call: Call) -> list[str]:
    files = call.machine.files_of(call.jid)
    return [f"{LOCAL}/{name}" for name in files.names(LOCAL)] if files.is_dir(LOCAL) else []


async def _enabled(call: Call) -> int:
    """List what is on, after the time that reading every script takes."""
    await call.pause(LIST_SECONDS)
    on = [f"/etc/rc.d/{name}" for name in _order(call) if _is_on(call, name)]
    on += [path for path in _local(call) if _is_on(call, path.rpartition("/")[2])]
    await call.out("".join(f"{path}\n" for path in on))
    return 0


def _rcvar(name: str) -> tuple[str, str]:
    return RCVARS.get(name, (f"{name}_enable", "NO"))


def _is_on(call: Call, name: str) -> bool:
    rcvar, default = _rcvar(name)
    found = rcfile.settings(call.machine.files_of(call.jid))
    return is_yes(found.get(rcvar, rcfile.DEFAULTS.get(rcvar, default)))


async def _script(call: Call, operands: list[str]) -> int:
    name, *words = operands
    paths = [f"/etc/rc.d/{name}", f"{LOCAL}/{name}"]
    known = name in _order(call) or paths[1] in _local(call)
    tools = registry.load()
    path = next((path for path in paths if path in tools and not call.jid), None)
    if path and call.machine.files.exists(path):
        return await tools[path](call.child((path, *words), env=ENV, cwd="/"))
    if not known:
        await call.out(
            f"{name} does not exist in /etc/rc.d or the local startup\n"
            f"directories ({LOCAL}), or is not executable\n"
        )
        return 1
    return await _ordinary(call, name, words[0])


async def _ordinary(call: Call, name: str, word: str) -> int:
    """Play a script of rc.subr's own making: rcvar, enabled, enable, disable, status, start, stop."""
    action = read_action(word)
    rcvar, default = _rcvar(name)
    files = call.machine.files_of(call.jid)
    if action.word == "rcvar":
        value = rcfile.settings(files).get(rcvar, rcfile.DEFAULTS.get(rcvar, default))
        await call.out(f'# {name}\n#\n{rcvar}="{value}"\n#   (default: "")\n\n')
        return 0
    if action.word == "enabled":
        return 0 if _is_on(call, name) else 1
    if action.word in {"enable", "disable"}:
        rcfile.put(files, rcfile.FILES[0], rcvar, "YES" if action.word == "enable" else "NO")
        await call.out(f"{name} {action.word}d in /etc/rc.conf\n")
        return 0
    if call.jid and action.word in DAEMON_WORDS and _is_daemon(call, name):
        return await _in_jail(call, name, action)
    if action.word in DAEMON_WORDS and name in DAEMONS:
        return await _daemon(call, name, action.word)
    return await call.fail(f"service: the simulator does not play {word} of {name}", 64)


def _is_daemon(call: Call, name: str) -> bool:
    return name in DAEMONS or f"{LOCAL}/{name}" in _local(call)


async def _in_jail(call: Call, name: str, action: Action) -> int:
    """Play a jail's daemon, unless its rcvar is off and nothing says `one` or `force`."""
    if not action.forced and action.word != "status" and not _is_on(call, name):
        await call.out(
            f"Cannot '{action.word}' {name}. Set {_rcvar(name)[0]} to YES in /etc/rc.conf or use "
            f"'one{action.word}' instead of '{action.word}'.\n"
        )
        return 1
    return await daemons.play(call, name, action.word)


async def _daemon(call: Call, name: str, word: str) -> int:
    running = _process(call, name)
    if word == "status":
        text = f"is running as pid {running.pid}." if running else "is not running."
        await call.out(f"{name} {text}\n")
        return 0 if running else 1
    if word == "start":
        if running is None:
            return await call.fail(f"service: the simulator does not start {name}", 64)
        await call.out(f"{name} already running?  (pid={running.pid}).\n")
        return 1
    return await call.fail(f"service: the simulator does not stop {name}", 64)


def _process(call: Call, name: str) -> Process | None:
    mine = call.machine.kernel.processes_in(call.jid)
    return next((item for item in mine if f"/usr/sbin/{name}" in item.command), None)
