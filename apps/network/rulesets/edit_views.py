"""Pages on which a rule set is read and changed: its rules, the generated part, the written ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.firewall.nat_config import nat_text
from apps.hosts.models import Host
from apps.network.compiling import compiled
from apps.network.models import Layout, RuleSet
from apps.network.rulesets import queries, services
from apps.network.rulesets.changes_since import changes_since
from apps.network.rulesets.choices_form import ChoicesForm
from apps.network.rulesets.comparing import Comparison, comparison
from apps.network.rulesets.draft import PAGE, Draft, draft_of, page_of
from apps.network.rulesets.findings import key_of, offers_lines, with_fix
from apps.network.rulesets.frame import chosen_host, frame
from apps.network.rulesets.looking import Look, look_at, rows_of, with_content
from apps.network.rulesets.services import Content, Stale, content_of, rule_set_change
from apps.network.tracing.world import world_of
from apps.pages import htmx

RULES_A_PAGE = 100


@require_GET
def rules_detail(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Show all rules that a rule set comes to on a host."""
    rule_set = queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id)
    context = frame(request, rule_set)
    host = context["host"]
    if host is not None:
        context |= _rules(look_at(rule_set, host), request.GET.get("page", "1"))
    partials = {"rules-body": "network/rules/_body.html"}
    return htmx.render_page(request, "network/rules/detail.html", context, partials=partials)


def _rules(look: Look, page: str) -> dict[str, Any]:
    pages = Paginator(look.firewall.rules, RULES_A_PAGE)
    here = pages.get_page(page)
    first = (here.number - 1) * RULES_A_PAGE
    return {
        "look": look,
        "rows": rows_of(look, first, first + RULES_A_PAGE),
        "sheet": here,
        "total": pages.count,
        "nat_texts": [nat_text(one) for one in look.firewall.nat],
    }


# -- the generated part ---------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def rules_choices(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Show what the generated part is made from; on POST, what a change does to the rules, then keep it."""
    rule_set = queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id)
    if request.method == "POST":
        queries.require_on(request.actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
        form = ChoicesForm(request.POST)
        if form.is_valid():
            choices = {**rule_set.choices, **form.choices}
            content = Content(form.cleaned_data["layout"], choices, rule_set.written)
            version = form.cleaned_data["version"]
            return _shown_or_saved(request, rule_set, content, version, {"page": "choices", "form": form})
        return _page(request, rule_set, {"page": "choices", "form": form}, status=422)
    form = ChoicesForm.about(rule_set.layout, rule_set.choices, rule_set.version)
    return _page(request, rule_set, {"page": "choices", "form": form})


# -- the written part -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def rules_written(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Show the written rules as text and in a form; on POST, do what was pressed, show it, then keep it."""
    rule_set = queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id)
    if request.method == "GET":
        return _written(request, rule_set, Draft(rule_set.written), rule_set.version)
    queries.require_on(request.actor, rule_set.host, rule_set.group, Perm.FIREWALL_CHANGE)
    draft = draft_of(request.POST)
    version = _whole(request.POST.get("version", ""))
    content = Content(request.POST.get("layout") or rule_set.layout, rule_set.choices, draft.text)
    if content.layout not in set(Layout.values):
        content = Content(rule_set.layout, rule_set.choices, draft.text)
    do = request.POST.get("do", "")
    if do.startswith("fix:"):
        draft = _fixed(request, rule_set, do.removeprefix("fix:"))
        version = rule_set.version
    if do == "all":
        content = _all_written(request, rule_set, content)
        draft.text, draft.said = content.written, "Everything is written now. Save to keep it so."
    if do.partition(":")[0] not in {"show", "save"}:
        return _written(request, rule_set, draft, version, content.layout)
    return _written_kept(request, rule_set, draft, version, content)


def _fixed(request: PanelRequest, rule_set: RuleSet, key: str) -> Draft:
    """Return the written rules with what a finding offers done to them, for a person to look at and keep."""
    host = chosen_host(request.GET, queries.hosts_of(rule_set, request.actor))
    look = look_at(rule_set, host) if host else None
    sources = look.compiled.sources if look else ()
    found = (one for one in look.findings if key_of(one) == key) if look else iter(())
    finding = next((one for one in found if offers_lines(one, sources)), None)
    if finding is None or finding.fix is None:
        return Draft(rule_set.written, said="This finding is not there any more.")
    text = with_fix(rule_set.written, finding.fix, sources)
    return Draft(text, said=f"{finding.fix.sentence} So it would read; save to keep it.")


def _written_kept(
    request: PanelRequest, rule_set: RuleSet, draft: Draft, version: int, content: Content
) -> HttpResponse:
    context = _written_context(request, rule_set, draft, version, content.layout)
    if context["problems"] or draft.said:
        return _page(request, rule_set, context, status=422)
    return _shown_or_saved(request, rule_set, content, version, context)


def _all_written(request: PanelRequest, rule_set: RuleSet, content: Content) -> Content:
    """Turn the generated rules into written ones, where there is a host whose values they have."""
    host = chosen_host(request.GET, queries.hosts_of(rule_set, request.actor))
    if host is None:
        return content
    return Content(Layout.WRITTEN, rule_set.choices, written_out(look_at(rule_set, host, content)))


def written_out(look: Look) -> str:
    """Return all rules of a look as text; what was generated has its purpose as a remark before it."""
    lines = []
    for row in rows_of(look, 0, len(look.firewall.rules)):
        lines += [f"# {row.source.purpose}"] if row.source.purpose else []
        lines.append(f"{row.number} {row.text}")
    return "".join(f"{line}\n" for line in lines)


def _written(
    request: PanelRequest, rule_set: RuleSet, draft: Draft, version: int, layout: str = ""
) -> HttpResponse:
    context = _written_context(request, rule_set, draft, version, layout or rule_set.layout)
    status = 422 if draft.form.errors or context["problems"] else 200
    return _page(request, rule_set, context, status=status)


def _written_context(
    request: PanelRequest, rule_set: RuleSet, draft: Draft, version: int, layout: str
) -> dict[str, Any]:
    host = chosen_host(request.GET, queries.hosts_of(rule_set, request.actor))
    content = Content(layout, rule_set.choices, draft.text)
    problems = _problems(rule_set, host, content)
    first = _whole(request.POST.get("from", "") or request.GET.get("from", "")) or 1
    rows = page_of(draft, problems, first)
    return {
        "page": "written",
        "draft": draft,
        "version": version,
        "layout": layout,
        "problems": sorted(problems.items()),
        "lines": rows,
        "first": first,
        "next_from": rows[-1].number + 1 if len(rows) == PAGE else 0,
    }


def _problems(rule_set: RuleSet, host: Host | None, content: Content) -> dict[int, str]:
    if host is None:
        return {}
    found = compiled(with_content(rule_set, content), host).problems
    return {one.line: one.sentence for one in found if one.where == "written"}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


# -- what both have in common ---------------------------------------------------------------------------


def _shown_or_saved(
    request: PanelRequest, rule_set: RuleSet, content: Content, version: int, context: dict[str, Any]
) -> HttpResponse:
    """Show what a change does; when it was shown and is still the same, keep it."""
    mark = services.content_mark(content)
    if request.POST.get("shown") == mark:
        try:
            rule_set_change(actor=request.actor, rule_set=rule_set, version=version, content=content)
        except Stale as stale:
            more = {
                "stale": stale.message,
                "since": changes_since(rule_set, version),
                "version": rule_set.version,
            }
            return _page(request, rule_set, context | more, status=409)
        messages.success(request, "Kept. Hosts have it when it is applied.")
        return redirect("network:rules-detail", rule_set.pk)
    context |= {"compare": _compared(request, rule_set, content), "mark": mark}
    return _page(request, rule_set, context)


def _compared(request: PanelRequest, rule_set: RuleSet, content: Content) -> Comparison | None:
    host = chosen_host(request.GET, queries.hosts_of(rule_set, request.actor))
    if host is None:
        return None
    before, after = look_at(rule_set, host), look_at(rule_set, host, content)
    return compare_looks(before, after, host)


def compare_looks(before: Look, after: Look, host: Host) -> Comparison:
    """Compare what a rule set comes to on a host with what it would come to."""
    return comparison(
        before.firewall,
        after.firewall,
        world_of(host),
        found_before=before.findings,
        found_after=after.findings,
    )


def _page(
    request: PanelRequest, rule_set: RuleSet, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    whole = frame(request, rule_set) | context
    return htmx.render_page(
        request, f"network/rules/{context['page']}.html", whole, partials={}, status=status
    )


# -- how the layouts differ -----------------------------------------------------------------------------

_SAID: Sequence[tuple[str, str]] = (
    (Layout.ARTICLE, "the article's"),
    (Layout.RECOMMENDED, "the recommended"),
)


@require_GET
def rules_layouts(request: PanelRequest, rule_set_id: int) -> HttpResponse:
    """Show by the tracer how the article's set and the recommended one differ on a host."""
    rule_set = queries.rule_set_get(actor=request.actor, rule_set_id=rule_set_id)
    context = frame(request, rule_set)
    host = context["host"]
    if host is not None:
        content = content_of(rule_set)
        looks = [look_at(rule_set, host, Content(layout, content.choices, "")) for layout, _word in _SAID]
        context["compare"] = compare_looks(looks[0], looks[1], host)
    return htmx.render_page(request, "network/rules/layouts.html", context, partials={})
