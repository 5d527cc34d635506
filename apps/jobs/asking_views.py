"""The page on which a passphrase is given to a command that asks for one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from apps.accounts.middleware import PanelRequest
from apps.freebsd.commands.asking import Prompt
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.secret import Secret
from apps.jobs import asking
from apps.jobs.models import Job
from apps.jobs.prompts import asking_step
from apps.jobs.queries import job_get
from apps.pages import htmx

CONFIRM = {"dialog": "web/_confirm.html", "confirm": "web/_confirm.html"}
MESSAGE = (
    "It goes straight to the command on the host. It is kept nowhere: not in the panel, not in the record, "
    "not on the host."
)
NO_WAY_BACK = " Nobody can help when it is lost: what is in the image is lost with it."


class AnswerForm(forms.Form):
    """A passphrase; a new one twice."""

    passphrase = forms.CharField(
        label="Passphrase",
        strip=False,
        max_length=250,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    again = forms.CharField(
        label="The same again",
        strip=False,
        max_length=250,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, prompt: Prompt, *args: Any) -> None:
        super().__init__(*args)
        if prompt is Prompt.OLD:
            del self.fields["again"]

    @sensitive_variables()
    def clean_passphrase(self) -> Secret:
        """Take it out of the form's data into what shows as ***."""
        try:
            return Secret(self.cleaned_data["passphrase"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None

    @sensitive_variables()
    def clean_again(self) -> None:
        """Compare both."""
        first: Secret | None = self.cleaned_data.get("passphrase")
        if first is not None and first.reveal() != self.cleaned_data["again"].encode("utf-8", "replace"):
            raise forms.ValidationError("The two are not the same.")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def job_answer(request: PanelRequest, job_id: UUID) -> HttpResponse:
    """Ask for the passphrase that a command asks for; on POST, give it."""
    job = job_get(actor=request.actor, job_id=job_id)
    request.actor.require(asking.perm_of(job), job.host_id)
    found = asking_step(job)
    if found is None:
        raise Conflict(asking.NOT_ASKED)
    prompt = found[1]
    form = AnswerForm(prompt, request.POST) if request.method == "POST" else AnswerForm(prompt)
    if request.method == "POST" and form.is_valid():
        asking.job_answer(actor=request.actor, job=job, prompt=prompt, secret=form.cleaned_data["passphrase"])
        messages.info(request, "The passphrase was given to the command.")
        return redirect(job)
    return _page(request, job, prompt, form)


def _page(request: PanelRequest, job: Job, prompt: Prompt, form: AnswerForm) -> HttpResponse:
    is_new = prompt is not Prompt.OLD
    context: dict[str, Any] = {
        "title": f"{'New passphrase' if is_new else 'Passphrase'}: {job.title} on {job.host.name}",
        "message": MESSAGE + (NO_WAY_BACK if is_new else ""),
        "form": form,
        "action": request.path,
        "button": "Give it to the command",
        "cancel_url": job.get_absolute_url(),
        "crumb": "Passphrase",
        "crumbs": [("Jobs", reverse("jobs:job-list")), (job.title, job.get_absolute_url())],
        "in_dialog": htmx.in_dialog(request) or htmx.target(request) == "confirm",
    }
    status = 422 if form.errors else 200
    return htmx.render_page(request, "web/confirm.html", context, partials=CONFIRM, status=status)
