"""A plan: the exact commands of a change. What is previewed is what is stored, run and recorded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from apps.freebsd.commands import Command


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered commands on one host, and what is looked at afterwards.

    Args:
        kind: `app.verb`, for example `jails.start`.
        title: What it does, in a few words, with the object's name.
        commands: The commands, in order; a failing one ends the job.
        checks: Sentences that say what must be true afterwards; the kind's `verify` looks.
        warnings: What the person should know before they agree.
    """

    kind: str
    title: str
    commands: tuple[Command, ...]
    checks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        data = asdict(self)
        data["commands"] = [{**command, "argv": list(command["argv"])} for command in data["commands"]]
        return {**data, "checks": list(self.checks), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Return the plan that `to_json` gave."""
        commands = tuple(Command(**{**item, "argv": tuple(item["argv"])}) for item in data["commands"])
        return cls(data["kind"], data["title"], commands, tuple(data["checks"]), tuple(data["warnings"]))

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of the whole plan: two plans with one hash run the same bytes."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
