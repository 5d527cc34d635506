"""Pages of single addresses: kept, reserved and released; searched over all pools; in dispute."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.network.models import AddressPool
from apps.network.pools import address_services as services
from apps.network.pools.conflicts import conflict_list
from apps.network.pools.forms import KeepForm, RangeForm
from apps.network.pools.free import next_free
from apps.network.pools.listing import AddressListing
from apps.network.pools.queries import held_get, pool_get
from apps.network.pools.views import confirm
from apps.pages import htmx

_MOST = 2**31 - 1
PAGE_SIZE = 50


@require_GET
def address_list(request: PanelRequest) -> HttpResponse:
    """Search addresses over all pools and hosts."""
    context = {"listing": AddressListing(request.actor, request.GET)}
    partials = {"address-list": "network/pools/_addresses.html"}
    return htmx.render_page(request, "network/pools/addresses.html", context, partials=partials)


@require_GET
def address_conflicts(request: PanelRequest) -> HttpResponse:
    """List addresses that two have who share a network."""
    found = conflict_list(request.actor)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "count": len(found)}
    partials = {"conflict-list": "network/pools/_conflicts.html"}
    return htmx.render_page(request, "network/pools/conflicts.html", context, partials=partials)


@require_http_methods(["GET", "POST"])
def address_hold(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Keep an address by hand."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    form = KeepForm(initial={"address": request.GET.get("address") or _next(pool)})
    if request.method == "POST":
        form = KeepForm(request.POST)
        if form.is_valid() and _kept(request, pool, form):
            return redirect("network:pool-detail", pool.pk)
    return _page(request, pool, form, "Keep an address", "Keep it")


def _next(pool: AddressPool) -> str:
    try:
        return next_free(pool)
    except Conflict:
        return ""


def _kept(request: PanelRequest, pool: AddressPool, form: KeepForm) -> bool:
    data = form.cleaned_data
    try:
        row = services.address_keep(
            actor=request.actor, pool=pool, address=data["address"], host=None, note=data["note"]
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    messages.success(request, f"{row.address} is kept for {row.note}.")
    return True


@require_http_methods(["GET", "POST"])
def address_release(request: PanelRequest, pool_id: int, held_id: int) -> HttpResponse:
    """Ask whether an address should be let go; on POST, let go of it."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    held = held_get(pool, held_id)
    if request.method == "POST":
        services.address_release(actor=request.actor, held=held)
        messages.success(request, f"{held.address} is free to be given out again, unless a host has it.")
        return redirect("network:pool-detail", pool.pk)
    whose = f"It is held for the jail {held.jail}. " if held.jail else f"It is kept for {held.note}. "
    return confirm(
        request,
        pool,
        title=f"Release {held.address}",
        message=f"{whose}Nothing changes on any host: a jail that has it keeps it.",
        button="Release it",
        danger=True,
        crumb="Release",
    )


@require_http_methods(["GET", "POST"])
def pool_reserve(request: PanelRequest, pool_id: int) -> HttpResponse:
    """Reserve addresses of a pool."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    form = RangeForm(initial={"first": request.GET.get("first", "")})
    if request.method == "POST":
        form = RangeForm(request.POST)
        if form.is_valid() and _reserved(request, pool, form):
            return redirect("network:pool-detail", pool.pk)
    return _page(request, pool, form, "Reserve addresses", "Reserve them")


def _reserved(request: PanelRequest, pool: AddressPool, form: RangeForm) -> bool:
    data = form.cleaned_data
    try:
        row = services.range_reserve(
            actor=request.actor, pool=pool, first=data["first"], last=data["last"], note=data["note"]
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    messages.success(request, f"{row} is not given out any more.")
    return True


@require_http_methods(["GET", "POST"])
def pool_unreserve(request: PanelRequest, pool_id: int, range_id: int) -> HttpResponse:
    """Ask whether a reserved range should be given out again; on POST, free it."""
    pool = pool_get(actor=request.actor, pool_id=pool_id, need=Perm.POOL_CHANGE)
    row = pool.reserved.filter(pk=range_id).first() if range_id <= _MOST else None
    if row is None:
        raise Http404
    if request.method == "POST":
        services.range_free(actor=request.actor, reserved=row)
        messages.success(request, f"{row} can be given out again.")
        return redirect("network:pool-detail", pool.pk)
    return confirm(
        request,
        pool,
        title=f"Give {row} out again",
        message="Jails can then get these addresses.",
        button="Give them out",
        crumb="Give out again",
    )


def _page(
    request: PanelRequest, pool: AddressPool, form: forms.Form, title: str, button: str
) -> HttpResponse:
    context = {"form": form, "pool": pool, "title": title, "button": button}
    status = 422 if form.errors else 200
    return htmx.render_page(request, "network/pools/address_form.html", context, partials={}, status=status)
