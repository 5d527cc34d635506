"""The page before many jails are changed: what runs where, how fast, and who is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import denial
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host
from apps.jails.agreement import agreed, fresh_key
from apps.jails.archives.moments import moment
from apps.jails.bulk import Bulk, LeftOut, Part, bulk_of, bulk_request
from apps.jails.bulk_forms import BulkForm
from apps.jails.changes import CHANGES, Change
from apps.jails.models import Jail
from apps.jails.selection import one_number, selected
from apps.jails.views import back_to
from apps.jobs.batches import batch_find
from apps.jobs.plan import Plan
from apps.jobs.policies import approvals_until

# So many commands are on the page, and unfolded; all of them come as a text.
MOST_SHOWN, MOST_OPEN, MOST_NAMES = 200, 20, 50


@dataclass(frozen=True, slots=True)
class HostPart:
    """What runs on one host.

    Args:
        host: The host.
        shown: Its jails that are on the page.
        total: How many of its jails take part.
    """

    host: Host
    shown: list[Part]
    total: int

    @property
    def left(self) -> int:
        """How many of them are not on the page."""
        return self.total - len(self.shown)


@require_http_methods(["GET", "POST"])
def jail_bulk(request: PanelRequest, verb: str) -> HttpResponse:
    """Show what a change of many jails runs; on POST with `confirmed`, ask for it."""
    change = CHANGES.get(verb)
    if change is None:
        raise Http404
    if not request.actor.may_anywhere(change.perm):
        raise NotAllowed(denial(change.perm))
    data = request.POST if request.method == "POST" else request.GET
    if change.at:
        change = change.at(moment(data.get("moment", "")))
    if asked_before := batch_find(actor=request.actor, idempotency_key=agreed(request).idempotency_key):
        return redirect(asked_before)
    jail_ids = selected(request.actor, change, data)
    if "confirmed" in request.POST and not data.get("show"):
        return _ask(request, change, jail_ids)
    bulk = bulk_of(actor=request.actor, change=change, jail_ids=jail_ids)
    if data.get("show") == "text":
        return HttpResponse(_as_text(bulk), content_type="text/plain; charset=utf-8")
    nothing = request.method == "POST" and not bulk.parts
    return _confirm(request, bulk, BulkForm(bulk), status=422 if nothing else 200)


def _ask(request: PanelRequest, change: Change, jail_ids: list[int]) -> HttpResponse:
    bulk = bulk_of(actor=request.actor, change=change, jail_ids=jail_ids)
    form = BulkForm(bulk, request.POST)
    if not form.is_valid():
        return _confirm(request, bulk, form, status=422)
    wish = form.agreed(agreed(request), one_number(request.POST.get("first", "")))
    try:
        batch = bulk_request(actor=request.actor, change=change, jail_ids=jail_ids, agreed=wish)
    except InvalidInput as error:
        return _confirm(request, bulk, form, problem=error.message, status=422)
    except Conflict as error:
        # What is true now may be another than a moment ago.
        bulk = bulk_of(actor=request.actor, change=change, jail_ids=jail_ids)
        return _confirm(request, bulk, BulkForm(bulk, request.POST), problem=error.message, status=409)
    return redirect(batch)


def _confirm(
    request: PanelRequest, bulk: Bulk, form: BulkForm, *, status: int, problem: str = ""
) -> HttpResponse:
    context = {
        "bulk": bulk,
        "form": form,
        "problem": problem,
        "hosts": _by_host(bulk.parts),
        "is_open": len(bulk.parts) <= MOST_OPEN,
        "left_out": _by_reason(bulk.left_out),
        "awaiting": _awaiting(bulk),
        "explained": _longest(bulk),
        "first": one_number(request.POST.get("first", "")) or (bulk.parts[0].jail.pk if bulk.parts else None),
        "cancel_url": back_to(request, reverse("jails:jail-list")),
        "hidden": _carried(request, bulk),
    }
    return render(request, "jails/bulk.html", context, status=status)


def _carried(request: PanelRequest, bulk: Bulk) -> dict[str, str]:
    """Return what makes the form run once, for these jails, and only as it was shown."""
    jails = [*(part.jail for part in bulk.parts), *(item.jail for item in bulk.left_out)]
    return {
        "jails": ",".join(str(jail.pk) for jail in jails),
        "plan_hash": bulk.hash,
        "idempotency_key": request.POST.get("idempotency_key") or fresh_key(),
        "next": back_to(request, reverse("jails:jail-list")),
        "confirmed": "yes",
        "moment": bulk.change.moment,
    }


def _by_host(parts: Iterable[Part]) -> list[HostPart]:
    """Return the hosts in order, with those of their jails that fit on the page."""
    found: list[HostPart] = []
    left = MOST_SHOWN
    for _, group in groupby(parts, key=lambda part: part.jail.host_id):
        own = list(group)
        found.append(HostPart(own[0].jail.host, own[:left], len(own)))
        left = max(0, left - len(own))
    return found


def _by_reason(left_out: Iterable[LeftOut]) -> list[tuple[str, list[Jail], int]]:
    """Return each reason with the first jails that it holds for, and how many more there are."""
    found: dict[str, list[Jail]] = {}
    for item in left_out:
        found.setdefault(item.reason, []).append(item.jail)
    return [(reason, jails[:MOST_NAMES], max(0, len(jails) - MOST_NAMES)) for reason, jails in found.items()]


def _longest(bulk: Bulk) -> Plan | None:
    """Return the plan to explain: jails that are not to be run at boot take a step before and after."""
    return max((part.plan for part in bulk.parts), key=lambda plan: len(plan.commands), default=None)


def _awaiting(bulk: Bulk) -> int:
    """Return how many of the jobs will wait for a second person."""
    until = approvals_until({part.jail.host_id for part in bulk.parts}, bulk.change.kind)
    return sum(until[part.jail.host_id] is not None for part in bulk.parts)


def _as_text(bulk: Bulk) -> str:
    """Return all commands as they could be typed, below the host and the jail that they are for."""
    lines: list[str] = []
    for part in bulk.parts:
        lines.append(f"# {part.jail.host.name}: {part.jail.name}")
        lines += [command.shell_text() for command in part.plan.commands]
    return "\n".join([*lines, ""])
