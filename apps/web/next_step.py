"""What a person would do next about a host."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostState


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence, and where to do it.

    Args:
        text: What is the matter or what could come next.
        action: The button's words; empty without a button.
        url: Where the button leads.
        is_urgent: Whether something is wrong.
    """

    text: str
    action: str = ""
    url: str = ""
    is_urgent: bool = False


_TROUBLE: dict[str, str] = {
    HostState.UNVERIFIED: "Compare the fingerprint of its key.",
    HostState.KEY_CHANGED: "It shows another host key. Nothing is sent to it until someone looks.",
    HostState.AGENT_MISSING: "The agent is missing, or is not the panel's copy.",
    HostState.REFUSED: "It does not let the panel in.",
    HostState.UNREADABLE: "Its answer was not understood.",
    HostState.UNREACHABLE: "It does not answer.",
}


def next_step(host: Host, actor: Actor) -> NextStep | None:
    """Return what to do next about a host, with a button where the actor may; None when all is well."""
    if host.state == HostState.NEW:
        return NextStep(host.state_reason or "The panel asks for its host key.")
    if host.state in _TROUBLE:
        action = "Look" if actor.may(Perm.HOST_CHANGE, host.pk) else ""
        return NextStep(_TROUBLE[host.state], action, host.get_absolute_url(), is_urgent=True)
    return _for_online(host, actor)


def _for_online(host: Host, actor: Actor) -> NextStep | None:
    if not host.facts.get("ezjail", {}).get("installed"):
        action = "Set up ezjail" if actor.may(Perm.HOST_SETUP, host.pk) else ""
        url = reverse("jails:ezjail-setup", args=[host.pk])
        return NextStep("ezjail is not installed there.", action, url, is_urgent=True)
    basejail = getattr(host, "basejail", None)
    if basejail is None or not basejail.is_present:
        return _basejail(
            "It has no basejail yet: every jail is built on it.", "Install the basejail", host, actor
        )
    if not basejail.is_complete:
        return _basejail("Its basejail is not complete.", "Install it again", host, actor, urgent=True)
    if not getattr(host, "jail_count", 1):
        may = actor.may(Perm.JAIL_CREATE, host.pk)
        url = reverse("jails:jail-create", args=[host.pk])
        return NextStep("It has no jails yet.", "Create a jail" if may else "", url)
    return None


def _basejail(text: str, action: str, host: Host, actor: Actor, *, urgent: bool = False) -> NextStep:
    may = actor.may(Perm.BASEJAIL_INSTALL, host.pk)
    url = reverse("jails:basejail-install", args=[host.pk])
    return NextStep(text, action if may else "", url, is_urgent=urgent)
