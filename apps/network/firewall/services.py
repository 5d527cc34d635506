"""Asking for a firewall to be applied, and taking over what a host has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.firewall.codec import from_json, to_json
from apps.freebsd.firewall.model import Firewall
from apps.hosts.models import Host
from apps.hosts.services import host_lock
from apps.jobs.models import Job
from apps.jobs.plan import Plan
from apps.network.firewall.drift import in_force
from apps.network.firewall.observed import Live, live_of
from apps.network.firewall.plans import Ground, apply_plan, next_set, placed
from apps.network.firewall.wanted import Wanted, fitted, wanted_on
from apps.network.models import AppliedFirewall, HostFirewall, Layout, RuleSet
from apps.network.queueing import Agreed, asked_before, queue_host_plan
from apps.network.rulesets.queries import rule_set_of
from apps.network.rulesets.services import Content, content_of, rule_set_change
from apps.network.rulesets.taking_over import written_of

SHORTEST_S, LONGEST_S = 1, 600
NO_RULE_SET = "No rule set is for this host yet."
NEVER_SEEN = "The panel has not looked at this host's firewall yet."
UNREAD = "What the panel saw of this host's firewall cannot be read."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be applied.

    Args:
        seconds: How long the host waits to hear that the panel still reaches it.
        again: The number of the applied firewall that is wanted once more; None for what the rule set says.
    """

    seconds: int
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What applying a wish would do.

    Args:
        live: The host's firewall now; None when ipfw is not loaded.
        firewall: What it is to be.
        wanted: What the rule set comes to; None when an earlier firewall is wanted again.
        ground: What the plan rests on.
        plan: The steps.
    """

    live: Live | None
    firewall: Firewall
    wanted: Wanted | None
    ground: Ground
    plan: Plan


def default_seconds() -> int:
    """Return how long a host waits for the panel, unless someone says otherwise."""
    return int(settings.FIREWALL_CONFIRM_S)


def prospect(host: Host, wish: Wish) -> Prospect:
    """Return what applying a wish would do on a host as it was last seen.

    Raises:
        InvalidInput: It cannot be written, or waited for so long; `field` may say which part.
        Conflict: There is nothing to apply, or what rests on it is not known.
        ParseError: What is stored is not understood.
    """
    row = HostFirewall.objects.filter(host=host).first()
    if row is None or row.observed_at is None:
        raise Conflict(NEVER_SEEN)
    live = live_of(row)
    ground = ground_of(host, live)
    wanted = None if wish.again else wanted_on(host, ground.live)
    if wanted is None and wish.again is None:
        raise Conflict(NO_RULE_SET)
    if wanted and wanted.compiled.problems:
        raise Conflict(f"The rule set is not whole. {wanted.compiled.problems[0]}")
    firewall = wanted.firewall if wanted else fitted(_earlier(host, wish.again or 0), ground.live)
    return Prospect(live, firewall, wanted, ground, apply_plan(firewall, ground, wish.seconds))


def _earlier(host: Host, number: int) -> Firewall:
    applied = AppliedFirewall.objects.filter(host=host, pk=number).first()
    if applied is None:
        raise Conflict("This firewall is not in the host's history.")
    return in_force(from_json(applied.content["firewall"]))


def ground_of(host: Host, live: Live | None) -> Ground:
    """Return what a plan rests on."""
    rc = ((host.facts.get("setup") or {}).get("rc") or {}).get("values") or {}
    rc = {name: value for name, value in rc.items() if name.startswith("firewall_")}
    if live is None:
        return Ground(rc=rc)
    return Ground(live.firewall, live.has_nat, live.files, live.boot_text, rc)


def firewall_apply_request(*, actor: Actor, host: Host, wish: Wish, agreed: Agreed) -> Job:
    """Ask for a firewall to be applied.

    Raises:
        NotAllowed: The actor may not.
        InvalidInput, ParseError: As `prospect`.
        Conflict: As `prospect`; or the host is away, or the plan is another than was shown.
    """
    actor.require(Perm.FIREWALL_APPLY, host.pk)
    found = prospect(host, wish)
    if existing := asked_before(actor, host, found.plan, agreed):
        return existing
    content = {"firewall": to_json(placed(found.firewall, next_set(found.ground)))}
    with transaction.atomic():
        host_lock(host)
        job = queue_host_plan(
            actor,
            host,
            found.plan,
            subject=subject_of(host),
            action="firewall.apply_requested",
            intent=content | {"seconds": wish.seconds, "again": wish.again},
            said={"seconds": wish.seconds, "rules": len(found.firewall.rules)} | _what(found, wish),
            agreed=agreed,
        )
        AppliedFirewall.objects.get_or_create(
            job_id=job.pk,
            defaults={
                "host": host,
                "content": content,
                "actor_name": actor.name,
                "actor_id": actor.user_id,
                "note": _note(found, wish),
            },
        )
    return job


def _what(found: Prospect, wish: Wish) -> dict[str, Any]:
    if found.wanted is None:
        return {"again": wish.again}
    return {"rule_set": found.wanted.rule_set.name, "version": found.wanted.rule_set.version}


def _note(found: Prospect, wish: Wish) -> str:
    if found.wanted is None:
        return f"number {wish.again} once more"
    return f"{found.wanted.rule_set.name}, version {found.wanted.rule_set.version}"


def firewall_adopt(*, actor: Actor, host: Host) -> RuleSet:
    """Have the host's rule set say what is in force on the host now; nothing changes there.

    Raises:
        NotAllowed: The actor may not change the rule set, on all of its hosts.
        Conflict: There is no rule set, or nothing was seen.
    """
    actor.require(Perm.FIREWALL_CHANGE, host.pk)
    rule_set = rule_set_of(host)
    row = HostFirewall.objects.filter(host=host).first()
    live = live_of(row)
    if rule_set is None:
        raise Conflict(NO_RULE_SET)
    if row is None or live is None:
        raise Conflict(NEVER_SEEN)
    content = Content(Layout.WRITTEN, content_of(rule_set).choices, written_of(in_force(live.firewall)))
    with transaction.atomic():
        changed = rule_set_change(actor=actor, rule_set=rule_set, version=rule_set.version, content=content)
        HostFirewall.objects.filter(pk=row.pk).update(
            kept={"firewall": to_json(live.firewall)}, differs_since=None
        )
        record(actor=actor, action="firewall.adopted", subject=subject_of(host), rule_set=rule_set.name)
    return changed


def subject_of(host: Host) -> Subject:
    """Return what the record calls a host's firewall."""
    return Subject("firewall", str(host.pk), f"firewall of {host.name}", host.pk)


def parsed_seconds(text: str) -> int:
    """Return how long a form says that the host is to wait.

    Raises:
        InvalidInput: That is no number of seconds, or too many.
    """
    if not text.strip():
        return default_seconds()
    if (
        not text.strip().isascii()
        or not text.strip().isdigit()
        or not SHORTEST_S <= int(text[:9]) <= LONGEST_S
    ):
        raise InvalidInput(f"A number of seconds from {SHORTEST_S} to {LONGEST_S}.", field="seconds")
    return int(text)
