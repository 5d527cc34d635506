"""A job's wish as the form that it came from, so that someone can change a word of it and ask again."""

from __future__ import annotations

from uuid import UUID

from django.http import QueryDict

from apps.accounts.middleware import PanelRequest
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailAddresses
from apps.hosts.models import Host
from apps.jails.options_form import as_typed
from apps.jobs.models import Job
from apps.jobs.queries import job_list


def filled_in(request: PanelRequest, host: Host, kind: str) -> QueryDict | None:
    """Return what a form was filled in with: by this POST, or for the job that `?again=` names.

    Args:
        request: The form's request.
        host: The host whose form it is.
        kind: The kind of job that the form makes.

    Returns:
        The values, or None for an empty form.
    """
    if request.method == "POST":
        return request.POST
    job = job_again(request, host, kind)
    return _FIELDS[kind](job) if job else None


def job_again(request: PanelRequest, host: Host, kind: str) -> Job | None:
    """Return the job that `?again=` names, where the actor sees it and it is one of this kind here."""
    try:
        job_id = UUID(request.GET.get("again", ""))
    except ValueError:
        return None
    return job_list(request.actor).filter(pk=job_id, host=host, kind=kind).first()


def _basejail_fields(job: Job) -> QueryDict:
    fields = QueryDict(mutable=True)
    fields["release"] = str(job.intent.get("release", ""))
    for switch in ("sources", "ports"):
        if job.intent.get(switch):
            fields[switch] = "on"
    fields["mirror"] = str(job.intent.get("mirror", ""))
    fields["brings"] = "panel" if job.intent.get("brings") else ""
    return fields


def _jail_fields(job: Job) -> QueryDict:
    fields = QueryDict(mutable=True)
    for name in ("name", "flavour"):
        fields[name] = str(job.intent.get(name, ""))
    if reason := job.intent.get("public_first_reason"):
        fields["public_first"], fields["public_first_reason"] = "on", str(reason)
    for name, value in as_typed(job.intent.get("options") or {}).items():
        fields.setlist(name, value if isinstance(value, list) else [value])
    for item in _addresses(job):
        fields.appendlist("interface", str(item.interface or ""))
        fields.appendlist("address", str(item.ip))
        fields.appendlist("prefix", str(item.prefix or ""))
    return fields


def _addresses(job: Job) -> JailAddresses | tuple[()]:
    try:
        return JailAddresses.parse(str(job.intent.get("addresses", "")))
    except InvalidInput:
        return ()


_FIELDS = {"jails.basejail_install": _basejail_fields, "jails.create": _jail_fields}
