"""All addresses of the panel. The live stream is not here: it stands beside Django (asgi.py)."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path

# Only the account pages that the panel uses: what is not listed does not exist.
account_patterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-up/", account.signup, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("password/", account.password_change, name="account_change_password"),
    path("again/", account.reauthenticate, name="account_reauthenticate"),
]

urlpatterns = [
    path("account/", include(account_patterns)),
    path("", include("apps.accounts.urls")),
    path("", include("apps.hosts.urls")),
    path("", include("apps.jails.urls")),
    path("", include("apps.network.urls")),
    path("", include("apps.schedules.urls")),
    path("", include("apps.jobs.urls")),
    path("", include("apps.audit.urls")),
    path("", include("apps.web.urls")),
]

handler400 = "apps.web.errors.bad_request"
handler403 = "apps.web.errors.permission_denied"
handler404 = "apps.web.errors.page_not_found"
handler500 = "apps.web.errors.server_error"
