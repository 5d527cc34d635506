"""Tags for moves: `{% load moving %}`."""

from __future__ import annotations

from django import template

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.jails.models import Archive, Jail
from apps.jails.moving.queries import move_from, move_to

register = template.Library()


@register.inclusion_tag("jails/moving/_move.html", takes_context=True)
def move_of_jail(context: template.Context, jail: Jail) -> dict[str, object]:
    """Render what became of a jail's move, on the host that it leaves and on the one that got it."""
    actor: Actor = context["request"].actor
    leaving = move_from(jail)
    return {
        "request": context["request"],
        "here": context.get("here", ""),
        "jail": jail,
        "leaving": leaving,
        "came": None if leaving else move_to(jail),
        "why_not_back": _why_not(actor, jail, Perm.JAIL_MOVE) or (leaving.why_not_back if leaving else ""),
        "why_not_go": _why_not(actor, jail, Perm.JAIL_DELETE),
    }


@register.inclusion_tag("jails/moving/_copy_button.html", takes_context=True)
def copy_archive(context: template.Context, archive: Archive) -> dict[str, object]:
    """Render the button that leads to the page on which an archive is copied to another host."""
    actor: Actor = context["request"].actor
    may = actor.may(Perm.JAIL_MOVE, archive.host_id)
    return {
        "archive": archive,
        "here": context.get("here", ""),
        "why_not": "" if may else denial(Perm.JAIL_MOVE),
    }


def _why_not(actor: Actor, jail: Jail, perm: Perm) -> str:
    if not actor.may(perm, jail.host_id):
        return denial(perm)
    return "" if jail.host.is_online else "Its host is not online."
