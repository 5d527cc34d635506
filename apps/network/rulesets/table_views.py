"""Pages of a rule set's tables: the list, and adding, changing and removing one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.network.models import FirewallTable, RuleSet
from apps.network.rulesets import queries, tables
from apps.network.rulesets.forms import TableForm
from apps.network.rulesets.frame import frame
from apps.pages import htmx

SHOWN = 8
CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def rules_tables(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """List a rule set's tables."""
    rule_set = queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id)
    rows = [_shown(table) for table in rule_set.tables.all()]
    context = frame(request, rule_set) | {"tables": rows}
    return htmx.render_page(
        request,
        "network/rules/tables.html",
        context,
        partials={"rules-tables": "network/rules/_tables.html"},
    )


def _shown(table: FirewallTable) -> dict[str, Any]:
    entries, bad = tables.read_entries(table.entries)
    first = [key for key, _value in entries[:SHOWN]]
    more = len(entries) - len(first)
    return {"table": table, "first": first, "more": more, "count": len(entries), "bad": len(bad)}


@require_http_methods(["GET", "POST"])
def rules_table_add(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Add a table."""
    return _form(request, _changeable(request, rule_set_id), None)


@require_http_methods(["GET", "POST"])
def rules_table_change(request: PanelRequest, rule_set_id: int, table_id: int) -> HttpResponse:
    """Change a table."""
    rule_set = _changeable(request, rule_set_id)
    return _form(request, rule_set, queries.table_get(rule_set, table_id))


def _form(request: PanelRequest, rule_set: RuleSet, table: FirewallTable | None) -> HttpResponse:
    form = TableForm(request.POST) if request.method == "POST" else TableForm.about(table)
    bad: tuple[tables.BadEntry, ...] = ()
    if request.method == "POST" and form.is_valid():
        bad = tables.read_entries(form.cleaned_data["entries"])[1]
        if _saved(request, rule_set, table, form):
            return redirect("network:rules-tables", rule_set.pk)
    context = frame(request, rule_set) | {"form": form, "table": table, "bad": bad}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/rules/table.html", context, partials={}, status=status)


def _saved(request: PanelRequest, rule_set: RuleSet, table: FirewallTable | None, form: TableForm) -> bool:
    try:
        if table is None:
            tables.table_add(actor=request.actor, rule_set=rule_set, wish=form.wish)
        else:
            tables.table_change(actor=request.actor, rule_set=rule_set, table=table, wish=form.wish)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return False
    messages.success(request, f"The table “{form.wish.name}” is kept. Hosts get it when the set is applied.")
    return True


@require_http_methods(["GET", "POST"])
def rules_table_remove(request: PanelRequest, rule_set_id: int, table_id: int) -> HttpResponse:
    """Ask whether a table should go; on POST, remove it."""
    rule_set = _changeable(request, rule_set_id)
    table = queries.table_get(rule_set, table_id)
    list_url = reverse("network:rules-tables", args=[rule_set.pk])
    if request.method == "POST":
        tables.table_remove(actor=request.actor, rule_set=rule_set, table=table)
        messages.success(request, f"The table “{table.name}” is gone.")
        return redirect(list_url)
    here = reverse("network:rules-detail", args=[rule_set.pk])
    context: dict[str, Any] = {
        "title": f"Remove the table {table.name}",
        "message": "Rules that name it match nothing any more. The rule set's page says which.",
        "action": request.path,
        "button": "Remove the table",
        "danger": True,
        "cancel_url": list_url,
        "crumb": f"Remove {table.name}",
        "crumbs": [("Firewall", reverse("network:rules-list")), (rule_set.name, here), ("Tables", list_url)],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)


def _changeable(request: PanelRequest, rule_set_id: int) -> RuleSet:
    return queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id, need=Perm.FIREWALL_CHANGE)
