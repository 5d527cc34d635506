"""What a simulated host can be told to do wrong, and what a tool meets then."""

from __future__ import annotations

import dataclasses
import errno
import os
from dataclasses import dataclass


class Fault(Exception):
    """Something from outside ended a call that the tool itself did not end."""


class Rebooted(Fault):
    """The machine went down in the middle of the call."""


class DiskFull(OSError):
    """A write found no space; what was written before it stays."""

    def __init__(self, path: str) -> None:
        """Name the file that could not be written, as the kernel does."""
        super().__init__(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@dataclass(slots=True)
class Faults:
    """The switches of one machine; all off means that it works.

    Attributes:
        refuse: connections are refused (nothing listens).
        hang: connections are accepted and then nothing is ever said.
        drop_after_bytes: the connection is cut after so many bytes of output; None never cuts.
        disk_full: every write to the host's disk fails with ENOSPC.
        fetch_fails: nothing can be fetched from the network.
        slow: every pause of a tool takes so many times longer (1.0 is the tool's own time).
    """

    refuse: bool = False
    hang: bool = False
    drop_after_bytes: int | None = None
    disk_full: bool = False
    fetch_fails: bool = False
    slow: float = 1.0

    def clear(self) -> None:
        """Switch everything off."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, field.default)

    def check_space(self, path: str) -> None:
        """Raise DiskFull when the disk is full; every write of a file asks this first."""
        if self.disk_full:
            raise DiskFull(path)
