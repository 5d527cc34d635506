"""Tags for images: `{% load images %}`."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import denial
from apps.jails.images import plans
from apps.jails.images.services import CHANGES, PERM, is_attached
from apps.jails.models import Jail

register = template.Library()


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done to an image; `why_not` says why its button is greyed."""

    verb: str
    label: str
    url: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Image:
    """What is shown of a jail's image.

    Args:
        attached: Whether it was attached; None when the host could not say.
        asks: Whether attaching it asks for a passphrase.
        buttons: What can be done.
    """

    attached: bool | None
    asks: bool
    buttons: list[Button]


@register.simple_tag
def image_of(jail: Jail, actor: Actor, open_job: object = None) -> Image | None:
    """Return what is shown of a jail's image; None for a jail without one."""
    if jail.kind not in plans.IMAGES or not jail.has_manageable_name:
        return None
    denied = "" if actor.may(PERM, jail.host_id) else denial(PERM)
    busy = "A job for this jail is open." if open_job else ""
    args = [jail.host_id, jail.safe_name]
    buttons = [
        Button(
            verb,
            change.label,
            reverse("jails:jail-image", args=[*args, verb]),
            denied or busy or change.why_not(jail),
        )
        for verb, change in CHANGES.items()
    ]
    return Image(is_attached(jail), plans.asks(jail), buttons)
