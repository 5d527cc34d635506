"""Every resource that RCTL limits: its unit, its meaning, its trap, and what can be done at its limit.

Source: reference rctl §3, §8; rctl(8). What a refused call says to the program is named where the reference
or the call's own manual page says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.limits.actions import ACTIONS, DENY, THROTTLE

MOST = 2**63 - 1
_MILLION = 10**6


class Unit(StrEnum):
    """What an amount counts."""

    BYTES = "bytes"
    COUNT = "a number"
    PERCENT = "percent of one core"
    SECONDS = "seconds"
    BYTES_S = "bytes a second"
    OPERATIONS_S = "operations a second"

    @property
    def is_bytes(self) -> bool:
        """Whether it is written with K, M, G."""
        return self in (Unit.BYTES, Unit.BYTES_S)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Args:
        name: As rctl calls it.
        unit: What its amounts count.
        meaning: One sentence.
        denied: What a program meets at the limit of `deny`; empty where the kernel refuses that action.
        trap: What people get wrong about it; or empty.
        is_shared: Whether processes have no account of it of their own, so that no limit can be per process.
        in_millionths: Whether the kernel counts it in millionths, so that its largest amount is smaller.
    """

    name: str
    unit: Unit
    meaning: str
    denied: str = ""
    trap: str = ""
    is_shared: bool = False
    in_millionths: bool = False

    @property
    def most(self) -> int:
        """The largest amount that the kernel takes."""
        return MOST // _MILLION if self.in_millionths else MOST

    @property
    def throttles(self) -> bool:
        """Whether `throttle` can slow it down: it is a rate of input or output."""
        return self.unit in (Unit.BYTES_S, Unit.OPERATIONS_S)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that the kernel accepts for it."""
        return tuple(action.name for action in ACTIONS if not self.why_not(action.name))

    def why_not(self, action: str) -> str:
        """Return why the kernel refuses an action that there is, as a sentence; empty where it does not."""
        if action == DENY and not self.denied:
            rather = "throttle slows it down" if self.throttles else "log, devctl and signals can tell of it"
            return f"{self.name} cannot be denied: it has no call that could fail; {rather}."
        if action == THROTTLE and not self.throttles:
            rates = ", ".join(one.name for one in RESOURCES if one.throttles)
            return f"{self.name} cannot be throttled: only {rates} can."
        return ""


def _rate(name: str, unit: Unit, what: str) -> Resource:
    trap = (
        "It counts what programs ask of file systems, not what disks do; ZFS is counted by newer releases "
        "only. What is above the limit in one second is made up for by sleeping in the next."
    )
    return Resource(name, unit, what, trap=trap)


_SYSV = "It counts only in jails that have System V IPC at all."

RESOURCES = (
    Resource(
        "cputime", Unit.SECONDS, "Processor time used since the account began.",
        trap="It only grows: a stop and start of the jail does not set it back as long as a rule holds its "
        "account, so that a jail which reached it stays over it.",
        in_millionths=True,
    ),
    Resource(
        "datasize", Unit.BYTES, "Size of the data segments, which old ways of asking for memory grow.",
        "Growing the data segment fails with “Cannot allocate memory”.",
        "malloc takes its memory by mmap, which this does not count.",
    ),
    Resource(
        "stacksize", Unit.BYTES, "Size of the stacks of the processes.",
        "The stack cannot grow, and the program ends with a segmentation fault.",
        "Stacks of threads other than the first are mapped memory, which this does not count.",
    ),
    Resource(
        "coredumpsize", Unit.BYTES, "Size of a core dump.",
        "No core file is written that would be larger.",
    ),
    Resource(
        "memoryuse", Unit.BYTES, "Resident memory: what lies in RAM now.",
        "Nothing fails: the kernel pages the processes out, which slows them down, and perhaps the host.",
        "It does not refuse memory, so programs can grow beyond it into swap: limit swapuse as well. Pages "
        "that processes share count once for each of them.",
    ),
    Resource(
        "memorylocked", Unit.BYTES, "Memory that programs locked into RAM.",
        "Locking more memory fails.",
    ),
    Resource(
        "maxproc", Unit.COUNT, "Number of processes.",
        "fork fails with “Resource temporarily unavailable”: nobody can log in to the jail or look into it "
        "by then.",
    ),
    Resource(
        "openfiles", Unit.COUNT, "Size of the processes’ tables of open files.",
        "Opening a file, pipe or connection fails with “Too many open files”.",
        "It is the size of the tables and not the number of open files, and a jail’s usage may say 0.",
    ),
    Resource(
        "vmemoryuse", Unit.BYTES, "Address space: all memory that programs reserved, used or not.",
        "Asking for memory fails with “Cannot allocate memory”, and few programs survive that.",
        "It is not resident memory: Go, Java, Node and PostgreSQL reserve many times what they use, and stop "
        "working early.",
    ),
    Resource(
        "pseudoterminals", Unit.COUNT, "Number of pseudo-terminals.",
        "Opening a terminal fails: logins by SSH and tmux need one.", is_shared=True,
    ),
    Resource(
        "swapuse", Unit.BYTES, "Swap space that is reserved or used.",
        "Asking for memory that might need swap fails with “Cannot allocate memory”.",
        is_shared=True,
    ),
    Resource(
        "nthr", Unit.COUNT, "Number of threads.",
        "Making a thread fails.",
        "Every process has at least one, so that it limits processes too.",
    ),
    Resource(
        "msgqqueued", Unit.COUNT, "Number of System V messages that wait in queues.",
        "Sending a message fails.", _SYSV, is_shared=True,
    ),
    Resource(
        "msgqsize", Unit.BYTES, "Size of the System V messages that wait in queues.",
        "Sending a message fails.", _SYSV, is_shared=True,
    ),
    Resource(
        "nmsgq", Unit.COUNT, "Number of System V message queues.",
        "Making a queue fails.", _SYSV, is_shared=True,
    ),
    Resource(
        "nsem", Unit.COUNT, "Number of System V semaphores.",
        "Making semaphores fails.", _SYSV, is_shared=True,
    ),
    Resource(
        "nsemop", Unit.COUNT, "Number of operations on System V semaphores in one call.",
        "A call with more operations fails.",
        "It is a limit of each call by itself, not a sum.",
    ),
    Resource(
        "nshm", Unit.COUNT, "Number of System V shared memory segments.",
        "Making a segment fails: PostgreSQL needs one to start.", _SYSV, is_shared=True,
    ),
    Resource(
        "shmsize", Unit.BYTES, "Size of the System V shared memory segments.",
        "Making a segment fails.", _SYSV, is_shared=True,
    ),
    Resource(
        "wallclock", Unit.SECONDS, "Time for which the processes have been running, all added up.",
        trap="Ten idle processes use ten seconds of it each second.",
        in_millionths=True,
    ),
    Resource(
        "pcpu", Unit.PERCENT, "Processor use now, in percent of one core: 200 is two cores.",
        "Nothing fails: a process that uses more is put to sleep until the next second.",
        "The kernel aims lower than it is told, at 10 points less, or at half of what is 20 or less; "
        "use goes up and down like a saw, once a second.",
        in_millionths=True,
    ),
    _rate("readbps", Unit.BYTES_S, "Bytes read from file systems a second."),
    _rate("writebps", Unit.BYTES_S, "Bytes written to file systems a second."),
    _rate("readiops", Unit.OPERATIONS_S, "Read operations on file systems a second."),
    _rate("writeiops", Unit.OPERATIONS_S, "Write operations on file systems a second."),
)  # fmt: skip
_BY_NAME = {resource.name: resource for resource in RESOURCES}


def resource_named(name: str) -> Resource | None:
    """Return what is known of a resource, by its name in lower case; None where there is none."""
    return _BY_NAME.get(name)
