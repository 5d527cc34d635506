"""Pages of rule sets: the list, making, describing and removing one, and a host's own values."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import InvalidInput
from apps.hosts.queries import host_get
from apps.network.models import RuleSet
from apps.network.rulesets import queries, services
from apps.network.rulesets.forms import DescribeForm, NewRuleSetForm, ValuesForm
from apps.network.rulesets.taking_over import first_content
from apps.network.rulesets.values import values_set
from apps.pages import htmx
from apps.pages.listing import Column, Listing, ListSpec

RULE_SETS = ListSpec(
    id="rules-list",
    columns=(
        Column("name", "Rule set", ("name",)),
        Column("for", "For", ("host__name", "group__name", "name")),
        Column("layout", "Layout", ("layout", "name")),
        Column("hosts", "On its hosts"),
        Column("changed", "Changed", ("-changed_at",)),
        Column("actions", "", css="row-actions"),
    ),
    search=("name__icontains", "host__name__icontains", "group__name__icontains", "note__icontains"),
    search_label="Search rule sets and hosts",
)
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def rules_list(request: PanelRequest) -> HttpResponse:
    """List the rule sets that concern one's hosts."""
    actor = request.actor
    may = actor.may_anywhere(Perm.FIREWALL_CHANGE)
    context = {
        "listing": Listing(RULE_SETS, queries.rule_set_list(actor), request.GET),
        "may_change": may,
        "may_not": "" if may else denial(Perm.FIREWALL_CHANGE),
    }
    partials = {"rules-list": "network/rules/_list.html"}
    return htmx.render_page(request, "network/rules/list.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def rules_add(request: PanelRequest) -> HttpResponse:
    """Make a rule set."""
    if not request.actor.may_anywhere(Perm.FIREWALL_CHANGE):
        request.actor.require(Perm.FIREWALL_CHANGE)
    form = NewRuleSetForm(request.actor, initial={"owner": request.GET.get("for", "")})
    if request.method == "POST":
        form = NewRuleSetForm(request.actor, request.POST)
        made = _added(request, form) if form.is_valid() else None
        if made is not None:
            messages.success(
                request, f"The rule set “{made.name}” is there. Nothing is applied to a host by it."
            )
            return redirect("network:rules-detail", made.pk)
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/rules/add.html", {"form": form}, partials={}, status=status)


def _added(request: PanelRequest, form: NewRuleSetForm) -> RuleSet | None:
    data = form.cleaned_data
    try:
        return services.rule_set_add(
            actor=request.actor,
            name=data["name"],
            host=form.host,
            group=form.group,
            content=first_content(data["begins"], form.host),
            note=data["note"],
        )
    except InvalidInput as error:
        _complain(form, error)
        return None


def _complain(form: Form, error: InvalidInput) -> None:
    form.add_error(error.field if error.field in form.fields else None, error.message)


@require_http_methods(["GET", "POST"])
def rules_describe(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Change a rule set's name and note."""
    rule_set = _changeable(request, rule_set_id)
    form = DescribeForm(initial={"name": rule_set.name, "note": rule_set.note})
    if request.method == "POST":
        form = DescribeForm(request.POST)
        if form.is_valid() and _described(request, form, rule_set):
            messages.success(request, f"The rule set is called “{form.cleaned_data['name'].strip()}”.")
            return redirect("network:rules-detail", rule_set.pk)
    context = {"form": form, "rule_set": rule_set}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/rules/describe.html", context, partials={}, status=status)


def _described(request: PanelRequest, form: DescribeForm, rule_set: RuleSet) -> bool:
    try:
        services.rule_set_describe(actor=request.actor, rule_set=rule_set, **form.cleaned_data)
    except InvalidInput as error:
        _complain(form, error)
        return False
    return True


@require_http_methods(["GET", "POST"])
def rules_remove(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Ask whether a rule set should go; on POST, remove it."""
    rule_set = _changeable(request, rule_set_id)
    if request.method == "POST":
        services.rule_set_remove(actor=request.actor, rule_set=rule_set)
        messages.success(request, f"The rule set “{rule_set.name}” is gone. Rules on hosts stay as they are.")
        return redirect("network:rules-list")
    here = reverse("network:rules-detail", args=[rule_set.pk])
    names = [host.name for host in queries.hosts_of(rule_set)]
    context: dict[str, Any] = {
        "title": f"Remove the rule set {rule_set.name}",
        "message": _what_goes(rule_set, names),
        "action": request.path,
        "button": "Remove the rule set",
        "danger": True,
        "cancel_url": here,
        "crumb": "Remove",
        "crumbs": [("Firewall", reverse("network:rules-list")), (rule_set.name, here)],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)


def _what_goes(rule_set: RuleSet, names: list[str]) -> str:
    tables = rule_set.tables.count()
    gone = (
        f"Its {tables} table{'' if tables == 1 else 's'} and its written rules go with it. " if tables else ""
    )
    who = ", ".join(names) or "No host"
    return (
        f"{gone}{who} {'has' if len(names) < 2 else 'have'} no rule set then: the rules on a host stay "
        "there as they are, at its next start, too. The panel only shows them, and says no more whether they "
        "are as wanted."
    )


def _changeable(request: PanelRequest, rule_set_id: int) -> RuleSet:
    return queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id, need=Perm.FIREWALL_CHANGE)


@require_http_methods(["GET", "POST"])
def host_firewall_values(request: PanelRequest, host_id: UUID) -> HttpResponse:
    """Show a host's own values for rule sets, filled in from what was seen; on POST, keep them."""
    host = host_get(actor=request.actor, host_id=host_id, need=Perm.FIREWALL_CHANGE)
    form = ValuesForm(host, request.POST) if request.method == "POST" else ValuesForm(host)
    rule_set = queries.rule_set_of(host)
    if request.method == "POST" and form.is_valid():
        values_set(actor=request.actor, host=host, values=form.values)
        messages.success(request, f"Kept. Rule sets for {host.name} are made with these values from now on.")
        if rule_set is not None:
            return redirect("network:rules-detail", rule_set.pk)
        return redirect("network:rules-list")
    context = {"form": form, "host": host, "rule_set": rule_set, "area": "firewall"}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/rules/values.html", context, partials={}, status=status)
