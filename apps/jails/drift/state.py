"""What a jail is, as it is wanted or as it was seen: the same few values on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from apps.jails.models import Jail


@dataclass(frozen=True, slots=True)
class State:
    """A jail's state. `Jail.wanted` holds one as JSON; what can be read off the file is not kept again.

    Args:
        file: ezjail's file of it.
        fstab: /etc/fstab.NAME, empty when there is none.
        runs_at_boot: Whether the host starts it when it boots: its file is without `.norun`.
        running: Whether it runs.
        root: Whether its root directory is there.
    """

    file: str
    fstab: str
    runs_at_boot: bool
    running: bool
    root: bool

    @classmethod
    def observed(cls, jail: Jail) -> Self:
        """Return what was last seen of a jail."""
        return cls(jail.config_text, jail.fstab_text, jail.runs_at_boot, jail.is_running, jail.root_exists)

    @classmethod
    def wanted(cls, jail: Jail) -> Self:
        """Return what is wanted of a jail; what was seen where that is not known (yet)."""
        seen = cls.observed(jail)
        held: Mapping[str, Any] = jail.wanted or {}
        return cls(**{field.name: held.get(field.name, getattr(seen, field.name)) for field in fields(cls)})

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return asdict(self)
