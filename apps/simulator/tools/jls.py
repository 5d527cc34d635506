"""jls(8): the jails in the kernel.

Source: reference jail-tools.md §1; captures/jls.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.jailparams import ALL, READ_ONLY, is_bool, jail_value, known
from apps.simulator.libxo import Style, Value, document, take_style
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.machine import Machine
    from apps.simulator.state import Jail

USAGE = "jls: usage: jls [-dhNnqv] [-j jail] [param ...]"
VERSION = "2"
_HEADS = {
    "plain": "   JID  IP Address      Hostname                      Path\n",
    "named": " JID             IP Address      Hostname                      Path\n",
    "verbose": "   JID  Hostname                      Path\n        Name                          State\n"
    "        CPUSetID\n        IP Address(es)\n",
}


@dataclass(slots=True)
class Options:
    """What the command line asked for, after jls's own rules of which flag undoes which."""

    style: Style
    dying: bool = False
    jail: str = ""
    header: bool = False
    nameval: bool = False
    quoted: bool = False
    skip: bool = False
    verbose: bool = False
    names: bool = False

    def set(self, letter: str, value: str) -> None:
        """Take one option over."""
        if letter in "ad":
            self.dying = True
        elif letter == "j":
            self.jail = value
        elif letter == "N":
            self.names = True
        elif letter == "q":
            self.quoted = True
        else:
            self._set_form(letter)

    def _set_form(self, letter: str) -> None:
        if letter == "h":
            self.header, self.skip, self.verbose = True, False, False
        elif letter == "n":
            self.nameval, self.verbose = True, False
        elif letter == "s":
            self.header = self.verbose = False
            self.nameval = self.quoted = self.skip = True
        elif letter == "v":
            self.header = self.nameval = self.skip = False
            self.verbose = True


@tool("/usr/sbin/jls")
async def jls(call: Call) -> int:
    """Play jls."""
    style, words = take_style(call.args)
    options = Options(style)
    try:
        found, names = getopt(words, "adj:hNnqsv")
    except BadOption as bad:
        await call.err(bad.text("jls") + "\n")
        return await call.fail(USAGE)
    for letter, value in found:
        options.set(letter, value)
    params = _params(call.machine, options, names)
    for name in params:
        if not known(call.machine, name):
            if style.json:
                await call.out("{ }\n")  # as xo_finish closes what was never opened [inferred from libxo]
            return await call.fail(f"jls: unknown parameter: {name}")
    await call.pause(0.02)
    return await _print(call, options, params)


def _params(machine: Machine, options: Options, names: list[str]) -> list[str]:
    """Work out which parameters to print; none means one of the two tables."""
    if names:
        options.verbose = False
    elif options.header or options.nameval:
        names = ["all"]
    every = [name for name in ALL if known(machine, name)]
    chosen = [item for name in names for item in (every if name == "all" else [name])]
    return list(dict.fromkeys(chosen))


async def _print(call: Call, options: Options, params: list[str]) -> int:
    """Print the jails that were asked for, or the reason why one is not."""
    chosen, problem = _choose(call, options)
    if options.style.json:
        rows = [_fields(call.machine, options, params, jail) for jail in chosen]
        await call.out(document("jail-information", "jail", rows, style=options.style, version=VERSION))
    else:
        await call.out(_head(options, params))
        for jail in chosen:
            await call.out(_row(call.machine, options, params, jail))
    return await call.fail(f"jls: {problem}") if problem else 0


def _choose(call: Call, options: Options) -> tuple[list[Jail], str]:
    """Pick the jails to show; a process in a jail sees none (it has no children here)."""
    jails = [] if call.jid else call.machine.kernel.jails
    if not options.jail:
        return [jail for jail in jails if options.dying or not jail.dying], ""
    name = options.jail
    by_number = name.isdecimal() and int(name) > 0
    quoted = name if by_number else f'"{name}"'
    jail = next((jail for jail in jails if (jail.jid == int(name) if by_number else jail.name == name)), None)
    if jail is None:
        return [], f"jail {quoted} not found"
    if jail.dying and not options.dying:
        return [], f"jail {quoted} is dying"
    return [jail], ""


def _head(options: Options, params: list[str]) -> str:
    if options.verbose:
        return _HEADS["verbose"]
    if not params:
        return _HEADS["named" if options.names else "plain"]
    return " ".join(params) + "\n" if options.header else ""


def _row(machine: Machine, options: Options, params: list[str], jail: Jail) -> str:
    """Print one jail as text."""
    if options.verbose:
        lines = [f"{jail.jid:6d}  {jail.hostname:<29.29s} {jail.path:.74s}"]
        lines += [f"{'':8}{jail.name:<29.29s} {'DYING' if jail.dying else 'ACTIVE'}", f"{'':8}{jail.cpuset}"]
        lines += [f"{'':8}{address}" for address in [*jail.ip4, *jail.ip6]]
        return "\n".join(lines) + "\n"
    if not params:
        first = jail.ip4[0] if jail.ip4 else ""
        who = f" {jail.name:<15s} " if options.names else f"{jail.jid:6d}  "
        return f"{who}{first:<15.15s} {jail.hostname:<29.29s} {jail.path:.74s}\n"
    return (
        " ".join(
            _word(options, name, jail_value(machine, jail, name))
            for name in params_shown(options, params, jail)
        )
        + "\n"
    )


def params_shown(options: Options, params: list[str], jail: Jail) -> list[str]:
    """Drop what `-s` leaves out: read-only parameters, and those whose parent is not "new"."""
    if not options.skip:
        return params
    parents = {"host": "new", "ip4": jail.ip4_mode, "ip6": jail.ip6_mode}
    return [
        name
        for name in params
        if name not in READ_ONLY and parents.get(name.partition(".")[0], "new") == "new"
    ]


def _word(options: Options, name: str, value: Value) -> str:
    """Print one parameter as text, in the form that the flags ask for."""
    if options.nameval and is_bool(name):
        head, dot, last = name.rpartition(".")
        return name if value == "true" else f"{head}{dot}no{last}"
    before = f"{name}=" if options.nameval else ""
    if isinstance(value, list):
        empty = '""' if options.quoted else "" if options.nameval else "-"
        return before + (",".join(value) or empty)
    return before + _quote(str(value), quoted=options.quoted)


def _quote(value: str, *, quoted: bool) -> str:
    if not value:
        return '""'
    mark = '"' if "'" in value else "'" if '"' in value else '"' if " " in value or "\t" in value else ""
    return f"{mark}{value}{mark}" if quoted else value


def _fields(machine: Machine, options: Options, params: list[str], jail: Jail) -> dict[str, Value]:
    """Give one jail's fields for a document."""
    if options.verbose:
        state = "DYING" if jail.dying else "ACTIVE"
        head: dict[str, Value] = {
            "jid": jail.jid,
            "hostname": jail.hostname,
            "path": jail.path,
            "name": jail.name,
            "state": state,
        }
        return {**head, "cpusetid": jail.cpuset, "ipv4_addrs": jail.ip4, "ipv6_addrs": jail.ip6}
    if not params:
        who: dict[str, Value] = {"name": jail.name} if options.names else {"jid": jail.jid}
        return {**who, "ipv4": jail.ip4[0] if jail.ip4 else "", "hostname": jail.hostname, "path": jail.path}
    fields: dict[str, Value] = {}
    for name in params_shown(options, params, jail):
        value = jail_value(machine, jail, name)
        fields[name] = value == "true" if options.nameval and is_bool(name) else value
    return fields
