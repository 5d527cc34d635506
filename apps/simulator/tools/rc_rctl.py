"""/etc/rc.d/rctl: start adds the rules of rctl_rules, stop removes every rule of the host.

Source: libexec/rc/rc.d/rctl; reference rctl §7; captures/rctl.json (service-rctl-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import rcfile
from apps.simulator.rcscript import is_yes, read_action
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

SCRIPT, RCTL = "/etc/rc.d/rctl", "/usr/bin/rctl"
RCVAR, FILE = "rctl_enable", "rctl_rules"
USAGE = (
    f"Usage: {SCRIPT} [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|"
    "describe|extracommands)"
)


def value(call: Call, name: str) -> str:
    """Give a variable of rc.conf, or its default."""
    return rcfile.settings(call.machine.files).get(name, rcfile.DEFAULTS[name])


def rules(text: str) -> list[str]:
    """Read a file of rules: the first word of each line that is no comment."""
    words = [line.split()[0] for line in text.splitlines() if line.strip()]
    return [word for word in words if not word.startswith("#")]


@tool(SCRIPT)
async def rc_rctl(call: Call) -> int:
    """Play the script."""
    action = read_action((call.args or ("",))[0])
    if action.word == "rcvar":
        await call.out(f'# rctl\n#\n{RCVAR}="{value(call, RCVAR)}"\n#   (default: "")\n\n')
        return 0
    if action.word == "enabled":
        return 0 if is_yes(value(call, RCVAR)) else 1
    if action.word in {"enable", "disable"}:
        rcfile.put(call.files, rcfile.FILES[0], RCVAR, "YES" if action.word == "enable" else "NO")
        await call.out(f"rctl {action.word}d in /etc/rc.conf\n")
        return 0
    if action.word not in {"start", "stop", "restart"}:
        return await call.fail(USAGE)
    if not action.forced and not is_yes(value(call, RCVAR)):
        await call.out(
            f"Cannot '{action.word}' rctl. Set {RCVAR} to YES in /etc/rc.conf or use "
            f"'one{action.word}' instead of '{action.word}'.\n"
        )
        return 1
    status = 0
    if action.word != "start":
        status = await call.run((RCTL, "-r", ":"))
    return status if action.word == "stop" else await _start(call)


async def _start(call: Call) -> int:
    """Hand all rules to one rctl, as xargs does; its status is 1 when any failed."""
    path = value(call, FILE)
    found = rules(call.files.read_text(path)) if call.files.is_file(path) else []
    return int(bool(found) and await call.run((RCTL, "-a", *found)) != 0)
