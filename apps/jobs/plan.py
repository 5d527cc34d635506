"""A plan: the exact commands of a change. What is previewed is what is stored, run and recorded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from apps.freebsd.commands import Command, FileChange, PlanStep, Transfer


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps on one host, and what is looked at afterwards.

    Args:
        kind: `app.verb`, for example `jails.start`.
        title: What it does, in a few words, with the object's name.
        commands: Commands, changes of files and transfers, in order; a failing one ends the job.
        checks: Sentences that say what must be true afterwards; the kind's `verify` looks.
        warnings: What the person should know before they agree.
    """

    kind: str
    title: str
    commands: tuple[PlanStep, ...]
    checks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        data = asdict(self)
        data["commands"] = [_step_json(step) for step in self.commands]
        return {**data, "checks": list(self.checks), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Return the plan that `to_json` gave.

        Raises:
            KeyError, TypeError: It is none.
        """
        commands = tuple(_step_of(item) for item in data["commands"])
        return cls(data["kind"], data["title"], commands, tuple(data["checks"]), tuple(data["warnings"]))

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of the whole plan: two plans with one hash run the same bytes."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _step_json(step: PlanStep) -> dict[str, Any]:
    data = asdict(step)
    return {**data, "argv": list(step.argv)} if isinstance(step, Command) else data


def _step_of(data: dict[str, Any]) -> PlanStep:
    if "argv" in data:
        return Command(**{**data, "argv": tuple(data["argv"])})
    return Transfer(**data) if "source" in data else FileChange(**data)
