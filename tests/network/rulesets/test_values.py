"""A host's own values: what is proposed, and what is kept."""

from __future__ import annotations

import pytest

from apps.network.models import HostFirewall
from apps.network.rulesets.values import proposal
from tests.network.pools.places import make_pool
from tests.network.rulesets.places import INTERFACES
from tests.places import FACTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(host):
    host.facts = FACTS | {"interfaces": INTERFACES}
    host.save(update_fields=["facts"])
    return host


def test_values_are_proposed_from_what_was_seen(seen):
    found = proposal(seen)
    assert (found.outside, found.public_addresses) == ("re0", ("203.0.113.10",))
    assert (found.jail_networks, found.panel_port) == (("10.0.0.0/24",), 22)


def test_pools_say_which_networks_jails_have(seen):
    make_pool("10.9.0.0/16", host=seen)
    assert proposal(seen).jail_networks == ("10.9.0.0/16",)


def test_a_host_that_was_never_seen_has_nothing(host):
    host.facts = {}
    assert (proposal(host).outside, proposal(host).public_addresses) == ("", ())


def test_the_form_keeps_what_is_chosen(owner, seen):
    url = f"/hosts/{seen.pk}/firewall/values/"
    assert "203.0.113.10 on re0" in owner.client.get(url).content.decode()
    bad = {"outside": "re0", "public_addresses": "203.0.113.10", "jail_networks": "10.0.0.0/24\nnonsense"}
    answer = owner.client.post(url, bad)
    assert answer.status_code == 422
    assert "Line 2: “nonsense” is no IPv4 network." in answer.content.decode()
    assert owner.client.post(url, bad | {"jail_networks": "10.0.0.0/24"}).status_code == 302
    row = HostFirewall.objects.get(host=seen)
    assert (row.outside, row.public_addresses, row.jail_networks) == (
        "re0",
        ["203.0.113.10"],
        ["10.0.0.0/24"],
    )
