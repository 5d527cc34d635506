"""/etc/rc.d/ipfw: loads the modules, runs the script of rc.conf, switches IPFW on; stop leaves the rules.

Source: reference ipfw §10; libexec/rc/rc.d/ipfw; captures/ipfw.json (service-status).
What `stop` prints: inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import agent, kld, rcfirewall
from apps.simulator.rcscript import read_action, refused
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Input, Streams
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.simulator.call import Call

SCRIPT, RC_FIREWALL, IPFW = "/etc/rc.d/ipfw", "/etc/rc.firewall", "/sbin/ipfw"
RCVAR = "firewall_enable"
NOT_ENABLED = """Warning: kernel has firewall functionality, but firewall rules are not enabled.
           All ip services are disabled.
"""
MODULES = {"firewall_nat_enable": "ipfw_nat", "dummynet_enable": "dummynet", "natd_enable": "ipdivert"}
SWITCHES = ("net.inet.ip.fw.enable", "net.inet6.ip6.fw.enable")


@tool(SCRIPT)
async def rc_ipfw(call: Call) -> int:
    """Play the script."""
    words = call.args or ("",)
    action = read_action(words[0])
    call = call.child((SCRIPT, *call.args))
    if action.word == "rcvar":
        value = call.machine.rc().get(RCVAR, "NO")
        await call.out(f'# ipfw\n#\n{RCVAR}="{value}"\n#   (default: "")\n\n')
        return 0
    if action.word not in {"start", "stop", "restart", "status"}:
        return await call.fail(
            f"Usage: {SCRIPT} [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|"
            "describe|extracommands|status)"
        )
    if await refused(call, "ipfw", action, always=(), variable=RCVAR):
        return 1
    if action.word == "status":
        return await _status(call)
    if action.word in {"stop", "restart"}:
        await _stop(call)
    return 0 if action.word == "stop" else await _start(call, words[1] if len(words) > 1 else "")


async def _status(call: Call) -> int:
    is_on = "ipfw" in call.machine.kernel.modules and call.machine.kernel.ipfw.enabled
    await call.out(f"ipfw is {'enabled' if is_on else 'not enabled'}\n")
    return 0 if is_on else 1


async def _stop(call: Call) -> None:
    for name in SWITCHES:
        await call.run(("/sbin/sysctl", f"{name}=0"))


async def _start(call: Call, given: str) -> int:
    machine, rc = call.machine, call.machine.rc()
    kld.load(machine, "ipfw")
    for name, module in MODULES.items():
        if machine.rc_yes(name):
            kld.load(machine, module)
    script = rc.get("firewall_script") or RC_FIREWALL
    if await run_script(call, script, given or rc.get("firewall_type", "UNKNOWN")):
        await call.out("Firewall rules loaded.\n")
    elif machine.kernel.ipfw.default.action == "deny":
        await call.out(NOT_ENABLED)
    if machine.rc_yes("firewall_logging"):
        await call.out("Firewall logging enabled.\n")
        machine.kernel.ipfw.verbose = True
    machine.kernel.ipfw.enabled = machine.kernel.ipfw.enabled6 = True
    machine.touch()
    return 0


async def run_script(call: Call, script: str, kind: str) -> bool:
    """Run `/bin/sh $firewall_script $firewall_type`; False when there is no such script."""
    files = call.machine.files
    if files.is_file(script):
        child = call.child((script, kind))
        if script == agent.AGENT:
            await agent.run(child.child((script, kind), env={**agent_env(), **call.env}))
            return True
        shell = Shell(child, script, (kind,))
        await shell.run(files.read_text(script), Streams(Input(call.read), call.sink_out, call.sink_err))
        return True
    if script != RC_FIREWALL:
        return False
    await _rc_firewall(call, kind)
    return True


def agent_env() -> Mapping[str, str]:
    """Give the environment of rc's scripts."""
    return {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "HOME": "/", "LC_ALL": "C"}


async def _rc_firewall(call: Call, kind: str) -> None:
    """Play /etc/rc.firewall, which nobody has changed."""
    rc = call.machine.rc()
    ipfw = (IPFW, "-q") if rcfirewall.is_yes(rc, "firewall_quiet") else (IPFW,)
    files = call.machine.files
    name = kind.lower()
    known = name if name in rcfirewall.KNOWN else "unknown"
    for line in rcfirewall.commands(known, rc):
        await call.run((*ipfw, *line.split()))
    if name == "workstation":
        for text in rcfirewall.advice(rc):
            await call.err(f"{text}\n")
    if name in rcfirewall.KNOWN:
        return
    if files.is_dir(kind):
        for file in files.names(kind):
            await call.run((IPFW, "-q", f"{kind}/{file}"))
    elif files.is_file(kind):
        await call.run((*ipfw, *rc.get("firewall_flags", "").split(), kind))
    elif name == "simple":
        await call.err("simulator: firewall_type simple is not played\n")
