"""The dashboard: every host, what state it is in, and what to do next."""

from __future__ import annotations

from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts.actor import Actor
from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostState
from apps.hosts.queries import host_list
from apps.jails.drift.queries import drift_count
from apps.jails.queries import jail_list
from apps.jobs.models import OPEN_STATES, JobState
from apps.jobs.queries import job_list
from apps.pages import htmx
from apps.web.next_step import NextStep, next_step

MOST_HOSTS = 60


@require_GET
def dashboard(request: PanelRequest) -> HttpResponse:
    """Show hosts with their next step, open jobs and what failed last."""
    actor = request.actor
    hosts = host_list(actor)
    jobs = job_list(actor)
    open_jobs = jobs.filter(state__in=OPEN_STATES)
    context = {
        "hosts": _most_urgent_first(hosts, actor),
        "host_counts": hosts.aggregate(
            total=Count("pk"), online=Count("pk", filter=Q(state=HostState.ONLINE))
        ),
        "jail_counts": jail_list(actor).aggregate(
            total=Count("pk"),
            running=Count("pk", filter=Q(jid__isnull=False, is_dying=False, host__state=HostState.ONLINE)),
        ),
        "drift_count": drift_count(actor),
        "open_jobs": open_jobs[:10],
        "open_count": open_jobs.count(),
        "failed_jobs": jobs.filter(state__in=[JobState.FAILED, JobState.LOST])[:5],
        "may_add": actor.may(Perm.HOST_ADD),
        "most_hosts": MOST_HOSTS,
    }
    return htmx.render_page(
        request, "web/dashboard.html", context, partials={"dashboard": "web/_dashboard.html"}
    )


def _most_urgent_first(hosts: QuerySet[Host], actor: Actor) -> list[tuple[Host, NextStep | None]]:
    """Return hosts with what to do next: what is wrong first, then what could go on, then the rest."""
    rows = hosts.select_related("basejail").annotate(
        jail_count=Count("jails"),
        running_count=Count("jails", filter=Q(jails__jid__isnull=False, jails__is_dying=False)),
        is_well=Case(When(state=HostState.ONLINE, then=Value(True)), default=Value(False)),
    )
    steps = [(host, next_step(host, actor)) for host in rows.order_by("is_well", "name")[:MOST_HOSTS]]
    return sorted(steps, key=lambda row: (not (row[1] and row[1].is_urgent), row[1] is None, row[0].name))
