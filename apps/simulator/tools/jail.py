"""jail(8): create, modify and remove jails from a configuration or from the command line.

Source: reference jail-tools.md §2; captures/ezjail.json (start-running).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.jailconf import ConfError, Config, Statement, merge, parse
from apps.simulator.jailctl import Failed, Params, one, start, stop
from apps.simulator.jailparams import BOOLS, SCALARS, is_bool
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.state import Jail

USAGE = """usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            -[cmr] param=value ... [command=command ...]
       jail [-dqv] [-f file] -[cmr] [jail]
       jail [-qv] [-f file] -[rR] ['*' | jail ...]
       jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            [-n jailname] [-s securelevel]
            path hostname [ip[,...]] command ..."""
DEFAULT_CONF = "/etc/jail.conf"
CHANGEABLE = re.compile(
    r"(no)?persist$|allow\.|securelevel$|host\.|children\.max$|enforce_statfs$|devfs_ruleset$"
)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.]*)(\+?=)(.*)", re.DOTALL)


@dataclass(slots=True)
class Request:
    """What the command line asked for."""

    actions: str = ""
    file: str = DEFAULT_CONF
    quiet: bool = False
    verbose: bool = False
    show_jid: bool = False
    separator: str | None = None
    words: list[str] = field(default_factory=list)


@tool("/usr/sbin/jail")
async def jail(call: Call) -> int:
    """Play jail."""
    try:
        found, words = getopt(call.args, "cde:f:hiJ:lmn:p:qrRs:u:U:v")
    except BadOption as bad:
        return await call.fail(f"{bad.text('jail')}\n{USAGE}")
    request = Request(words=words)
    for letter, value in found:
        _set(request, letter, value)
    if request.separator is None and not request.actions:
        return await call.fail(USAGE)
    try:
        return await _act(call, request)
    except ConfError as refused:
        return await call.fail(f"jail: {refused}")


def _set(request: Request, letter: str, value: str) -> None:
    if letter in "cmrR":
        request.actions += letter
    elif letter == "f":
        request.file = value
    elif letter == "e":
        request.separator = value
    request.quiet |= letter in "qi"
    request.show_jid |= letter == "i"
    request.verbose |= letter == "v"


async def _act(call: Call, request: Request) -> int:
    """Do it; "R" and "r" of a name work without a configuration."""
    if request.separator is not None:
        return await _show(call, _load(call, request), request.separator)
    if "r" in request.actions.lower() and "c" not in request.actions:
        return await _remove(call, request)
    if any(_ASSIGNED.fullmatch(word) for word in request.words):
        params = merge([_given(word) for word in request.words], {})
        return await _one(call, request, one(params, "name"), params)
    config = _load(call, request)
    names = request.words or config.jails
    results = [await _one(call, request, name, _params(config, name)) for name in names]
    return max(results, default=0)


def _given(word: str) -> Statement:
    """Make a statement of a word of the command line."""
    match = _ASSIGNED.fullmatch(word)
    if match is None or not match[3]:
        return Statement("*", word.rstrip("="), add=False, values=())
    return Statement("*", match[1], match[2] == "+=", tuple(_quoted(match[3])))


def _quoted(value: str) -> list[str]:
    """Keep a command line's value from being read as syntax: addresses are split, nothing is filled in."""
    return ["'" + part.replace("\\", "\\\\").replace("'", "\\'") + "'" for part in value.split(",")]


def _load(call: Call, request: Request) -> Config:
    if not call.machine.files.is_file(request.file):
        raise ConfError(f"{request.file}: No such file or directory")
    return parse(call.machine.files.read_text(request.file), request.file)


def _params(config: Config, name: str) -> Params | None:
    return config.params(name) if name in config.jails else None


async def _one(call: Call, request: Request, name: str, params: Params | None) -> int:
    """Create or modify one jail."""
    if params is None:
        return (
            0
            if request.quiet and "c" not in request.actions
            else await call.fail(f'jail: "{name}" not found')
        )
    running = call.machine.kernel.jail(name)
    if "m" in request.actions and running is not None:
        return await _modify(call, running, params)
    if "c" not in request.actions:
        return await call.fail(f'jail: "{name}" not found')
    unknown = _unknown(params)
    if unknown:
        return await call.fail(f"jail: {name}: unknown parameter: {unknown}")
    try:
        made = await start(call, name or str(call.machine.kernel.last_jid + 1), params)
    except Failed as failed:
        return await call.fail(f"jail: {failed}")
    if request.show_jid:
        await call.out(f"{made.jid}\n")
    elif not request.quiet:
        await call.out(f"{made.name}: created\n")
    return 0


def _unknown(params: Params) -> str:
    """Give the first parameter that neither jail(8) nor the kernel knows."""
    own = re.compile(
        r"exec\.|mount(\.|$)|ip[46](\.addr|\.saddrsel)?$|vnet(\.interface)?$|\$|"
        r"(name|path|interface|ip_hostname|command|depend|allow\.dying|stop\.timeout|zfs\.dataset|jid|osrelease|osreldate|"
        r"host\.hostname|persist)$"
    )
    return next((name for name in params if not own.match(name) and name not in {*BOOLS, *SCALARS}), "")


async def _modify(call: Call, running: Jail, params: Params) -> int:
    """Change what the kernel lets one change in a running jail."""
    for name, values in params.items():
        if name in {"name", "path", "jid"} or name.startswith(("exec.", "mount", "$")):
            continue
        if not CHANGEABLE.match(name):
            return await call.fail(f"jail: {running.name}: {name} cannot be changed after creation")
        if name == "persist":
            running.persist = values[-1] == "true"
        elif name == "host.hostname":
            running.hostname = values[-1]
        else:
            value = {"1": "true", "0": "false"}.get(values[-1], values[-1]) if is_bool(name) else values[-1]
            running.params[name] = value
    call.machine.touch()
    return 0


async def _remove(call: Call, request: Request) -> int:
    """Remove jails: with the stop steps of their configuration, or (-R) without any."""
    config = None
    if "R" not in request.actions and call.machine.files.is_file(request.file):
        config = _load(call, request)
    elif "R" not in request.actions and request.file != DEFAULT_CONF:
        _load(call, request)
    if not request.words:
        return await call.fail(USAGE)
    names = [item.name for item in call.machine.kernel.jails] if request.words == ["*"] else request.words
    status = 0
    for name in names:
        status = max(status, await _remove_one(call, request, config, name))
    return status


async def _remove_one(call: Call, request: Request, config: Config | None, name: str) -> int:
    running = call.machine.kernel.jail(name)
    if running is None or running.dying:
        return 1 if request.quiet else await call.fail(f'jail: "{name}" not found')
    params = config.params(running.name) if config and running.name in config.jails else None
    await stop(call, running, params)
    if params is not None and not request.quiet:
        await call.out(f"{running.name}: removed\n")
    return 0


async def _show(call: Call, config: Config, separator: str) -> int:
    """Print every configured jail's parameters (`-e separator`)."""
    for name in config.jails:
        pairs = [
            f"{key}={_shown(values)}"
            for key, values in config.params(name).items()
            if not key.startswith("$")
        ]
        await call.out(separator.join(pairs) + "\n")
    return 0


def _shown(values: list[str]) -> str:
    text = ",".join(values)
    return f'"{text}"' if re.search(r"""[\s"',;]""", text) else text
