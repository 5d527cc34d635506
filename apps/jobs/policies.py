"""Which jobs need a second person: the policies, and what falls under them.

A job keeps what was true when it was asked for: whether it waits, and for how many hours, is decided once
(docs/decisions). A policy that is changed or removed afterwards changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.jobs import ports
from apps.jobs.events import publish
from apps.jobs.models import ApprovalPolicy

MOST_HOURS = 720


@dataclass(frozen=True, slots=True)
class Rule:
    """What a policy says.

    Args:
        group_id: The group of hosts that it is about; None for every host.
        kind: The kind of job that it is about; empty for every kind.
        valid_h: Hours after which the wait for an approval, and an approval, run out.
    """

    group_id: int | None
    kind: str
    valid_h: int


def policy_for(host_id: UUID, kind: str) -> ApprovalPolicy | None:
    """Return the policy that a kind of plan falls under on a host, the strictest where there are several."""
    kinds = Q(kind=kind) | Q(kind="")
    groups = Q(group__isnull=True) | Q(group__hosts=host_id)
    return ApprovalPolicy.objects.filter(kinds, groups).order_by("valid_h").first()


def approval_until(host_id: UUID, kind: str) -> datetime | None:
    """Return until when a job that is asked for now waits for a second person; None when it needs none."""
    policy = policy_for(host_id, kind)
    return timezone.now() + timedelta(hours=policy.valid_h) if policy else None


def approvals_until(host_ids: Iterable[UUID], kind: str) -> dict[UUID, datetime | None]:
    """Return, for each of many hosts, what `approval_until` does. Two queries for all."""
    now = timezone.now()
    policies = list(ApprovalPolicy.objects.filter(Q(kind=kind) | Q(kind="")).order_by("valid_h"))
    groups = dict(host_model().objects.filter(pk__in=host_ids).values_list("pk", "group_id"))  # type: ignore[attr-defined]
    hours = {
        host_id: next((row.valid_h for row in policies if row.group_id in (None, groups.get(host_id))), None)
        for host_id in host_ids
    }
    return {
        host_id: now + timedelta(hours=valid_h) if valid_h else None for host_id, valid_h in hours.items()
    }


def policy_list(actor: Actor) -> QuerySet[ApprovalPolicy]:
    """Return the policies that concern a host of the actor's; all to one who sees every host."""
    rows = ApprovalPolicy.objects.select_related("group")
    hosts = actor.scope(Perm.JOB_VIEW)
    if hosts is None:
        return rows
    # As a sub-query, so that a group with two of the actor's hosts is not there twice.
    own = group_model().objects.filter(hosts__in=hosts)  # type: ignore[attr-defined]
    return rows.filter(Q(group__isnull=True) | Q(group__in=own))


def policy_get(*, actor: Actor, policy_id: int) -> ApprovalPolicy:
    """Return one policy to someone who may change it.

    Raises:
        NotAllowed: The actor may not.
        Http404: There is none of this number.
    """
    actor.require(Perm.POLICY_CHANGE)
    policy = ApprovalPolicy.objects.select_related("group").filter(pk=policy_id).first()
    if policy is None:
        raise Http404
    return policy


def group_model() -> type[Model]:
    """Return the model of groups of hosts, which a room above keeps."""
    return apps.get_model("hosts", "HostGroup")


def host_model() -> type[Model]:
    """Return the model of hosts, which a room above keeps."""
    return apps.get_model("hosts", "Host")


def policy_add(*, actor: Actor, rule: Rule) -> ApprovalPolicy:
    """Ask for a second person from now on.

    Raises:
        NotAllowed: The actor may not change policies.
        InvalidInput: There is such a policy already, or no such kind, group or time.
    """
    actor.require(Perm.POLICY_CHANGE)
    _check(rule)
    policy = ApprovalPolicy(**asdict(rule))
    with transaction.atomic():
        _save(policy, force_insert=True)
        record(actor=actor, action="policy.added", subject=_subject(policy), after=said(policy))
        announce()
    return policy


def policy_change(*, actor: Actor, policy: ApprovalPolicy, rule: Rule) -> None:
    """Have a policy say something else; jobs that wait already keep what they were told.

    Raises:
        NotAllowed: The actor may not change policies.
        InvalidInput: Another policy says so already, or there is no such kind, group or time.
        Conflict: It was removed meanwhile.
    """
    actor.require(Perm.POLICY_CHANGE)
    _check(rule)
    with transaction.atomic():
        row = _locked(policy)
        before = said(row)
        row.group_id, row.kind, row.valid_h = rule.group_id, rule.kind, rule.valid_h
        _save(row, update_fields=["group", "kind", "valid_h"])
        record(actor=actor, action="policy.changed", subject=_subject(row), before=before, after=said(row))
        announce()


def policy_remove(*, actor: Actor, policy: ApprovalPolicy) -> None:
    """Ask for nobody's agreement any more; jobs that wait already still need it.

    Raises:
        NotAllowed: The actor may not change policies.
        Conflict: It was removed already.
    """
    actor.require(Perm.POLICY_CHANGE)
    with transaction.atomic():
        row = _locked(policy)
        record(actor=actor, action="policy.removed", subject=_subject(row), before=said(row))
        announce()
        row.delete()


def said(policy: ApprovalPolicy) -> dict[str, Any]:
    """Return what a policy says, for the record."""
    return {"hosts": group_name(policy), "kind": policy.kind or "every kind", "valid_h": policy.valid_h}


def group_name(policy: ApprovalPolicy) -> str:
    """Return which hosts a policy is about, as people call them."""
    return str(policy.group) if policy.group_id else "every host"


def kind_label(kind: str) -> str:
    """Return what people call a kind of job; its own name when no room knows it any more."""
    labels = {entry.name: entry.label for entry in ports.job_kinds()}
    return labels.get(kind, kind) if kind else "Every kind of change"


def announce() -> None:
    """Tell open pages, once the transaction has committed, that policies changed."""
    transaction.on_commit(partial(publish, "policies", "changed"))


def _check(rule: Rule) -> None:
    if rule.kind and rule.kind not in {entry.name for entry in ports.job_kinds()}:
        raise InvalidInput("The panel knows no such kind of change.", field="kind")
    if not 1 <= rule.valid_h <= MOST_HOURS:
        raise InvalidInput(f"Say a number of hours from 1 to {MOST_HOURS}.", field="valid_h")
    groups = group_model().objects  # type: ignore[attr-defined]
    if rule.group_id is not None and not groups.filter(pk=rule.group_id).exists():
        raise InvalidInput("This group of hosts is not there any more.", field="group")


def _save(policy: ApprovalPolicy, **how: Any) -> None:
    try:
        with transaction.atomic():
            policy.save(**how)
    except IntegrityError as error:
        what = "There is a policy for this kind of change on these hosts already: change that one."
        raise InvalidInput(what, field="kind") from error


def _locked(policy: ApprovalPolicy) -> ApprovalPolicy:
    row = ApprovalPolicy.objects.select_for_update(of=("self",)).filter(pk=policy.pk).first()
    if row is None:
        raise Conflict("This policy was removed meanwhile.")
    return row


def _subject(policy: ApprovalPolicy) -> Subject:
    return Subject("policy", str(policy.pk), f"{kind_label(policy.kind)} on {group_name(policy)}")
