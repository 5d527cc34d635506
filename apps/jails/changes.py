"""What can be done to a jail that exists, the same for one jail and for many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from apps.accounts.permissions import Perm
from apps.audit.services import Subject
from apps.hosts.models import Host
from apps.jails import plans
from apps.jails.models import Jail
from apps.jobs.models import Batch, Job
from apps.jobs.plan import Plan


def intent_of(jail: Jail) -> dict[str, Any]:
    """Return what a job must know of a jail as it was, to say afterwards what came of it."""
    return {"jid": jail.jid, "root": jail.root}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is done to a jail.

    Args:
        verb: Its word, as in addresses.
        kind: The kind of job that it makes.
        perm: What one must hold.
        plan: The commands.
        action: What the record calls the asking.
        nothing_to_do: Says why a jail needs it not; empty when it does.
        intent: What a job must know of the jail.
        is_for_all: Whether it is for all jails of a host, and not for those that run.
        needs_facts: Whether its plan looks at what the jail's host has said.
        at: Gives it for a moment, where names that its commands make hold one.
        moment: That moment.
        takes_missing: Whether it is for jails, too, that ezjail has no file for any more.
        word: The word on a button, where that is not the verb.
    """

    verb: str
    kind: str
    perm: Perm
    plan: Callable[[Jail], Plan]
    action: str
    nothing_to_do: Callable[[Jail], str]
    intent: Callable[[Jail], dict[str, Any]] = intent_of
    is_for_all: bool = False
    needs_facts: bool = False
    at: Callable[[str], Change] | None = None
    moment: str = ""
    takes_missing: bool = False
    word: str = ""

    @property
    def label(self) -> str:
        """The word on a button."""
        return self.word or self.verb.capitalize()


def _runs_already(jail: Jail) -> str:
    return "It runs already." if jail.is_running else ""


def _does_not_run(jail: Jail) -> str:
    return "" if jail.is_running else "It does not run."


START = Change(
    "start", "jails.start", Perm.JAIL_START, plans.start_plan, "jail.start_requested", _runs_already
)
STOP = Change("stop", "jails.stop", Perm.JAIL_STOP, plans.stop_plan, "jail.stop_requested", _does_not_run)
RESTART = Change(
    "restart",
    "jails.restart",
    Perm.JAIL_STOP,
    plans.restart_plan,
    "jail.restart_requested",
    _does_not_run,
)
CHANGES = {change.verb: change for change in (START, STOP, RESTART)}


def why_not_now(host: Host, open_job: Job | None) -> str:
    """Return why nothing can be asked for at the moment; empty when it can.

    Args:
        host: Where.
        open_job: The job that is open for the same thing, if one is.
    """
    if not host.is_online:
        return f"{host.name} is {host.get_state_display()}: {host.state_reason}".rstrip(": ")
    if open_job:
        return f"“{open_job.title}” is {open_job.get_state_display()} already. Wait for its end."
    return ""


def subject_of(jail: Jail) -> Subject:
    """Return what the record calls a jail."""
    return Subject("jail", jail.safe_name, jail.name, jail.host_id)


def batch_retry_url(batch: Batch) -> str:
    """Return where the jobs of a batch of this room that came to nothing are asked for once more."""
    verb = batch.kind.rpartition(".")[2]
    return f"{reverse('jails:jail-bulk', args=[verb])}?{urlencode({'failed_of': batch.pk})}"
