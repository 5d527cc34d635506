"""Pages of hosts: the list, one host, adding one and confirming its key."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.actor import Actor
from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput, NotAllowed
from apps.hosts import services
from apps.hosts.forms import HostAddForm
from apps.hosts.groups import group_list
from apps.hosts.models import Host, HostState
from apps.hosts.onboarding import install_script
from apps.hosts.queries import host_get
from apps.hosts.queries import host_list as hosts_of
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec


def _in_group(rows: QuerySet[Model], value: str) -> QuerySet[Model]:
    return rows.filter(group__name=value)


def _spec(groups: list[str]) -> ListSpec:
    by_group = (Filter("group", "Group", tuple((name, name) for name in groups), _in_group),)
    return ListSpec(
        id="host-list",
        columns=(
            Column("name", "Host", ("name",)),
            Column("state", "State", ("state",)),
            Column("release", "Release", ("release",)),
            Column("basejail", "Basejail", ("basejail__release",)),
            Column("jails", "Jails", ("jail_count",)),
            Column("seen", "Last read", ("seen_at",)),
        ),
        search=("name__icontains", "address__icontains", "release__icontains"),
        search_label="Search hosts",
        filters=(Filter("state", "State", tuple(HostState.choices)), *(by_group if groups else ())),
    )


def host_listing(actor: Actor, query: QueryDict) -> Listing[Host]:
    """Return the list of the hosts that one may see, as a query string narrows it."""
    rows = hosts_of(actor).select_related("basejail", "group")
    counted = rows.annotate(
        jail_count=Count("jails"),
        running_count=Count("jails", filter=Q(jails__jid__isnull=False, jails__is_dying=False)),
    )
    groups = list(group_list(actor).order_by("name").values_list("name", flat=True))
    return Listing(_spec(groups), counted, query)


@require_GET
def host_list(request: PanelRequest) -> HttpResponse:
    """List the hosts that one may see."""
    listing = host_listing(request.actor, request.GET)
    context = {"listing": listing, "may_add": request.actor.may(Perm.HOST_ADD)}
    return htmx.render_page(request, "hosts/list.html", context, partials={"host-list": "hosts/_list.html"})


@require_http_methods(["GET", "POST"])
def host_add(request: PanelRequest) -> HttpResponse:
    """Add a host by hand."""
    if not request.actor.may(Perm.HOST_ADD):
        raise NotAllowed(denial(Perm.HOST_ADD))
    form = HostAddForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        host = _added(request, form)
        if host is not None:
            return redirect(host)
    return render(request, "hosts/add.html", {"form": form}, status=422 if form.errors else 200)


def _added(request: PanelRequest, form: HostAddForm) -> Host | None:
    try:
        return services.host_add(actor=request.actor, **form.cleaned_data)
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return None


@require_POST
def host_probe(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Ask for a look at a host now."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_PROBE)
    services.host_probe_request(actor=request.actor, host=host)
    messages.info(request, f"{host.name} is being looked at.")
    return redirect(host)


@require_POST
def host_key_confirm(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Pin the key whose fingerprint someone compared."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_CHANGE)
    compared = request.POST.get("fingerprint", "")
    services.host_key_confirm(actor=request.actor, host=host, key_fingerprint=compared)
    messages.success(request, f"The key of {host.name} is pinned. Any other key stops everything to it.")
    return redirect(host)


@require_POST
def host_key_reject(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Refuse the key that a host shows."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_CHANGE)
    services.host_key_reject(actor=request.actor, host=host)
    messages.info(request, "That key was not accepted. The panel asks the host for its key again.")
    return redirect(host)


@require_http_methods(["GET", "POST"])
def host_remove(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Take a host out of the panel, after its name was typed."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.HOST_CHANGE)
    wrong = request.method == "POST" and request.POST.get("typed_name") != host.name
    if request.method == "POST" and not wrong:
        services.host_remove(actor=request.actor, host=host)
        messages.success(request, f"{host.name} was removed from the panel. Nothing changed on the host.")
        return redirect("hosts:host-list")
    context = {
        "title": f"Remove {host.name} from the panel",
        "message": "The host itself is left as it is. The panel forgets its jails and its jobs with "
        "their output; what people did stays in the record.",
        "action": request.path,
        "typed_name": host.name,
        "typed_error": "This is not the host's name." if wrong else "",
        "button": "Remove host",
        "danger": True,
        "cancel_url": host.get_absolute_url(),
        "crumb": "Remove",
        "crumbs": [("Hosts", reverse("hosts:host-list")), (host.name, host.get_absolute_url())],
        "typed_value": request.POST.get("typed_name", ""),
        "in_dialog": htmx.in_dialog(request),
    }
    template = "web/_confirm.html" if htmx.asked(request) else "web/confirm.html"
    return render(request, template, context, status=422 if wrong else 200)


@login_not_required
@require_GET
def agent_install(_request: PanelRequest) -> HttpResponse:
    """Give the script that installs the agent and the panel's key on a host.

    It holds nothing secret: the agent's text and a public key. What a host runs of it is compared
    with a checksum that only a signed-in page shows.
    """
    return HttpResponse(install_script(), content_type="text/plain; charset=utf-8")
