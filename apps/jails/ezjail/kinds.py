"""What proves this topic's jobs, where they lead, and how they are tried again."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import PanelError
from apps.hosts.models import Host
from apps.jails.ezjail import plans, services, settings
from apps.jails.ezjail.situation import situation_of
from apps.jails.ezjail.wanted import HostSetup
from apps.jails.services import Agreed
from apps.jobs.models import Job, JobState
from apps.jobs.plan import Plan
from apps.jobs.ports import Again, JobKind, NextLink, register_kind


def register_kinds() -> None:
    """Tell the engine the kinds of job of this topic."""
    set_up = Again(Perm.HOST_SETUP, _setup_again, _ask_setup)
    change = Again(Perm.HOST_SETUP, _settings_again, _ask_settings)
    register_kind(JobKind("jails.ezjail_setup", "Set up ezjail", _is_set_up, _from_setup, set_up))
    register_kind(
        JobKind("jails.ezjail_settings", "Change ezjail’s settings", _is_changed, _from_settings, change)
    )


def _host(job: Job) -> Host:
    """Return the host as the probe after the job left it."""
    return Host.objects.get(pk=job.host_id)


def _is_set_up(job: Job) -> list[str]:
    wanted = HostSetup.from_json(job.intent)
    try:
        return [lack.sentence for lack in plans.lacks(wanted, situation_of(_host(job)))]
    except PanelError as error:
        return [error.message]


def _is_changed(job: Job) -> list[str]:
    return settings.not_as_wanted(situation_of(_host(job)), _changes(job))


def _changes(job: Job) -> settings.Changes:
    changes: dict[str, Any] = job.intent["changes"]
    return {str(name): None if value is None else str(value) for name, value in changes.items()}


def _setup_again(job: Job) -> Plan:
    return services.setup_plan(_host(job), HostSetup.from_json(job.intent))


def _ask_setup(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    wanted, agreed = HostSetup.from_json(job.intent), Agreed(plan_hash, key, job)
    return services.ezjail_setup_request(actor=actor, host=_host(job), wanted=wanted, agreed=agreed)


def _settings_again(job: Job) -> Plan:
    host = _host(job)
    return settings.settings_plan(situation_of(host), _changes(job), host.facts.get("flavours"))


def _ask_settings(job: Job, actor: Actor, plan_hash: str, key: str) -> Job:
    agreed = Agreed(plan_hash, key, job)
    return services.ezjail_settings_request(
        actor=actor, host=_host(job), changes=_changes(job), agreed=agreed
    )


def _from_setup(job: Job, actor: Actor) -> list[NextLink]:
    if job.state == JobState.SUCCEEDED and actor.may(Perm.BASEJAIL_INSTALL, job.host_id):
        return [
            NextLink("Install the basejail", reverse("jails:basejail-install", args=[job.host_id]), "stack-2")
        ]
    if not actor.may(Perm.HOST_SETUP, job.host_id):
        return []
    url = f"{reverse('jails:ezjail-setup', args=[job.host_id])}?again={job.pk}"
    return [NextLink("Back to the form", url, "arrow-left")]


def _from_settings(job: Job, actor: Actor) -> list[NextLink]:
    links = [NextLink("ezjail’s settings", reverse("jails:ezjail", args=[job.host_id]), "pencil")]
    if job.state == JobState.SUCCEEDED or not actor.may(Perm.HOST_SETUP, job.host_id):
        return links
    url = f"{reverse('jails:ezjail-settings', args=[job.host_id])}?again={job.pk}"
    return [NextLink("Back to the form", url, "arrow-left"), *links]
