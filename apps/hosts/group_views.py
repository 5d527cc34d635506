"""Pages of groups of hosts: the list, adding, renaming and removing one, and the group of a host."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.hosts import groups
from apps.hosts.forms import GroupForm, HostGroupForm
from apps.hosts.models import HostGroup
from apps.hosts.queries import host_get
from apps.jobs import policies
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

GROUPS = ListSpec(
    id="group-list",
    columns=(
        Column("name", "Group", ("name",)),
        Column("hosts", "Hosts"),
        Column("policies", "Policies", ("policy_count", "name")),
        Column("actions", "", css="row-actions"),
    ),
    search=("name__icontains",),
    search_label="Search groups",
)
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def group_list(request: PanelRequest) -> HttpResponse:
    """List the groups of the hosts that one may see."""
    may_change = request.actor.may(Perm.HOST_CHANGE)
    context = {
        "listing": Listing(GROUPS, groups.group_list(request.actor), request.GET),
        "may_change": may_change,
        "may_not": "" if may_change else denial(Perm.HOST_CHANGE),
    }
    return htmx.render_page(
        request, "hosts/group_list.html", context, partials={"group-list": "hosts/_groups.html"}
    )


@require_http_methods(["GET", "POST"])
def group_add(request: PanelRequest) -> HttpResponse:
    """Make a group."""
    request.actor.require(Perm.HOST_CHANGE)
    return _form(request, None)


@require_http_methods(["GET", "POST"])
def group_rename(request: PanelRequest, group_id: int) -> HttpResponse:
    """Give a group another name."""
    return _form(request, groups.group_get(actor=request.actor, group_id=group_id))


def _form(request: PanelRequest, group: HostGroup | None) -> HttpResponse:
    form = GroupForm(request.POST or None, initial={"name": group.name if group else ""})
    if request.method == "POST" and form.is_valid() and _saved(request, form, group):
        return redirect("hosts:group-list")
    context = {"form": form, "group": group}
    return render(request, "hosts/group_form.html", context, status=422 if form.errors else 200)


def _saved(request: PanelRequest, form: GroupForm, group: HostGroup | None) -> bool:
    name = form.cleaned_data["name"]
    try:
        if group:
            groups.group_rename(actor=request.actor, group=group, name=name)
        else:
            groups.group_add(actor=request.actor, name=name)
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    said = (
        f"The group is called {name} now."
        if group
        else f"{name} is there. Hosts are put into it on their pages."
    )
    messages.success(request, said)
    return True


@require_http_methods(["GET", "POST"])
def group_remove(request: PanelRequest, group_id: int) -> HttpResponse:
    """Ask whether a group should go, with its policies; on POST, remove it."""
    group = groups.group_get(actor=request.actor, group_id=group_id)
    if request.method == "POST":
        groups.group_remove(actor=request.actor, group=group)
        messages.success(request, f"The group {group.name} is gone. Its hosts are in none now.")
        return redirect("hosts:group-list")
    list_url = reverse("hosts:group-list")
    context = {
        "title": f"Remove the group {group.name}",
        "message": _what_goes(group),
        "action": request.path,
        "button": "Remove the group",
        "danger": True,
        "cancel_url": list_url,
        "crumb": "Remove",
        "crumbs": [("Hosts", reverse("hosts:host-list")), ("Groups", list_url)],
        "in_dialog": htmx.in_dialog(request),
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)


def _what_goes(group: HostGroup) -> str:
    gone = [policies.kind_label(policy.kind) for policy in groups.policies_of(group)]
    if not gone:
        return "Its hosts stay, in no group. No policy names it."
    names = "; ".join(gone)
    return (
        f"Its hosts stay, in no group. The policies that ask for a second person on them go with it: {names}."
        " Jobs that wait already still need their approval."
    )


@require_http_methods(["GET", "POST"])
def host_group(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Ask which group a host should be in; on POST, put it there."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_CHANGE)
    form = HostGroupForm(request.POST if request.method == "POST" else None, initial={"group": host.group_id})
    if request.method == "POST" and form.is_valid():
        group = form.cleaned_data["group"]
        groups.host_group_set(actor=request.actor, host=host, group=group)
        messages.success(
            request, f"{host.name} is in {f'the group {group.name}' if group else 'no group'} now."
        )
        return redirect(host)
    context = {
        "title": f"Group of {host.name}",
        "message": "Policies that ask for a second person can be about a group. A host that changes its "
        "group falls under the policies of the new one from then on.",
        "form": form,
        "action": request.path,
        "button": "Put it there",
        "cancel_url": host.get_absolute_url(),
        "crumb": "Group",
        "crumbs": [("Hosts", reverse("hosts:host-list")), (host.name, host.get_absolute_url())],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(
        request, "web/confirm.html", context, partials=CONFIRM, status=422 if form.errors else 200
    )
