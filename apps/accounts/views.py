"""The pages behind the one-time set-up link. Signing in and out is allauth's."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.forms import SetupForm
from apps.accounts.middleware import PanelRequest
from apps.accounts.services import setup_link_is_good, setup_link_use
from apps.freebsd.errors import InvalidInput

SESSION_KEY = "setup_token"


@never_cache
@login_not_required
@require_GET
def setup_link(request: PanelRequest, token: str) -> HttpResponse:
    """Take the token out of the address, where logs and histories would keep it, and show the form."""
    if not setup_link_is_good(token):
        raise Http404
    request.session[SESSION_KEY] = token
    return redirect("accounts:setup")


@sensitive_post_parameters()
@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def setup(request: PanelRequest) -> HttpResponse:
    """Make the first administrator."""
    token = request.session.get(SESSION_KEY, "")
    if not setup_link_is_good(token):
        raise Http404
    form = SetupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _made(request, token, form):
        return redirect("web:dashboard")
    return render(request, "accounts/setup.html", {"form": form}, status=422 if form.errors else 200)


def _made(request: PanelRequest, token: str, form: SetupForm) -> bool:
    try:
        user = setup_link_use(
            token=token,
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
            address=request.actor.address,
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    login(request, user, backend="apps.accounts.backends.GrantBackend")
    return True
