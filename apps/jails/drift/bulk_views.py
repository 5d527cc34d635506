"""The page before all that the list of drift shows is agreed to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import NotAllowed
from apps.jails.drift import bulk
from apps.jails.drift.listing import drift_listing
from apps.pages import htmx

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
MOST_SHOWN = 50


@require_http_methods(["GET", "POST"])
def drift_adopt_shown(request: PanelRequest) -> HttpResponse:
    """Show what would be agreed to; on POST, agree to it."""
    if not request.actor.may_anywhere(Perm.JAIL_CHANGE):
        raise NotAllowed(denial(Perm.JAIL_CHANGE))
    query = (request.POST if request.method == "POST" else request.GET).get("query", "")[:2000]
    listing = drift_listing(request.actor, QueryDict(query))
    shown = bulk.many_shown(request.actor, listing.rows[: bulk.MOST + 1])
    back = f"{reverse('jails:drift-list')}?{listing.query.urlencode()}".rstrip("?")
    if request.method == "POST" and shown.rows:
        left = bulk.adopt_many(actor=request.actor, shown=shown, agreed=request.POST.get("shown", "")[:64])
        for sentence in left[:MOST_SHOWN]:
            messages.warning(request, f"Left as it is: {sentence}")
        done = shown.jail_count - len(left)
        messages.info(request, f"{_count(done, 'jail')} {'is' if done == 1 else 'are'} wanted as seen.")
        return redirect(back)
    context = {
        "title": f"Adopt {_count(len(shown.rows), 'difference')} of {_count(shown.jail_count, 'jail')}",
        "button": "Adopt observed" if shown.rows else "",
        "crumb": "Adopt",
        "action": request.path,
        "cancel_url": back,
        "hidden": {"query": query, "shown": shown.hash},
        "details": "jails/drift/_adopt_shown.html",
        "shown": shown,
        "rows": shown.rows[:MOST_SHOWN],
        "more": max(0, len(shown.rows) - MOST_SHOWN),
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
        "crumbs": [("Drift", reverse("jails:drift-list"))],
    }
    status = 422 if request.method == "POST" else 200
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM, status=status)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
