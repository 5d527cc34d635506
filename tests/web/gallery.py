"""A page for every piece of the shell, with made-up rows: what the tests and the pictures look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils import timezone

from apps.freebsd.commands import Command
from apps.freebsd.errors import Conflict, HostUnreachable, InvalidInput, NotAllowed
from apps.jobs.plan import Plan
from apps.pages import htmx
from apps.pages.listing import Column, Filter, Listing, ListSpec
from apps.pages.status import LOOKS
from jailpanel.urls import account_patterns


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    host: str
    state: str
    addresses: str
    flavour: str
    seen: Any


SPEC = ListSpec(
    id="jail-list",
    columns=(
        Column("name", "Name", ("name",)),
        Column("state", "State", ("state",)),
        Column("host", "Host", ("host",)),
        Column("addresses", "Addresses"),
        Column("seen", "Last read", ("seen",)),
        Column("actions", "", css="row-actions"),
    ),
    search=("name__icontains",),
    search_label="Search names and addresses",
    filters=(
        Filter("state", "State", (("running", "Running"), ("stopped", "Stopped"))),
        Filter("host", "Host", (("fra1", "fra1.example.org"), ("fra2", "fra2.example.org"))),
    ),
)


NAMES = ["web", "db", "mail", "cache", "dns", "build", "git", "wiki", "proxy", "metrics", "logs", "queue"]


def rows() -> list[Row]:
    states = ["running", "running", "stopped", "running", "installing", "unknown"]
    return [
        Row(
            f"{name}{number:02}",
            f"fra{1 + index % 3}.example.org",
            states[index % 6],
            f"lo0|10.0.{number}.{index + 2}/24" + (f", re0|192.0.2.{index + 10}/24" if index % 2 else ""),
            "default",
            timezone.now() - timedelta(seconds=4 + 37 * index * number),
        )
        for number in range(1, 13)
        for index, name in enumerate(NAMES)
    ]


class Made(Listing[Any]):
    """A listing over rows that are no models."""

    @property
    def rows(self) -> Any:
        found = [
            row
            for row in rows()
            if self.text in row.name and row.state == self.choices.get("state", row.state)
        ]
        key = self.sort.removeprefix("-")
        return sorted(found, key=lambda row: getattr(row, key), reverse=self.sort.startswith("-"))


class JailForm(forms.Form):
    name = forms.CharField(
        label="Name",
        help_text="Letters, digits, dots and dashes. ezjail makes one name of a.b and a-b.",
        widget=forms.TextInput(
            attrs={"class": "font-monospace", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    flavour = forms.ChoiceField(
        label="Flavour", choices=[("", "None"), ("default", "default"), ("web", "web")], required=False
    )
    release = forms.CharField(label="Release", initial="14.1-RELEASE", help_text="The host's own release.")
    ports = forms.BooleanField(label="With the ports tree", required=False, help_text="About 1.2 GiB more.")
    kind = forms.ChoiceField(
        label="Storage", widget=forms.RadioSelect, choices=[("dir", "A folder"), ("zfs", "A ZFS dataset")]
    )
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}), required=False)

    def clean_name(self) -> str:
        if not self.cleaned_data["name"].isidentifier():
            raise forms.ValidationError(
                "A name has letters, digits, dots and dashes only, and begins with a letter."
            )
        return self.cleaned_data["name"]


PLAN = Plan(
    kind="jails.delete",
    title="Delete web01",
    commands=(
        Command(
            ("/usr/local/bin/ezjail-admin", "onestop", "web01"),
            "Stop the jail, because a running one cannot be deleted.",
        ),
        Command(
            ("/usr/local/bin/ezjail-admin", "delete", "-w", "web01"),
            "Take it out of ezjail's list and remove its files; this cannot be undone.",
        ),
    ),
    checks=("no jail web01 runs on fra1", "its root folder is gone"),
    warnings=("All 2.3 GiB of files below /usr/jails/web01 are removed.",),
)


def dashboard(request):
    messages.success(request, "The jail web01 was created.")
    messages.warning(request, "fra3 has not answered for 12 minutes; its jails are shown as last read.")
    return htmx.render_page(
        request, "gallery/pieces.html", {"plan": PLAN, "now": timezone.now(), "states": list(LOOKS)[:24]}
    )


BROKEN = []


def jail_list(request):
    if BROKEN and htmx.asked(request):
        raise BROKEN[0]
    listing = Made(SPEC, None, request.GET)
    return htmx.render_page(
        request, "gallery/list.html", {"listing": listing}, partials={"jail-list": "gallery/_list.html"}
    )


def jail_new(request):
    form = JailForm(request.POST or None)
    if form.is_valid():
        return redirect("jails:jail-list")
    status = 422 if form.is_bound else 200
    return htmx.render_page(request, "gallery/form.html", {"form": form, "plan": PLAN}, status=status)


def jail_check(request):
    form = JailForm(request.POST)
    context = {"form": form, "touched": request.POST.getlist("touched")}
    return htmx.render_page(request, "web/_errors_oob.html", context)


def jail_delete(request):
    typed = request.POST.get("typed_name")
    if typed == "web01":
        return redirect("jails:jail-list")
    context = {
        "title": "Delete the jail web01?",
        "message": "The jail and everything in it go away.",
        "plan": PLAN,
        "action": request.path,
        "cancel_url": "/jails/",
        "typed_name": "web01",
        "typed_error": "" if typed is None else "That is not the jail's name.",
        "button": "Delete web01",
        "danger": True,
    }
    return htmx.render_page(
        request,
        "web/confirm.html",
        context,
        partials={"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"},
        status=200 if typed is None else 422,
    )


def fail(request, kind):
    raise {
        "conflict": Conflict("Another job holds fra1. It runs next."),
        "unreachable": HostUnreachable("fra1 did not answer within 10 seconds."),
        "invalid": InvalidInput("10.0.0.2 is taken by web01."),
        "forbidden": NotAllowed("You may see web01, but starting it needs the operator role."),
        "bug": RuntimeError("not for the user's eyes"),
    }[kind]


def empty(request):
    return htmx.render_page(request, "gallery/empty.html", {})


def plain(request):
    return HttpResponse("plain")


jails = (
    [
        path("", jail_list, name="jail-list"),
        path("new/", jail_new, name="jail-new"),
        path("check/", jail_check, name="jail-check"),
        path("web01/delete/", jail_delete, name="jail-delete"),
    ],
    "jails",
)
urlpatterns = [
    path("", include(([path("", dashboard, name="dashboard")], "web"))),
    path("jails/", include(jails)),
    path("hosts/", include(([path("", empty, name="host-list")], "hosts"))),
    path("jobs/", include(([path("", plain, name="job-list")], "jobs"))),
    path("record/", include(([path("", plain, name="event-list")], "audit"))),
    path("fail/<str:kind>/", fail, name="fail"),
    path("account/", include(account_patterns)),
]
handler400 = "apps.web.errors.bad_request"
handler403 = "apps.web.errors.permission_denied"
handler404 = "apps.web.errors.page_not_found"
handler500 = "apps.web.errors.server_error"
