"""Which jails a form means: some that were ticked, all that a list's filters leave, those of hosts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.hosts.views import host_listing
from apps.jails.bulk import MOST_JAILS, jails_of_failed, jails_of_hosts
from apps.jails.changes import Change
from apps.jails.views import jail_listing
from apps.jobs.batch_queries import batch_get

MOST_DIGITS = 18


def selected(actor: Actor, change: Change, data: QueryDict) -> list[int]:
    """Return the ids of the jails that a form means.

    Args:
        actor: Who asks.
        change: What is to be done to them.
        data: The form: `jails` (ids, with commas), `jail` (one id each), `host` (one id each), `failed_of` (a
            batch), or `all` ("jails" or "hosts") with the list's query string in `query`.

    Raises:
        Http404: There is no such batch that the actor may see.
    """
    if batch_id := _uuids([data.get("failed_of", "")]):
        return jails_of_failed(actor=actor, batch=batch_get(actor=actor, batch_id=batch_id[0]))
    if data.get("all") == "jails":
        rows = jail_listing(actor, QueryDict(data.get("query", ""))).rows
        return list(rows.values_list("pk", flat=True)[: MOST_JAILS + 1])
    if host_ids := _hosts(actor, data):
        return jails_of_hosts(actor=actor, change=change, host_ids=host_ids)
    return _numbers([*data.get("jails", "").split(","), *data.getlist("jail")])


def _hosts(actor: Actor, data: QueryDict) -> list[UUID]:
    if data.get("all") == "hosts":
        rows = host_listing(actor, QueryDict(data.get("query", ""))).rows
        return list(rows.values_list("pk", flat=True))
    return _uuids(data.getlist("host"))


def one_number(text: str) -> int | None:
    """Return the id that a text is, or None."""
    return next(iter(_numbers([text])), None)


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS]


def _uuids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
