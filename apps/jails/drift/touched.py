"""Which parts of a jail's state a job may have changed, by the steps of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apps.freebsd.commands import Command, FileChange, PlanStep
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN
from apps.freebsd.jail_file import CONTROL
from apps.jails.drift.compare import AT_BOOT, FILE, FSTAB, ROOT, RUNNING

EVERYTHING = frozenset({FILE, FSTAB, AT_BOOT, RUNNING, ROOT})
_ONLY_LOOK = frozenset({"archive", "console", "list", "snapshot"})


def touched(steps: Iterable[PlanStep]) -> frozenset[str]:
    """Return the parts that steps may change; what is none of these somebody else has changed."""
    return frozenset(part for step in steps for part in _of(step))


def _of(step: PlanStep) -> Iterator[str]:
    if isinstance(step, FileChange):
        if step.path.startswith(f"{CONTROL}/"):
            yield FILE
        elif step.path.startswith("/etc/fstab."):
            yield FSTAB
    elif isinstance(step, Command):
        yield from _of_call(step.argv)


def _of_call(argv: tuple[str, ...]) -> Iterable[str]:
    if EZJAIL_ADMIN not in argv:
        return (ROOT, RUNNING)
    verb, *words = argv[argv.index(EZJAIL_ADMIN) + 1 :]
    if verb.endswith(("start", "stop")):
        return (RUNNING,)
    if verb == "config" and words[:1] == ["-r"]:
        return (AT_BOOT,)
    return () if verb in _ONLY_LOOK else EVERYTHING
