"""What a simulated kernel's RACCT and RCTL know: rules, and the records that they hang on.

Plain data that is saved with the rest of the kernel (`kernel.rctl`) and gone at a reboot.

Source: reference rctl §2 to §4, §8; sys/kern/kern_rctl.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SUBJECTS = ("process", "loginclass", "user", "jail")  # as rules are listed
# In the order in which the kernel prints them; the last four came with 11.0.
RESOURCES = (
    *("cputime", "datasize", "stacksize", "coredumpsize", "memoryuse", "memorylocked", "maxproc"),
    *("openfiles", "vmemoryuse", "pseudoterminals", "swapuse", "nthr", "msgqqueued", "msgqsize", "nmsgq"),
    *("nsem", "nsemop", "nshm", "shmsize", "wallclock", "pcpu", "readbps", "writebps", "readiops"),
    "writeiops",
)
RATES = ("readbps", "writebps", "readiops", "writeiops")
IN_MILLIONS = frozenset({"cputime", "wallclock", "pcpu"})
NOT_DENIED = frozenset({"cputime", "wallclock", *RATES})
SLOPPY = frozenset(
    {"pseudoterminals", "swapuse", "msgqqueued", "msgqsize", "nmsgq", "nsem", "nshm", "shmsize"}
)
SIGNALS = (
    *("hup", "int", "quit", "ill", "trap", "abrt", "emt", "fpe", "kill", "bus", "segv", "sys", "pipe"),
    *("alrm", "term", "urg", "stop", "tstp", "chld", "ttin", "ttou", "io", "xcpu", "xfsz", "vtalrm"),
    *("prof", "winch", "info", "usr1", "usr2", "thr"),
)
ACTIONS = frozenset({"deny", "log", "devctl", "throttle", *(f"sig{name}" for name in SIGNALS)})
ON, OFF, ABSENT = "on", "off", "absent"


@dataclass(slots=True)
class Rule:
    """A rule, or a filter when some of it is empty.

    Attributes:
        subject: one of `SUBJECTS`.
        id: a process number, a user's number, a login class or a jail's name.
        resource: one of `RESOURCES`.
        action: one of `ACTIONS`.
        amount: in the resource's own unit; None in filters that do not ask.
        per: whose use is counted.
        exceeded: the processes that it fired for; each again once its use was below the limit.
    """

    subject: str = ""
    id: str = ""
    resource: str = ""
    action: str = ""
    amount: int | None = None
    per: str = ""
    exceeded: list[int] = field(default_factory=list)

    def holds(self, rule: Rule) -> bool:
        """Tell whether a rule is one that this filter asks for."""
        asked = (self.subject, self.id, self.resource, self.action, self.per)
        found = (rule.subject, rule.id, rule.resource, rule.action, rule.per)
        same = all(want in {"", have} for want, have in zip(asked, found, strict=True))
        return same and self.amount in {None, rule.amount}

    @property
    def is_whole(self) -> bool:
        """Tell whether it says all that a rule must."""
        return bool(self.subject and self.id and self.resource and self.action) and self.amount is not None

    def text(self, shown_id: str = "", shown_amount: str = "") -> str:
        """Print it as the kernel does: `per` only where it is another than the subject."""
        per = "" if self.per == self.subject else f"/{self.per}"
        amount = shown_amount or self.amount
        return f"{self.subject}:{shown_id or self.id}:{self.resource}:{self.action}={amount}{per}"


@dataclass(slots=True)
class Record:
    """What the kernel keeps by a jail's name: the use of processes that are gone, in seconds."""

    name: str
    cputime: float = 0.0
    wallclock: float = 0.0


@dataclass(slots=True)
class Rctl:
    """RACCT and RCTL of one kernel.

    Attributes:
        mode: `on`, `off` (compiled in, not enabled) or `absent` (not compiled in).
        rules: newest first.
        records: of jails that live or that a rule is for, oldest first.
        events: what devd was told, newest last; the last hundred.
    """

    mode: str = ON
    rules: list[Rule] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
