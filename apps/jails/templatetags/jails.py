"""Tags for jails: `{% load jails %}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.jails.models import Jail
from apps.jails.queries import shown_state

register = template.Library()


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a jail.

    Args:
        verb: Its word.
        icon: Its symbol.
        url: Where it leads.
        why_not: Why it is greyed; empty when it may be pressed.
        danger: Whether it destroys something.
    """

    verb: str
    icon: str
    url: str
    why_not: str
    danger: bool = False


@register.filter
def state(jail: Jail) -> str:
    """Return the state to show."""
    return shown_state(jail)


@register.filter
def last_known(jail: Jail) -> str:
    """Say what the jail was when its host was last seen, for a host that is away."""
    if jail.observed_at is None:
        return "Not seen yet"
    return "Was running" if jail.is_running else "Was stopped"


@register.filter
def at(values: Mapping[str, list[str]] | None, key: str) -> list[str]:
    """Return what a mapping holds under a key, or nothing."""
    return values.get(key, []) if values else []


@register.inclusion_tag("jails/_actions.html", takes_context=True)
def jail_actions(context: template.Context, jail: Jail, *, compact: bool = False) -> dict[str, object]:
    """Render the buttons of a jail; each leads to a page that shows the commands first."""
    actor: Actor = context["request"].actor
    buttons = _buttons(jail, actor, str(context.get("here", "")))
    return {
        "jail": jail,
        "buttons": buttons,
        "compact": compact,
        "job_id": getattr(jail, "open_job_id", None),
    }


def _buttons(jail: Jail, actor: Actor, here: str) -> list[Button]:
    run = ["stop", "restart"] if jail.is_running else ["start"]
    return [_button(jail, actor, verb, here) for verb in [*run, "delete"]]


_LOOK = {
    "start": ("player-play", Perm.JAIL_START),
    "stop": ("player-stop", Perm.JAIL_STOP),
    "restart": ("refresh", Perm.JAIL_STOP),
    "delete": ("trash", Perm.JAIL_DELETE),
}


def _button(jail: Jail, actor: Actor, verb: str, here: str) -> Button:
    icon, perm = _LOOK[verb]
    url = reverse(f"jails:jail-{verb}", args=[jail.host_id, jail.safe_name])
    query = f"?{urlencode({'next': here})}" if here else ""
    return Button(verb.capitalize(), icon, url + query, _why_not(jail, actor, perm), danger=verb == "delete")


def _why_not(jail: Jail, actor: Actor, perm: Perm) -> str:
    if not actor.may(perm, jail.host_id):
        return denial(perm)
    if getattr(jail, "open_kind", None):
        return "A job for this jail is under way."
    if not jail.host.is_online:
        return "Its host is not online."
    if jail.observed_at is None:
        return "It has not been seen on the host yet."
    return (
        "" if jail.has_manageable_name else "Its name holds characters that the panel passes to no command."
    )
