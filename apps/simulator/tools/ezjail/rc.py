"""/usr/local/etc/rc.d/ezjail: hands ezjails over to /etc/rc.d/jail.

Source: reference ezjail.md §1.3, §3.6; captures/ezjail.json (start-…, stop-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool, shellvars
from apps.simulator.rcscript import rcvar, read_action, refused, safe
from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.config import valid_cpus
from apps.simulator.tools.ezjail.jailfile import NORUN, EzJail, load, ordered
from apps.simulator.tools.ezjail.session import RC_SCRIPT, Exit, Session, read_settings
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

RC_JAIL = "/etc/rc.d/jail"
ACTIONS = ("start", "stop", "restart", "startcrypto", "stopcrypto")


@tool(RC_SCRIPT)
async def rc_ezjail(call: Call) -> int:
    """Play the script."""
    action = read_action(call.args[0] if call.args else "")
    if action.word == "rcvar":
        return await rcvar(call, "ezjail")
    if action.word not in ACTIONS:
        return await call.fail(
            f"Usage: {RC_SCRIPT} [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|"
            "enabled|describe|extracommands|startcrypto|stopcrypto)"
        )
    if await refused(call, "ezjail", action, always=()):
        return 1
    session = Session(call, read_settings(call))
    names = [safe(name) for name in call.args[1:]]
    jails = await _choose(session, action.word, names)
    if jails:
        await _pass_on(session, action.word.removesuffix("crypto"), jails)
    return 0


async def _choose(session: Session, action: str, names: list[str]) -> list[EzJail]:
    """Go through the jails that were named, or all, and leave out those that are not to be started."""
    chosen, named = [], bool(names)
    for name in names or await _all(session, action):
        jail = await _look_at(session, action, name, named=named)
        if jail:
            chosen.append(jail)
    return chosen


async def _all(session: Session, action: str) -> list[str]:
    """List every jail's file in starting order, or backwards to stop; a stop takes norun jails, too."""
    if action in {"start", "stop"}:
        await session.call.out(" ezjail")
    try:
        order = ordered(session)
    except OSError:
        return []
    for complaint in order.complaints:
        await session.complain(complaint)
    return [name.removesuffix(NORUN) for name in order.names[::-1]] if action == "stop" else order.names


async def _look_at(session: Session, action: str, name: str, *, named: bool) -> EzJail | None:
    """Load one jail and say why it is passed over."""
    jail = load(session, name.removesuffix(NORUN))
    if not jail.config:
        await session.say(f" Warning: Jail {name} not found.")
        return None
    if "." in name or (named and jail.norun):
        await session.call.out(f" skipping {name}")
        return None
    if not session.files.is_dir(jail.rootdir):
        await session.say(f" Warning: root directory {jail.rootdir} of {name} does not exist.")
        return None
    blocking = bool(jail.values.get("attachblocking") or jail.values.get("forceblocking"))
    if not named and action == "start" and blocking:
        await session.call.out(f" ...skipping blocking jail {name}")
        return None
    if action.endswith("crypto") and not blocking:
        return None
    return jail if await _attach(session, action, jail) else None


async def _attach(session: Session, action: str, jail: EzJail) -> bool:
    """Attach an image before a start; a jail whose image cannot be is passed over."""
    if "start" not in action or not image.is_image(jail) or image.attached_device(session, jail) or jail.jid:
        return True
    try:
        await image.attach(session, jail)
    except Exit as problem:
        await session.say(f" {problem}")
        return False
    return True


async def _pass_on(session: Session, action: str, jails: list[EzJail]) -> None:
    """Run rc.d/jail with the jails' variables in its environment; then do what is ezjail's own."""
    env = dict(session.call.env)
    for jail in jails:
        env.update(shellvars.parse(session.files.read_text(jail.config), env))
    names = [jail.safe_name for jail in jails]
    await session.call.child((RC_SCRIPT,), env=env).run((RC_JAIL, f"one{action}", *names))
    if action in {"start", "restart"}:
        await _after_start(session, jails)
    else:
        for jail in jails:
            if image.is_image(jail) and not load(session, jail.name).jid:
                image.detach(session, jail.rootdir)


async def _after_start(session: Session, jails: list[EzJail]) -> None:
    """Attach datasets, bind processors, run scripts; the first jail that did not start ends it (§3.6)."""
    for jail in jails:
        if not session.files.is_file(f"/var/run/jail_{jail.safe_name}.id"):
            return
        running = session.machine.kernel.jail(jail.safe_name)
        for name in jail.values.get("zfs_datasets", "").split():
            dataset = session.machine.kernel.dataset(name)
            if dataset is None or dataset.properties.get("jailed") != "on" or running is None:
                await session.call.out(f"Error: {name} could not be configured")
            elif dataset.mounted:
                pool.unmount(session.machine, dataset)
        cpuset = jail.values.get("cpuset")
        if cpuset and not valid_cpus(cpuset, session.machine.spec.ncpu):
            await session.call.out("Error: The defined cpuset is malformed")
        script = jail.values.get("post_start_script")
        if script and await session.call.run((script, str(running.jid if running else ""), jail.safe_name)):
            await session.call.out("Error: Post Start Script failed")
