"""Who the second person can be, and how pages say so before something is asked for, and while it waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.accounts.queries import Holder, holders
from apps.jobs.models import ApprovalPolicy, Job, JobState
from apps.jobs.policies import policy_for
from apps.pages.wording import full_time

MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """That somebody else has to agree, said to the one who is about to ask.

    Args:
        text: The sentence.
        valid_h: Hours for which the job waits for them.
        nobody: Whether there is no one who could.
    """

    text: str
    valid_h: int
    nobody: bool


def second_person(actor: Actor, host_id: UUID, kind: str) -> SecondPerson | None:
    """Return what to say before a change is asked for; None when nobody else need agree."""
    policy = policy_for(host_id, kind)
    if policy is None:
        return None
    names = _names(holders(Perm.JOB_APPROVE), host_id, besides=actor.user_id)
    if names:
        return SecondPerson(f"{one_of(names)} can approve it.", policy.valid_h, nobody=False)
    own = actor.may(Perm.JOB_APPROVE, host_id)
    text = "Nobody but you may approve here, and nobody approves what they asked for." if own else NOBODY
    return SecondPerson(f"{text} {ASK_ADMIN}", policy.valid_h, nobody=True)


NOBODY = "Nobody may approve jobs on this host."
ASK_ADMIN = "An administrator can grant somebody that."


def approvers_of(job: Job) -> list[str]:
    """Return the names of those who may approve a job, in order."""
    return _names(holders(Perm.JOB_APPROVE), job.host_id, besides=job.requester_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits for a second person, as one of those who look at it sees it.

    Args:
        approvers: Who may approve it.
        may_not: Why the one who looks may not; empty when they may.
        until: When the wait ends.
    """

    approvers: list[str]
    may_not: str
    until: str

    @property
    def approvers_text(self) -> str:
        """Who may approve it, in words."""
        return one_of(self.approvers)


def waiting_for(actor: Actor, job: Job) -> Waiting | None:
    """Return what the page of a job says of the second person; None when it does not wait for one."""
    if job.state != JobState.AWAITING or job.approval_until is None:
        return None
    return Waiting(approvers_of(job), why_not_approve(actor, job), full_time(job.approval_until))


def why_not_approve(actor: Actor, job: Job) -> str:
    """Return why an actor may not approve a job; empty when they may."""
    return why_never(actor, job) or why_not_now(job)


def why_never(actor: Actor, job: Job) -> str:
    """Return why this actor is not the second person for a job; empty when they are.

    The name counts beside the account: one that was removed and made again is still who asked.
    """
    if actor.user_id is None:
        return "The panel itself approves nothing: a person has to."
    if actor.user_id == job.requester_id or actor.name == job.requester_name:
        return "You asked for it, so somebody else has to agree."
    return "" if actor.may(Perm.JOB_APPROVE, job.host_id) else denial(Perm.JOB_APPROVE)


def why_not_now(job: Job) -> str:
    """Return why nobody can approve a job any more; empty when it waits for that."""
    if job.state != JobState.AWAITING:
        return "It does not wait for an approval any more."
    if job.approval_until is None or job.approval_until <= timezone.now():
        return "The time for an approval has run out."
    return ""


def warnings_for(policies: Iterable[ApprovalPolicy]) -> dict[int | None, str]:
    """Return, by the policy's group, on which of its hosts too few people may approve. Two queries for all.

    A group on whose hosts two people may, so that each has another one, is not in it.
    """
    people, warned = holders(Perm.JOB_APPROVE), {}
    hosts = list(
        apps.get_model("hosts", "Host").objects.order_by("name").values_list("pk", "name", "group_id")
    )
    for group_id in {policy.group_id for policy in policies}:
        own = [(pk, name) for pk, name, group in hosts if group_id is None or group == group_id]
        if text := _too_few(people, own):
            warned[group_id] = text
    return warned


def _too_few(people: list[Holder], hosts: list[tuple[UUID, str]]) -> str:
    by_people: dict[tuple[str, ...], list[str]] = {}
    for host_id, host_name in hosts:
        names = tuple(_names(people, host_id))
        if len(names) < 2:
            by_people.setdefault(names, []).append(host_name)
    return " ".join(_sentence(names, where) for names, where in sorted(by_people.items()))


def _sentence(names: tuple[str, ...], hosts: list[str]) -> str:
    where = listed(hosts, "and")
    if not names:
        return f"Nobody may approve on {where}: what is asked for there runs out."
    return f"Only {names[0]} may approve on {where}: what {names[0]} asks for there runs out."


def one_of(names: list[str]) -> str:
    """Say a list of people of whom one is enough: "alice, bob or carol"."""
    return listed(names, "or")


def listed(names: list[str], word: str) -> str:
    """Say a list in words, with a number for what is too much of it."""
    left = len(names) - MOST_NAMES
    shown = names if left <= 1 else [*names[:MOST_NAMES], f"{left} others"]
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _names(people: list[Holder], host_id: UUID, *, besides: int | None = None) -> list[str]:
    found = {
        person.name
        for person in people
        if person.host_id in (None, host_id) and (besides is None or person.user_id != besides)
    }
    return sorted(found)
