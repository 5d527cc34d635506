"""rctl(8): rules of the kernel's resource limits, and what is used.

Source: usr.bin/rctl/rctl.c; reference rctl §5, §6; captures/rctl.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.rctl import kernel, usage
from apps.simulator.rctl.model import ABSENT
from apps.simulator.rctl.parse import Malformed, Refused, expand
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.simulator.call import Call
    from apps.simulator.rctl.model import Rule

USAGE = "usage: rctl [ -h ] [-a rule | -l filter | -r filter | -u filter | filter]"
NOT_PRESENT = "rctl: RACCT/RCTL support not present in kernel; see rctl(8) for details"
DISABLED = "rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable"
ALL = "::"
COLUMN, STEP, CUT = 10_000, 1024, 973
FAILED = {
    "a": "add rule",
    "r": "remove rule",
    "l": "get limits for",
    "u": "show resource consumption for",
    "": "show rules for",
}


def humanized(number: int) -> str:
    """Do humanize_number(3) for a buffer of six bytes with one decimal: `512M`, `1024M`, `1.5K`."""
    scale, rest = 0, 0
    while number >= COLUMN or (number == COLUMN - 1 and rest >= STEP // 2):
        number, rest = divmod(number, STEP)
        scale += 1
    unit = " KMGTPE"[scale].strip()
    if scale and (number < 9 or (number == 9 and rest < CUT)):
        tenths = (rest * 10 + STEP // 2) // STEP
        return f"{number + tenths // 10}.{tenths % 10}{unit}"
    return f"{number + (rest + STEP // 2) // STEP}{unit}"


@dataclass(slots=True)
class Run:
    """One run: what it does, how it prints, and the host's users."""

    call: Call
    mode: str
    is_human: bool
    is_numeric: bool
    users: dict[str, int]

    def lines(self, text: str) -> list[str]:
        """Ask the kernel for one argument's worth.

        Args:
            text: as typed.

        Raises:
            Malformed: rctl does not pass it on.
            Refused: the kernel does not do it.
            NoSystemCall: it cannot.
        """
        machine, jid = self.call.machine, self.call.jid
        asked = expand(text, self.users, resolves=not (self.is_numeric and self.mode == "a"))
        changes: dict[str, Callable[..., None]] = {"a": kernel.add, "r": kernel.remove}
        if self.mode in changes:
            changes[self.mode](machine, asked, jid)
            return []
        if self.mode == "u":
            found = kernel.used(machine, asked, jid)
            return [f"{name}={self._amount(value)}" for name, value in found.items()]
        listed = kernel.limits if self.mode == "l" else kernel.rules
        return [self._rule(rule) for rule in listed(machine, asked, jid)]

    def _amount(self, number: int) -> str:
        return humanized(number) if self.is_human else str(number)

    def _rule(self, rule: Rule) -> str:
        names = {str(number): name for name, number in self.users.items()}
        is_named = rule.subject == "user" and not self.is_numeric
        return rule.text(names.get(rule.id, "") if is_named else "", self._amount(rule.amount or 0))


@tool("/usr/bin/rctl")
async def rctl(call: Call) -> int:
    """Play rctl: its status is the number of arguments that failed."""
    try:
        found, operands = getopt(call.args, "ahlnru")
    except BadOption as bad:
        return await call.fail(f"{bad.text('rctl')}\n{USAGE}")
    letters = {letter for letter, _value in found}
    modes = letters & {"a", "l", "r", "u"}
    if len(modes) > 1:
        return await call.fail("rctl: at most one of -a, -l, -r, or -u may be specified")
    if modes and not operands:
        return await call.fail(USAGE)
    run = Run(call, "".join(modes), "h" in letters, "n" in letters, usage.users(call.machine))
    try:
        failed = sum([await _one(run, text) for text in operands or [ALL]])
    except kernel.NoSystemCall:
        is_absent = call.machine.kernel.rctl.mode == ABSENT
        return await call.fail(NOT_PRESENT if is_absent else DISABLED)
    return failed if operands else 0


async def _one(run: Run, text: str) -> int:
    """Do one argument; 1 when that failed."""
    try:
        lines = run.lines(text)
    except Malformed as fault:
        return await run.call.fail(f"rctl: malformed rule '{text}': {fault}")
    except Refused as refused:
        return await run.call.fail(f"rctl: failed to {FAILED[run.mode]} '{text}': {refused}")
    if lines:
        await run.call.out("".join(f"{line}\n" for line in lines))
    return 0
