"""The bar at the foot of every page; each page fetches it by itself (static/bar.js)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.jobs.bar import bar_for


@require_GET
def job_bar(request: PanelRequest) -> HttpResponse:
    """Give what runs, waits or has just ended of what one may see."""
    return render(request, "jobs/_bar.html", {"bar": bar_for(request.actor)})
