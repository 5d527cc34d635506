"""Tags of the leak guard: `{% load leaks %}`."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm, denial
from apps.jails.inside.reaching import OpenPort, reached
from apps.jails.leaks.queries import leak_list, leak_of, localhost
from apps.jails.models import Jail

register = template.Library()


@register.inclusion_tag("jails/leaks/_of_jail.html", takes_context=True)
def leak_of_jail(context: template.Context, jail: Jail) -> dict[str, Any]:
    """Say on a jail's page that its “localhost” is a public address."""
    return {"jail": jail} | _leak(context, jail)


@register.inclusion_tag("jails/leaks/_mend.html", takes_context=True)
def leak_mend(context: template.Context, jail: Jail) -> dict[str, Any]:
    """Give the button that opens a jail's settings with a private address put first."""
    return {"jail": jail, "small": True} | _leak(context, jail)


@register.inclusion_tag("jails/leaks/_look_button.html", takes_context=True)
def leak_look_button(context: template.Context, jail: Jail) -> dict[str, Any]:
    """Give the button that asks the host what listens in a jail, or why it cannot."""
    may = _actor(context).may(Perm.JAIL_INSIDE, jail.host_id)
    return {"jail": jail, "why_not": "" if may else denial(Perm.JAIL_INSIDE)}


@register.simple_tag(takes_context=True)
def leak_count(context: template.Context) -> int:
    """Return how many jails that the reader sees leak."""
    return leak_list(_actor(context)).count()


@register.filter
def localhost_of(jail: Jail) -> dict[str, str]:
    """Return the public address that “localhost” means in a jail, and the name of that loopback address."""
    address = leak_of(jail)
    return {"name": localhost(address), "address": address}


@register.filter
def open_ports(jail: Jail, ports: Any) -> list[OpenPort]:
    """Return the listening ports that are reached under a public address of the jail."""
    return reached(jail, ports or ())


def _leak(context: template.Context, jail: Jail) -> dict[str, Any]:
    address = leak_of(jail)
    why_not = ""
    if jail.missing_since:
        why_not = "ezjail has no file for it any more: settle its drift first."
    elif not _actor(context).may(Perm.JAIL_CHANGE, jail.host_id):
        why_not = denial(Perm.JAIL_CHANGE)
    return {"leak": address, "localhost": localhost(address), "why_not": why_not}


def _actor(context: template.Context) -> Actor:
    actor: Actor = context["request"].actor
    return actor
