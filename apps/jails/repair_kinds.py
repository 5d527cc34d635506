"""What a finding of something half made is made of, and what it rests on. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailAddresses, JailName
from apps.jails.models import Jail
from apps.jails.services import NewJail
from apps.jobs.plan import Plan

FINISH, UNDO = "finish", "undo"


@dataclass(frozen=True, slots=True)
class Repair:
    """One way on from something half made.

    Args:
        way: `finish` or `undo`.
        label: The button's words.
        plan: What runs.
        perm: What one must hold on the host.
        intent: What must be true afterwards, as the kind of the plan proves it.
        typed_name: The name to be typed first, where files are destroyed; or empty.
        wanted: The jail that is made or registered, if one is: it has to keep the rules.
    """

    way: str
    label: str
    plan: Plan
    perm: Perm
    intent: dict[str, Any] = field(default_factory=dict)
    typed_name: str = ""
    wanted: NewJail | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something half made.

    Args:
        key: Names it, as in `remains-web`, for as long as it is there.
        safe_name: The jail that it is about; empty for the host's basejail and the like.
        sentence: What there is.
        advice: What to do by hand, where the panel offers nothing; or empty.
        repairs: The ways on.
    """

    key: str
    safe_name: str
    sentence: str
    advice: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the last job that made or deleted a jail was for.

    Args:
        kind: The job's kind.
        name: The jail's name; empty when the job does not say.
        addresses: As ezjail's file would hold them; empty when unknown.
        flavour: The flavour, if any.
        public_first_reason: Why its first address may be public, if it is.
        wipe: Whether a delete was to destroy the files.
        was_cut: Whether its command may have been ended in its middle.
        kept_at: The moment in the name under which a deleted jail's dataset was to be kept; or empty.
    """

    kind: str
    name: str = ""
    addresses: str = ""
    flavour: str = ""
    public_first_reason: str = ""
    wipe: bool = False
    was_cut: bool = False
    kept_at: str = ""

    def wanted(self, name: JailName) -> NewJail | None:
        """Return the jail that was wished for, under the name of what is there; None when it is not known."""
        try:
            return NewJail(name, JailAddresses.parse(self.addresses), None, self.public_first_reason)
        except InvalidInput:
            return None


@dataclass(frozen=True, slots=True)
class Install:
    """The install that would make the basejail whole.

    Args:
        plan: Its commands.
        intent: What it is for.
    """

    plan: Plan
    intent: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a host.

    Args:
        host_name: Its name.
        facts: What the last probe said.
        jails: Its jails by safe name.
        wishes: What was wished last, by the safe name of its jail.
        busy: Safe names that a job is open for; "" when one is for the host itself.
        install: The install that would make the basejail whole, when one can be planned.
    """

    host_name: str
    facts: Mapping[str, Any]
    jails: Mapping[str, Jail]
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()
    install: Install | None = None

    @property
    def left(self) -> Mapping[str, Sequence[str]]:
        """What belongs to no jail."""
        return self.facts.get("leftovers", {})  # type: ignore[no-any-return]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of ezjail in effect."""
        return self.facts.get("ezjail", {}).get("settings", {})  # type: ignore[no-any-return]
