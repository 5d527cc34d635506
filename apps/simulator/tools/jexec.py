"""jexec(8): run a program inside a jail.

Source: reference jail-tools.md §4; captures/jail.json (jexec…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import programs
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = "usage: jexec [-l] [-u username | -U username] jail [command ...]"
USERS = frozenset({"root", "0"})


@tool("/usr/sbin/jexec")
async def jexec(call: Call) -> int:
    """Play jexec: its own failures are status 1, else the command's status counts."""
    try:
        found, operands = getopt(call.args, "lnu:U:")
    except BadOption as bad:
        return await call.fail(f"{bad.text('jexec')}\n{USAGE}")
    options = dict(found)
    if not operands or ("u" in options and "U" in options):
        return await call.fail(USAGE)
    name, command = operands[0], tuple(operands[1:])
    jail = call.machine.kernel.jail(name)
    if jail is None or jail.dying or call.jid:
        shown = name if name.isdecimal() else f'"{name}"'
        return await call.fail(f"jexec: jail {shown} not found")
    user = options.get("u") or options.get("U")
    if user and user not in USERS:
        return await call.fail(f"jexec: {user}: no such user")
    env = _login_environment(call) if "l" in options else dict(call.env)
    child = call.child(call.argv, env=env)
    status = await programs.run(child, jail, command or (programs.SHELL,))
    if status is None:
        return await call.fail(f"jexec: execvp: {command[0]}: No such file or directory")
    return status


def _login_environment(call: Call) -> dict[str, str]:
    """Make the clean environment of -l: TERM stays, the login class sets the rest (as captured)."""
    env = {"HOME": "/root", "SHELL": programs.SHELL, "USER": "root", "PATH": programs.LOGIN_PATH}
    if "TERM" in call.env:
        env["TERM"] = call.env["TERM"]
    return env
