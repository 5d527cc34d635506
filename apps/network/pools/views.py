"""Pages of pools: the list, one with its map, and adding, changing and removing one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm, denial
from apps.freebsd.errors import Conflict, InvalidInput
from apps.network.models import AddressPool
from apps.network.pools import address_services, services
from apps.network.pools.conflicts import conflict_list, in_pool
from apps.network.pools.entries import Plain
from apps.network.pools.forms import PoolForm
from apps.network.pools.free import next_free
from apps.network.pools.listing import POOLS, EntryListing
from apps.network.pools.map import has_map, map_of
from apps.network.pools.queries import may, pool_get, with_counts
from apps.network.pools.queries import pool_list as pools_of
from apps.network.pools.suggestions import suggestions_for
from apps.pages import htmx
from apps.pages.listing import Listing

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}


@require_GET
def pool_list(request: PanelRequest) -> HttpResponse:
    """List the pools that concern one's hosts, and propose more."""
    actor = request.actor
    allowed = actor.may_anywhere(Perm.POOL_CHANGE)
    context = {
        "listing": Listing(POOLS, with_counts(pools_of(actor)), request.GET),
        "conflict_count": len(conflict_list(actor)),
        "suggestions": suggestions_for(actor),
        "may_change": allowed,
        "may_not": "" if allowed else denial(Perm.POOL_CHANGE),
    }
    partials = {"pool-list": "network/pools/_list.html"}
    return htmx.render_page(request, "network/pools/list.html", context, partials=partials)


@require_GET
def pool_detail(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Show a pool: its map, and what each address is."""
    actor = request.actor
    pool = pool_get(actor=actor, pool_id=pool_id)
    hosts, plain = actor.scope(Perm.NETWORK_VIEW), Plain.of(pool)
    may_change = may(actor, pool.host_id, pool.group)
    counted = with_counts(AddressPool.objects.filter(pk=pool.pk)).get()
    context = {
        "pool": counted,
        "listing": EntryListing(pool, request.GET, hosts, plain),
        "map": map_of(pool, hosts, plain) if has_map(pool) else None,
        "next_free": _next(pool),
        "reserved": plain.ranges,
        "conflict_count": in_pool(conflict_list(actor), pool),
        "may_change": may_change,
        "may_not": "" if may_change else denial(Perm.POOL_CHANGE),
    }
    partials = {"entry-list": "network/pools/_entries.html", "pool-live": "network/pools/_live.html"}
    return htmx.render_page(request, "network/pools/detail.html", context, partials=partials)


def _next(pool: AddressPool) -> str:
    try:
        return next_free(pool)
    except Conflict:
        return ""


@require_http_methods(["GET", "POST"])
def pool_add(request: PanelRequest) -> HttpResponse:
    """Add a pool."""
    if not request.actor.may_anywhere(Perm.POOL_CHANGE):
        request.actor.require(Perm.POOL_CHANGE)
    return _form(request, None)


@require_http_methods(["GET", "POST"])
def pool_change(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Change a pool."""
    return _form(request, pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE))


def _form(request: PanelRequest, pool: AddressPool | None) -> HttpResponse:
    actor = request.actor
    form = PoolForm.about(actor, pool) if pool else PoolForm(actor, initial=request.GET.dict())
    if request.method == "POST":
        form = PoolForm(actor, request.POST)
        if form.is_valid() and (saved := _saved(request, form, pool)):
            return redirect("network:pool-detail", saved.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "pool": pool}
    return htmx.render_page(request, "network/pools/form.html", context, partials={}, status=status)


def _saved(request: PanelRequest, form: PoolForm, pool: AddressPool | None) -> AddressPool | None:
    wish, actor = form.wish, request.actor
    if not may(actor, wish.host.pk if wish.host else None, wish.group):
        form.add_error("hosts", "You may not change pools for these hosts.")
        return None
    try:
        if pool:
            saved = services.pool_change(actor=actor, pool=pool, wish=wish)
        else:
            saved = services.pool_add(actor=actor, wish=wish)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    messages.success(request, f"The pool “{saved.name}” is there for jails.")
    return saved


@require_http_methods(["GET", "POST"])
def pool_remove(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Ask whether a pool should go; on POST, remove it."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    if request.method == "POST":
        services.pool_remove(actor=request.actor, pool=pool)
        messages.success(request, f"The pool “{pool.name}” is gone. Nothing changed on any host.")
        return redirect("network:pool-list")
    why_not = services.why_not_remove(pool)
    return confirm(
        request,
        pool,
        title=f"Remove the pool {pool.name}",
        message=why_not or "Its reserved ranges go with it. Addresses of jails stay as they are.",
        button="" if why_not else "Remove the pool",
        danger=True,
        crumb="Remove",
    )


@require_http_methods(["GET", "POST"])
def pool_take_over(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Ask whether all seen addresses should be held for their jails; on POST, hold them."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    if request.method == "POST":
        count, doubles = address_services.seen_take_over(actor=request.actor, pool=pool)
        more = f" {doubles} are at more than one jail and were left." if doubles else ""
        held = (
            "One address is held for its jail"
            if count == 1
            else f"{count} addresses are held for their jails"
        )
        messages.success(request, f"{held} now.{more}")
        return redirect("network:pool-detail", pool.pk)
    wanted, doubles_seen = address_services.to_take_over(pool)
    return confirm(
        request,
        pool,
        title="Take over what is seen",
        message=_taken_words(len(wanted), doubles_seen),
        button="Hold them" if wanted else "",
        crumb="Take over",
    )


def _taken_words(count: int, doubles: list[str]) -> str:
    words = f"{count} addresses that jails were seen to have are held for those jails. No host is touched."
    if count == 1:
        words = "One address that a jail was seen to have is held for that jail. No host is touched."
    if not count:
        words = "Every address that a jail was seen to have is held already."
    if doubles:
        named = ", ".join(doubles[:5])
        words += f" At more than one jail, and left as they are: {named}{' …' if len(doubles) > 5 else ''}."
    return words


def confirm(request: PanelRequest, pool: AddressPool, **context: Any) -> HttpResponse:
    """Ask before something is done to a pool."""
    url = reverse("network:pool-detail", args=[pool.pk])
    context |= {
        "action": request.path,
        "cancel_url": url,
        "crumbs": [("Pools", reverse("network:pool-list")), (pool.name, url)],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM)
