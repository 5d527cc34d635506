"""What is to be kept running, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Service:
    """One program that the launcher keeps running.

    Args:
        name: Short name; its log is `<name>.log`.
        argv: Program and arguments.
        ready: Says whether it can be used now; None when being alive is enough.
        grace_s: Seconds between TERM and KILL.
        mark: A text that its command line always holds, where it changes its command line.
        environment: Variables beside the launcher's own.
        descriptors: Open files of the launcher that it inherits.
    """

    name: str
    argv: tuple[str, ...]
    ready: Probe | None = None
    grace_s: float = 5.0
    mark: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
