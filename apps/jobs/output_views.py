"""What jobs printed: on their pages, as it comes, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from apps.accounts.middleware import PanelRequest
from apps.jobs.models import Job
from apps.jobs.output_queries import OutputPage, Place, output_after, output_around, output_before
from apps.jobs.output_search import output_search, pattern_of
from apps.jobs.output_text import output_text
from apps.jobs.queries import job_get
from apps.pages import htmx

LONGEST_SEARCH = 200
# Characters that a page holds before it drops some (static/output.js).
MOST_SHOWN = 1024 * 1024


@require_GET
def job_output(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Give a piece of what a job printed: `?after=` a place, `?before=` it, or the end; and how to go on."""
    job = job_get(actor=request.actor, job_id=job_id)
    context = output_context(request, job)
    response = render(request, "jobs/_more.html", context)
    return htmx.ask_again(response) if context["goes_on"] else response


@require_GET
def job_download(request: PanelRequest, job_id: UUID) -> HttpResponseBase:
    """Give all that is kept of a job's output as a text file, a little at a time."""
    job = job_get(actor=request.actor, job_id=job_id)
    pieces = output_text(job)
    # A server that is asynchronous would gather an ordinary iterator whole before it sends the first byte.
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_in_turn(pieces) if is_async else pieces)
    response["Content-Type"] = "text/plain; charset=utf-8"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=_file_name(job))
    return response


def output_context(request: PanelRequest, job: Job) -> dict[str, object]:
    """Return what the templates of a job's output need; the request's address says which piece is wanted."""
    query = request.GET
    wanted = query.get("q", "")[:LONGEST_SEARCH]
    page, is_live = _page(request, job), "live" in query
    return {
        "job": job,
        "live_topic": f"job:{job.pk}",
        "most": MOST_SHOWN,
        "output": page,
        "is_before": "before" in query,
        "is_after": "after" in query,
        # The region that follows the output asks on by itself.
        "goes_on": page.has_later and is_live,
        "has_later": page.has_later and not is_live,
        "q": wanted,
        "pattern": pattern_of(wanted),
        "at": Place.parse(query.get("at", "")),
    }


def found_context(job: Job, context: dict[str, object]) -> dict[str, object]:
    """Return what a search found, for a whole page."""
    pattern = pattern_of(str(context["q"]))
    return {"found": output_search(job, pattern) if pattern else None}


def _page(request: PanelRequest, job: Job) -> OutputPage:
    query = request.GET
    if "after" in query:
        return output_after(job, Place.parse(query["after"]) or Place())
    if place := Place.parse(query.get("before", "")):
        return output_before(job, place)
    if place := Place.parse(query.get("at", "")):
        return output_around(job, place)
    return output_before(job)


def _file_name(job: Job) -> str:
    """Return, for example, `alpha-start-the-jail-web-20261124-0938.txt`."""
    return f"{slugify(f'{job.host.name} {job.title}')}-{job.created_at:%Y%m%d-%H%M}.txt"


async def _in_turn(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Read each piece in the thread of the request, when it is wanted."""
    while (piece := await sync_to_async(_next)(pieces)) is not None:
        yield piece


def _next(pieces: Iterator[str]) -> str | None:
    return next(pieces, None)
