"""The page on which a jail is restored: under its name or another, with the commands below."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.accounts.permissions import Perm
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import Host
from apps.jails.agreement import agreed
from apps.jails.archives import queries, restoring
from apps.jails.archives.forms import RestoreForm
from apps.jails.archives.pages import confirm, host_crumbs
from apps.jails.models import Archive
from apps.jails.views import accepted, back_to
from apps.jobs.plan import Plan

NOTHING = Plan("jails.restore", "Restore a jail", ())


@require_http_methods(["GET", "POST"])
def archive_restore(request: PanelRequest, host_id: UUID, file_name: str) -> HttpResponse:
    """Show what restoring an archive runs; on POST, ask for it, once these commands were shown."""
    archive = queries.archive_get(
        actor=request.actor, host_id=host_id, file_name=file_name, need=Perm.JAIL_RESTORE
    )
    known = restoring.known_of(archive)
    initial = {"name": known.name, "addresses": known.addresses} if known else {"name": archive.safe_name}
    posted = request.method == "POST"
    form = RestoreForm(request.POST if posted else initial if known else None, initial=initial)
    back = back_to(request, reverse("jails:host-archives", args=[host_id]))
    plan, problem = _planned(archive, form, known)
    as_shown = bool(plan) and agreed(request).plan_hash in ("", plan.hash if plan else "")
    if posted and form.is_valid() and as_shown:
        try:
            job = restoring.restore_request(
                actor=request.actor, archive=archive, name=form.cleaned_data["name"],
                addresses=form.cleaned_data["addresses"], agreed=agreed(request),
            )  # fmt: skip
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return accepted(request, job, back)
    changed = posted and plan and form.is_valid() and not as_shown
    context = {
        "button": "Restore" if plan else "Show the commands",
        "crumb": "Restore",
        "message": "The commands are new: look at them, and press Restore again."
        if changed
        else problem or f"From {archive.file_name}.",
        "form": form,
        "crumbs": host_crumbs(archive.host),
    }
    status = 422 if posted else 200
    return confirm(request, archive.host, plan or NOTHING, back, context, status=status)


def _planned(archive: Archive, form: RestoreForm, known: restoring.Known | None) -> tuple[Plan | None, str]:
    """Return the plan, if there can be one now, and why not."""
    if not form.is_valid():
        return None, ""
    name, addresses = form.cleaned_data["name"], form.cleaned_data["addresses"]
    host = Host.objects.select_related("basejail").get(pk=archive.host_id)
    try:
        plan = restoring.restore_plan(archive, host, name, addresses, known)
        restoring.check_place(host, name, addresses)
    except InvalidInput as error:
        form.add_error(_field(form, error), error.message)
        return None, ""
    except Conflict as error:
        return None, error.message
    return plan, ""


def _field(form: RestoreForm, error: InvalidInput) -> str | None:
    """Return the field that a complaint belongs to; those of addresses are all one field here."""
    field = error.field or ""
    if field in form.fields:
        return field
    return "addresses" if "address" in field or "interface" in field else None
