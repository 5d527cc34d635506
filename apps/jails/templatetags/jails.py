"""Tags for jails: `{% load jails %}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.freebsd.commands import PlanStep
from apps.jails.changes import CHANGES
from apps.jails.models import Jail
from apps.jails.queries import shown_state
from apps.pages.listing import Listing

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
        is_page: Whether it leads to a page of its own rather than to a dialog.
    """

    verb: str
    icon: str
    url: str
    why_not: str
    danger: bool = False
    is_page: bool = False


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


@register.filter
def typed(commands: Sequence[PlanStep]) -> str:
    """Return commands as they could be typed into a shell, one a line."""
    return "".join(f"{command.shell_text()}\n" for command in commands)


@register.simple_tag(takes_context=True)
def may_bulk(context: template.Context) -> bool:
    """Say whether the one who looks may do to some jail what can be done to many at once."""
    return any(context["request"].actor.may_anywhere(change.perm) for change in CHANGES.values())


@register.inclusion_tag("jails/_bulk_bar.html", takes_context=True)
def bulk_bar(context: template.Context, listing: Listing[Any], what: str) -> dict[str, object]:
    """Render what can be done to the rows that are ticked in a list.

    Args:
        context: The page's.
        listing: The list.
        what: "jails" or "hosts", whose jails are meant.
    """
    actor: Actor = context["request"].actor
    buttons = [
        Button(
            change.label,
            _LOOK[change.verb][0],
            reverse("jails:jail-bulk", args=[change.verb]),
            "" if actor.may_anywhere(change.perm) else denial(change.perm),
        )
        for change in CHANGES.values()
    ]
    return {"listing": listing, "what": what, "buttons": buttons, "here": context["request"].get_full_path()}


@register.inclusion_tag("jails/_actions.html", takes_context=True)
def jail_actions(context: template.Context, jail: Jail, *, compact: bool = False) -> dict[str, object]:
    """Render the buttons of a jail; each leads to a page that shows the commands first."""
    actor: Actor = context["request"].actor
    buttons = _buttons(jail, actor, str(context.get("here", "")), compact=compact)
    return {
        "jail": jail,
        "buttons": buttons,
        "compact": compact,
        "job_id": getattr(jail, "open_job_id", None),
    }


def _buttons(jail: Jail, actor: Actor, here: str, *, compact: bool) -> list[Button]:
    run = ["stop", "restart"] if jail.is_running else ["start"]
    more = [] if compact else ["move"]
    return [_button(jail, actor, verb, here) for verb in [*run, *more, "delete"]]


_LOOK = {
    "start": ("player-play", Perm.JAIL_START),
    "stop": ("player-stop", Perm.JAIL_STOP),
    "restart": ("refresh", Perm.JAIL_STOP),
    "delete": ("trash", Perm.JAIL_DELETE),
    "move": ("server-2", Perm.JAIL_MOVE),
    "apply_wanted": ("check", Perm.JAIL_CHANGE),
    "archive": ("packages", Perm.JAIL_ARCHIVE),
    "snapshot": ("clock", Perm.JAIL_ARCHIVE),
}


def _button(jail: Jail, actor: Actor, verb: str, here: str) -> Button:
    icon, perm = _LOOK[verb]
    url = reverse(f"jails:jail-{verb}", args=[jail.host_id, jail.safe_name])
    query = f"?{urlencode({'next': here})}" if here else ""
    why_not = _why_not(jail, actor, perm)
    return Button(
        verb.capitalize(), icon, url + query, why_not, danger=verb == "delete", is_page=verb == "move"
    )


def _why_not(jail: Jail, actor: Actor, perm: Perm) -> str:
    if not actor.may(perm, jail.host_id):
        return denial(perm)
    if getattr(jail, "open_job_id", None):
        return "A job for this jail is open."
    if not jail.host.is_online:
        return "Its host is not online."
    if jail.observed_at is None:
        return "It has not been seen on the host yet."
    if jail.missing_since:
        return "ezjail has no file for it any more: see its page “Drift”."
    return (
        "" if jail.has_manageable_name else "Its name holds characters that the panel passes to no command."
    )
