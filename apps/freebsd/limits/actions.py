"""What RCTL does when an amount is reached, and what a program notices of it.

Source: reference rctl §2, §4, §8; rctl(8), signal(3). That `per` user counts what a user has anywhere on the
host is read in sys/kern/kern_rctl.c (the account is that of the user, not of the user in the jail).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DENY, THROTTLE, LOG, DEVCTL = "deny", "throttle", "log", "devctl"


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    Args:
        name: As rctl calls it.
        meaning: What the kernel does, as a sentence.
        effect: What a program notices, as a sentence.
    """

    name: str
    meaning: str
    effect: str

    @property
    def is_signal(self) -> bool:
        """Whether it sends a signal."""
        return self.name.startswith("sig")

    @property
    def replaces(self) -> bool:
        """Whether a new amount takes the place of the old one; else it is a second rule beside the first."""
        return self.name == DENY


_ENDS = "The program ends, unless it catches the signal."
_DUMPS = "The program ends with a core dump, unless it catches the signal."
_STOPS = "The program stops until it is sent SIGCONT, unless it catches the signal."
_NOTHING = "Nothing, unless the program waits for the signal."
_SIGNALS = {
    "hup": "Many services read their configuration anew; other programs end.", "int": _ENDS, "quit": _DUMPS,
    "ill": _DUMPS, "trap": _DUMPS, "abrt": _DUMPS, "emt": _DUMPS, "fpe": _DUMPS,
    "kill": "The program ends at once; it cannot catch it, nor put anything in order.",
    "bus": _DUMPS, "segv": _DUMPS, "sys": _DUMPS, "pipe": _ENDS, "alrm": _ENDS, "term": _ENDS,
    "urg": _NOTHING,
    "stop": "The program stops until it is sent SIGCONT; it cannot catch it.",
    "tstp": _STOPS, "chld": _NOTHING, "ttin": _STOPS, "ttou": _STOPS, "io": _NOTHING, "xcpu": _ENDS,
    "xfsz": _ENDS, "vtalrm": _ENDS, "prof": _ENDS, "winch": _NOTHING, "info": _NOTHING, "usr1": _ENDS,
    "usr2": _ENDS, "thr": "The program ends, unless it has threads, which use the signal among themselves.",
}  # fmt: skip


def _signal(name: str, effect: str) -> Action:
    meaning = f"Sends SIG{name.upper()} to the process that took too much, and to no other of the jail."
    return Action(f"sig{name}", meaning, effect)


ACTIONS = (
    Action(
        DENY,
        "Refuses what would go beyond the amount; a new amount takes the place of the old one.",
        "The call fails: see the resource.",
    ),
    Action(
        LOG,
        "Writes a line to the kernel’s log, at most ten a second for the whole host, and again only after "
        "use went below the amount.",
        "Nothing.",
    ),
    Action(
        DEVCTL,
        "Tells devd, at most ten times a second for the whole host, and again only after use went below the "
        "amount.",
        "Nothing, unless devd is set up to do something.",
    ),
    Action(
        THROTTLE,
        "Lets the process sleep after each call that went beyond the amount, for two seconds at most.",
        "It becomes slower; nothing fails.",
    ),
    *(_signal(name, effect) for name, effect in _SIGNALS.items()),
)
_BY_NAME = {action.name: action for action in ACTIONS}


def action_named(name: str) -> Action | None:
    """Return what is known of an action, by its name in lower case; None where there is none."""
    return _BY_NAME.get(name)


class Subject(StrEnum):
    """Whom a rule is about, and per whom its amount is."""

    PROCESS = "process"
    USER = "user"
    LOGINCLASS = "loginclass"
    JAIL = "jail"


# What stands for a subject in a rule, and what follows from it.
SUBJECT_MEANING = {
    Subject.PROCESS: "One process, by its number. The rule goes with the process, and is of no use at boot.",
    Subject.USER: "All processes of a user, by name or number, in all jails and on the host.",
    Subject.LOGINCLASS: "All processes of a login class of login.conf(5), in all jails and on the host.",
    Subject.JAIL: "All processes of a jail and of the jails in it, by the jail’s name in the kernel. The "
    "rule is there before the jail starts and after it is gone, and holds for whatever jail has that name.",
}
PER_MEANING = {
    Subject.PROCESS: "Each process may have the amount.",
    Subject.USER: "Each user may have the amount, and what the user has elsewhere on the host counts too.",
    Subject.LOGINCLASS: "Each login class may have the amount, and what it has elsewhere on the host counts.",
    Subject.JAIL: "Each jail may have the amount.",
}
