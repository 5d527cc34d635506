"""Adding, changing and removing presets, each with its entry in the record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.actor import Actor
from apps.audit.services import Subject, record
from apps.freebsd.errors import Conflict, InvalidInput
from apps.hosts.models import HostGroup
from apps.jails.models import JailPreset
from apps.jails.presets.queries import require_change
from apps.jobs.events import publish

_NAME = re.compile(r"[^\W_](?:[\w .,()+-]{0,61}[\w.)+])?")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a preset is to be.

    Args:
        name: What people call it.
        group: The group of hosts that it is for; None for every host.
        choices: The fields of the form for a new jail, as they are filled in.
    """

    name: str
    group: HostGroup | None
    choices: dict[str, Any]


def preset_add(*, actor: Actor, wish: Wish) -> JailPreset:
    """Add a preset.

    Raises:
        NotAllowed: The actor may not, for these hosts.
        InvalidInput: The name is taken, or has characters that do not belong there.
    """
    require_change(actor, wish.group)
    preset = JailPreset(name=_checked(wish.name), group=wish.group, choices=wish.choices)
    with transaction.atomic():
        _save(preset, force_insert=True)
        record(actor=actor, action="preset.added", subject=_subject(preset), after=said(preset))
        _announce()
    return preset


def preset_change(*, actor: Actor, preset: JailPreset, wish: Wish) -> None:
    """Have a preset say something else; jails that were made with it stay as they are.

    Raises:
        NotAllowed: The actor may not, for these hosts or those that it was for.
        InvalidInput: The name is taken, or has characters that do not belong there.
        Conflict: It was removed meanwhile.
    """
    require_change(actor, wish.group)
    name = _checked(wish.name)
    with transaction.atomic():
        row = _locked(preset)
        require_change(actor, row.group)
        before = said(row)
        row.name, row.group, row.choices = name, wish.group, wish.choices
        _save(row, update_fields=["name", "group", "choices"])
        record(actor=actor, action="preset.changed", subject=_subject(row), before=before, after=said(row))
        _announce()


def preset_remove(*, actor: Actor, preset: JailPreset) -> None:
    """Remove a preset; jails that were made with it stay.

    Raises:
        NotAllowed: The actor may not.
        Conflict: It was removed already.
    """
    with transaction.atomic():
        row = _locked(preset)
        require_change(actor, row.group)
        record(actor=actor, action="preset.removed", subject=_subject(row), before=said(row))
        _announce()
        row.delete()


def said(preset: JailPreset) -> dict[str, Any]:
    """Return what a preset says, for the record."""
    hosts = preset.group.name if preset.group else "every host"
    return {"name": preset.name, "hosts": hosts, **preset.choices}


def _checked(name: str) -> str:
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A name is 1 to 63 letters, digits, blanks and . , ( ) + -, and begins with a letter or digit.",
            field="name",
        )
    return name


def _save(preset: JailPreset, **how: Any) -> None:
    try:
        with transaction.atomic():
            preset.save(**how)
    except IntegrityError as error:
        raise InvalidInput("There is a preset of this name for these hosts already.", field="name") from error


def _locked(preset: JailPreset) -> JailPreset:
    row = JailPreset.objects.select_for_update(of=("self",)).filter(pk=preset.pk).first()
    if row is None:
        raise Conflict("This preset was removed meanwhile.")
    return row


def _subject(preset: JailPreset) -> Subject:
    return Subject("preset", str(preset.pk), preset.name)


def _announce() -> None:
    """Tell open pages, once the transaction has committed, that presets changed."""
    transaction.on_commit(partial(publish, "presets", "changed"))
