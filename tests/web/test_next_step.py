"""What a person would do next about a host: a sentence, and a button where they may."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.urls import reverse

from apps.accounts.actor import Actor, Grant
from apps.accounts.permissions import Role
from apps.hosts.models import Host, HostState
from apps.web.next_step import next_step
from tests.places import FACTS, make_basejail, make_host, make_jail

NO_EZJAIL = FACTS | {"ezjail": {"installed": False}}
LEADS = {
    "host": "web:host-detail",
    "setup": "jails:ezjail-setup",
    "install": "jails:basejail-install",
    "create": "jails:jail-create",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """How a host is, and what is to be said of it.

    Args:
        state: The host's state.
        text: The sentence; nothing when all is well.
        button: The button's word, for who may press it.
        may: The least role that may.
        leads: Where the button leads.
        urgent: Whether something is wrong.
        basejail: None, or whether it is complete.
        jails: How many there are.
        facts: What the host said of itself.
        reason: Why its state is what it is.
    """

    state: HostState
    text: str
    button: str = ""
    may: Role = Role.ADMIN
    leads: str = "host"
    urgent: bool = True
    basejail: bool | None = None
    jails: int = 0
    facts: object = None
    reason: str = ""


SITUATIONS = {
    "just added": Situation(HostState.NEW, "The panel asks for its host key.", urgent=False),
    "just added, and nobody there": Situation(
        HostState.NEW, "192.0.2.1 refuses connections.", urgent=False, reason="192.0.2.1 refuses connections."
    ),
    "key not compared": Situation(HostState.UNVERIFIED, "Compare the fingerprint of its key.", "Look"),
    "key changed": Situation(
        HostState.KEY_CHANGED,
        "It shows another host key. Nothing is sent to it until someone looks.",
        "Look",
    ),
    "no agent": Situation(
        HostState.AGENT_MISSING, "The agent is missing, or is not the panel's copy.", "Look"
    ),
    "refused": Situation(HostState.REFUSED, "It does not let the panel in.", "Look"),
    "not understood": Situation(HostState.UNREADABLE, "Its answer was not understood.", "Look"),
    "away": Situation(HostState.UNREACHABLE, "It does not answer.", "Look", basejail=True, jails=2),
    "no ezjail": Situation(
        HostState.ONLINE, "ezjail is not installed there.", "Set up ezjail", leads="setup", facts=NO_EZJAIL
    ),
    "no basejail": Situation(
        HostState.ONLINE,
        "It has no basejail yet: every jail is built on it.",
        "Install the basejail",
        Role.MANAGER,
        "install",
        urgent=False,
    ),
    "half a basejail": Situation(
        HostState.ONLINE,
        "Its basejail is not complete.",
        "Install it again",
        Role.MANAGER,
        "install",
        basejail=False,
        jails=1,
    ),
    "no jails": Situation(
        HostState.ONLINE,
        "It has no jails yet.",
        "Create a jail",
        Role.MANAGER,
        "create",
        urgent=False,
        basejail=True,
    ),
    "all is well": Situation(HostState.ONLINE, "", basejail=True, jails=1),
}
ROLES = [Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.ADMIN]


def prepare(situation: Situation) -> Host:
    host = make_host("alpha", state=situation.state, state_reason=situation.reason)
    if situation.facts is not None:
        Host.objects.update(facts=situation.facts)
    if situation.basejail is not None:
        make_basejail(host, complete=situation.basejail)
    for number in range(situation.jails):
        make_jail(host, f"jail{number}", addresses=f"lo0|10.0.0.{number + 2}/24")
    return host


def seen(host: Host) -> Host:
    """The host as the dashboard reads it."""
    row = Host.objects.select_related("basejail").get(pk=host.pk)
    row.jail_count = row.jails.count()
    return row


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_has_its_sentence_and_its_button_where_one_may(db, name):
    situation = SITUATIONS[name]
    host = prepare(situation)
    for role in ROLES:
        step = next_step(seen(host), Actor("ada", 1, grants=(Grant(role, host.pk),)))
        if not situation.text:
            assert step is None
            continue
        may = bool(situation.button) and ROLES.index(role) >= ROLES.index(situation.may)
        assert step is not None
        assert (step.text, step.is_urgent) == (situation.text, situation.urgent)
        assert step.action == (situation.button if may else ""), role
        if may:
            assert step.url == reverse(LEADS[situation.leads], args=[host.pk])


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_dashboard_says_the_same_and_the_button_leads_somewhere(owner, viewer_of, name):
    situation = SITUATIONS[name]
    host = prepare(situation)
    page = owner.client.get("/").content.decode()
    assert (situation.text or "No job is queued") in page.replace("&#x27;", "'")
    assert ("entry-step" in page) == bool(situation.text)
    button = f'id="step-{host.pk}"'
    assert (button in page) == bool(situation.button)
    assert button not in viewer_of(host).client.get("/").content.decode()
    if situation.button:
        assert owner.client.get(reverse(LEADS[situation.leads], args=[host.pk])).status_code == 200


@pytest.fixture
def viewer_of():
    from tests.conftest import make_person

    return lambda host: make_person("looker", (Role.VIEWER, host))


def test_every_state_of_a_host_has_a_situation_here():
    assert {situation.state for situation in SITUATIONS.values()} == set(HostState)
