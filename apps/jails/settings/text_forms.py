"""A jail's files as text, and its name."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.accounts.permissions import REASON, Perm
from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.values import JailName
from apps.jails.models import Jail
from apps.jails.settings.fields import MONO, PLAIN
from apps.jails.settings.wishes import Prepared, Wish, prepare


class TextForm(forms.Form):
    """One of a jail's files as text.

    Args:
        jail: The jail.
        actor: Who edits it.
        of: `file` for ezjail's file, `fstab` for /etc/fstab.SAFENAME.
        data: What was sent.
    """

    text = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs=MONO | {"rows": 28, "wrap": "off", "aria-label": "The file"}),
    )
    restart = forms.BooleanField(
        label="Restart it with the new file",
        required=False,
        help_text="It is stopped before the file changes and started afterwards.",
    )

    def __init__(self, jail: Jail, actor: Actor, of: str, data: QueryDict | None = None) -> None:
        self.jail, self.actor, self.of = jail, actor, of
        self.now = jail.config_text if of == "file" else jail.fstab_text
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.prepared: Prepared | None = None
        self.reasons: dict[str, str] = {}
        super().__init__(data, initial={"text": self.now})
        self.fields["text"].widget.attrs["rows"] = min(max(self.now.count("\n") + 4, 8), 32)
        no_restart = "" if jail.is_running else "It does not run."
        if no_restart or not actor.may(Perm.JAIL_STOP, jail.host_id):
            self.fields["restart"].disabled = True
            self.reasons["restart"] = no_restart or f"It takes the right to {REASON[Perm.JAIL_STOP]}."
        seen = data.get("seen", "") if data else ""
        if seen and seen != self.seen:
            self.notes.append(
                "The file was changed on the host since you opened this page. What you typed is kept: the "
                "plan says what it would change now."
            )

    @property
    def seen(self) -> str:
        """Names the text that the page was made with."""
        return hashlib.sha256(self.now.encode("utf-8", "surrogateescape")).hexdigest()

    def clean(self) -> dict[str, Any]:
        """Turn the text into a plan."""
        data = super().clean() or {}
        text = str(data.get("text", "")).replace("\r\n", "\n")
        restart = bool(data.get("restart"))
        wish = Wish(text=text, restart=restart) if self.of == "file" else Wish(fstab=text, restart=restart)
        try:
            self.prepared = prepare(self.jail, wish)
            for need in self.prepared.needs:
                if not self.actor.may(need.perm, self.jail.host_id):
                    raise InvalidInput(need.sentence, field="text")
        except PanelError as error:
            self.prepared = None
            name = getattr(error, "field", None)
            self.add_error(name if name in self.fields else None, error.message)
        self.wish = wish
        return data


class RenameForm(forms.Form):
    """A jail's new name."""

    name = forms.CharField(
        label="New name",
        max_length=63,
        help_text="Letters, digits, dots, dashes and underscores. Its root directory gets it too.",
        widget=forms.TextInput(attrs=PLAIN | {"autofocus": True}),
    )

    def clean_name(self) -> JailName:
        """Parse the name."""
        try:
            return JailName.parse(self.cleaned_data["name"].strip())
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
