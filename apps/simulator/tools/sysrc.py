"""sysrc(8): read and write rc.conf.

Source: captures/host.json (sysrc-…), captures/jail.json (sysrc-in-jail); reference jail-tools.md §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import rcfile
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.files import Files

USAGE = "usage: sysrc [OPTIONS] {name[[+|-]=value] ...|-a|-A|-l|-L [name ...]|-n|-x name ...}"
DUMP_SECONDS = 0.3
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)([+-]?)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Job:
    """One run: where it reads and writes, and how it prints."""

    call: Call
    files: Files
    paths: tuple[str, ...]
    letters: frozenset[str]
    defaults: bool

    def value(self, name: str) -> str | None:
        """Give a variable's value; None when nobody has set it."""
        found = rcfile.settings(self.files, self.paths)
        return found.get(name, rcfile.DEFAULTS.get(name) if self.defaults else None)

    def shown(self, name: str, value: str) -> str:
        """Print a variable as the options want it."""
        if "n" in self.letters:
            return f"{value}\n"
        return f"{name}={rcfile.quoted(value)}\n" if "e" in self.letters else f"{name}: {value}\n"


@tool("/usr/sbin/sysrc")
async def sysrc(call: Call) -> int:
    """Play sysrc."""
    if "--version" in call.args:
        await call.out("sysrc: 7.3\n")
        return 1
    try:
        found, operands = getopt(call.args, "aAcdDeEf:FhiInNj:lLqR:s:vx")
    except BadOption as bad:
        return await call.fail(f"{bad.text('sysrc')}\n{USAGE}")
    job = await _job(call, found)
    return await _run(job, operands) if job else 1


async def _run(job: Job, operands: list[str]) -> int:
    if {"a", "A"} & job.letters:
        return await _dump(job)
    if "l" in job.letters:
        await job.call.out(" ".join(job.paths) + "\n")
        return 0
    if not operands:
        return await job.call.fail(USAGE)
    return max([await _one(job, word) for word in operands])


async def _job(call: Call, found: list[tuple[str, str]]) -> Job | None:
    options = dict(found)
    files, chosen = call.machine.files_of(call.jid), [value for letter, value in found if letter == "f"]
    if "j" in options:
        jail = call.machine.kernel.jail(options["j"])
        if jail is None:
            await call.err(f'sysrc: jail_getid: jail "{options["j"]}" not found\n')
            return None
        files = call.machine.jail_files(jail)
    if "R" in options:
        files = files.view(options["R"])
    return Job(call, files, tuple(chosen) or rcfile.FILES, frozenset(options), defaults=not chosen)


async def _dump(job: Job) -> int:
    """Print everything that is set (`-A`: and the defaults), sorted by name."""
    await job.call.pause(DUMP_SECONDS)
    found = rcfile.settings(job.files, job.paths)
    if "A" in job.letters:
        found = {**rcfile.DEFAULTS, **found}
    await job.call.out("".join(job.shown(name, found[name]) for name in sorted(found)))
    return 0


async def _one(job: Job, word: str) -> int:
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment:
        return await _assign(job, *assignment.groups())
    if "x" in job.letters:
        return await _delete(job, word)
    value = job.value(word)
    if value is None:
        return await _unknown(job, word)
    await job.call.out(job.shown(word, value))
    return 0


async def _unknown(job: Job, name: str) -> int:
    if {"i", "q"} & job.letters:
        return 0 if "i" in job.letters else 1
    return await job.call.fail(f"sysrc: unknown variable '{name}'")


async def _delete(job: Job, name: str) -> int:
    dropped = [rcfile.drop(job.files, path, name) for path in job.paths]
    return 0 if any(dropped) else await _unknown(job, name)


async def _assign(job: Job, name: str, operator: str, text: str) -> int:
    """Set a variable, or with -c say whether it would change."""
    before = job.value(name)
    after = rcfile.changed(before or "", operator, text)
    if "c" in job.letters:
        return 0 if before == after else 1
    holding = [path for path in job.paths if name in rcfile.settings(job.files, (path,))]
    path = holding[-1] if holding else job.paths[0]
    rcfile.put(job.files, path, name, after)
    if "q" not in job.letters:
        await job.call.out(
            job.shown(name, after if {"n", "e"} & job.letters else f"{before or ''} -> {after}")
        )
    return 0
