"""The switch of firewall rules, which the host takes back unless the panel confirms it in time.

It is no program of FreeBSD's: the host's agent does it (docs/operators/agent.md, The firewall).
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.freebsd.commands import Command
from apps.freebsd.errors import InvalidInput

AGENT = "/usr/local/libexec/jailpanel-agent"
VERB = "switch-firewall"
SETS = (17, 18)  # the panel's own, by turns
LONGEST_WAIT_S = 600
IN_FORCE = "The new rules are in force."
# What it ends with.
NOT_SWITCHED, NOT_PUT_BACK, TAKEN_BACK = 65, 74, 75
# Beyond the time that it waits: reading what is there, and putting it back.
_SLACK_S = 120


def switch(new: int, old: Sequence[int], seconds: int) -> Command:
    """Put one set of rules in force in the place of others, and take that back unless it is confirmed.

    Args:
        new: The set that is loaded and off.
        old: The sets that go off.
        seconds: How long the host waits for the panel.

    Raises:
        InvalidInput: The host's agent would not take these.
    """
    if new not in SETS or not old or new in old or not all(0 <= number <= 30 for number in old):
        raise InvalidInput("These sets of rules cannot be switched.")
    if not 1 <= seconds <= LONGEST_WAIT_S:
        raise InvalidInput(f"The host waits for 1 to {LONGEST_WAIT_S} seconds.", field="seconds")
    names = " and ".join(map(str, old))
    return Command(
        (AGENT, VERB, str(new), ",".join(map(str, old)), str(seconds)),
        f"Put set {new} in force in the place of {names}, in one step of the kernel's, with NAT and tables. "
        f"In {seconds} seconds the host takes it back unless the panel reaches it over a fresh connection.",
        undo=f"/sbin/ipfw -q set enable {' '.join(map(str, old))} disable {new}",
        timeout_s=seconds + _SLACK_S,
    )


def is_guarded(argv: Sequence[str]) -> bool:
    """Return whether a command is one that has to be confirmed."""
    return tuple(argv[:2]) == (AGENT, VERB)


def is_waiting(output: str) -> bool:
    """Return whether a guarded command has done its work and waits for a confirmation, by what it printed."""
    return IN_FORCE in output
