"""Pages of kept jails: what there is on a host, how it is had back or destroyed, and how long it stays."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host, HostGroup
from apps.hosts.queries import host_get
from apps.jails.agreement import agreed
from apps.jails.archives.pages import confirm, host_crumbs
from apps.jails.keeping import queries, services
from apps.jails.models import KeptJail
from apps.jails.views import accepted, back_to
from apps.jobs.plan import Plan
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

SPEC = ListSpec(
    id="kept-list",
    columns=(
        Column("name", "Jail", ("name",)),
        Column("place", "Kept as", ("place",)),
        Column("deleted", "Deleted", ("deleted_at",)),
        Column("until", "Kept until", ("keep_until",)),
        Column("actions", "", css="row-actions"),
    ),
    search=("name__icontains",),
    search_label="Search kept jails",
    default_sort="-deleted",
)


@require_GET
def kept_jails(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """List what is kept of deleted jails on a host."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.JAIL_VIEW)
    context = {
        "host": host,
        "area": "hosts",
        "listing": Listing(SPEC, queries.kept_list(request.actor, host_id), request.GET),
        "days": queries.keep_days(host),
        "may_policy": request.actor.may_anywhere(Perm.POLICY_CHANGE),
        "why_not_restore": _why_not(request, host, Perm.JAIL_RESTORE),
        "why_not_remove": _why_not(request, host, Perm.JAIL_DELETE),
        "here": request.get_full_path(),
    }
    partials = {"kept-list": "jails/keeping/_list.html"}
    return htmx.render_page(request, "jails/keeping/list.html", context, partials=partials)


def _why_not(request: PanelRequest, host: Host, perm: Perm) -> str:
    if not request.actor.may(perm, host.pk):
        return denial(perm)
    return "" if host.is_online else "The host is not online."


@require_http_methods(["GET", "POST"])
def kept_bring_back(request: PanelRequest, host_id: UUID, kept_id: int) -> HttpResponse:
    """Show what bringing a jail back runs; on POST, ask for it."""
    kept = queries.kept_get(actor=request.actor, host_id=host_id, kept_id=kept_id, need=Perm.JAIL_RESTORE)
    back = _back(request, host_id)
    if request.method == "POST":
        job = services.bring_back_request(actor=request.actor, kept=kept, agreed=agreed(request))
        return accepted(request, job, back)
    plan = services.bring_back_plan(kept, kept.host)
    context = {"button": "Bring it back", "crumbs": _crumbs(kept)}
    return confirm(request, kept.host, plan, back, context)


@require_http_methods(["GET", "POST"])
def kept_remove(request: PanelRequest, host_id: UUID, kept_id: int) -> HttpResponse:
    """Show what destroying a kept jail runs; on POST, ask for it."""
    kept = queries.kept_get(actor=request.actor, host_id=host_id, kept_id=kept_id, need=Perm.JAIL_DELETE)
    back, typed, error = _back(request, host_id), request.POST.get("typed_name", ""), ""
    if request.method == "POST":
        try:
            job = services.kept_remove_request(
                actor=request.actor, kept=kept, typed_name=typed, agreed=agreed(request)
            )
        except InvalidInput as refused:
            error = refused.message
        else:
            return accepted(request, job, back)
    plan: Plan = services.remove_plan(kept, kept.host)
    context = {
        "button": "Destroy it now",
        "danger": True,
        "typed_name": kept.name,
        "typed_value": typed,
        "typed_error": error,
        "crumbs": _crumbs(kept),
    }
    return confirm(request, kept.host, plan, back, context, status=422 if error else 200)


def _back(request: PanelRequest, host_id: UUID) -> str:
    return back_to(request, reverse("jails:kept-jails", args=[host_id]))


def _crumbs(kept: KeptJail) -> list[tuple[str, str]]:
    return [*host_crumbs(kept.host), ("Kept jails", reverse("jails:kept-jails", args=[kept.host_id]))]


class KeepForm(forms.Form):
    """For how many days deleted jails are kept, and where."""

    group = forms.ModelChoiceField(
        HostGroup.objects.order_by("name"), label="Hosts", required=False, empty_label="Every host"
    )
    days = forms.IntegerField(
        label="Days", min_value=0, max_value=queries.MOST_DAYS, initial=14,
        help_text="0 takes the rule away.",
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def keep_policies(request: PanelRequest) -> HttpResponse:
    """Show for how long deleted jails are kept; on POST, say so anew."""
    request.actor.require(Perm.POLICY_CHANGE)
    form = KeepForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        group, days = form.cleaned_data["group"], form.cleaned_data["days"]
        services.keep_policy_set(actor=request.actor, group=group, days=days)
        messages.success(request, "Deleted jails are kept as you said from now on.")
        return redirect("jails:keep-policies")
    context = {"form": form, "policies": queries.policy_list(), "area": "hosts"}
    status = 422 if request.method == "POST" else 200
    return render(request, "jails/keeping/policies.html", context, status=status)
