"""Both walkers over the sets that the panel generates: they agree, and no private address gets out."""

from __future__ import annotations

import random

import pytest

from apps.freebsd.firewall.article import article
from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.model import Firewall, NatInstance, Redirect
from apps.freebsd.firewall.nat_config import nat_text
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.recommended import recommended
from tests.fuzz.cast import HOST, HOST6, JAIL_NET, OUTSIDE, PUBLIC2
from tests.fuzz.conversations import conversation
from tests.fuzz.duel import by_simulator, differences
from tests.fuzz.rule_sets import RuleSet

REDIRECTS = (
    Redirect("port", ("10.0.0.5:80",), "8000", "tcp"),
    Redirect("port", ("10.0.0.6:22",), "22", "tcp"),
    Redirect("port", ("10.0.0.6:53",), "53", "udp"),
    Redirect("port", ("10.0.0.7:443",), "443", "tcp", OUTSIDE[0]),
    Redirect("addr", ("10.0.0.7",), PUBLIC2),
)
OPTIONS = ("log", "deny_in", "same_ports", "unreg_only", "reset")
SERVICES = (Service("tcp", "80"), Service("tcp", "443"), Service("udp", "53"), Service("tcp", "22"))


def inputs(chance: random.Random) -> FirewallInputs:
    address, interface = chance.choice([(HOST, ""), ("", "re0")])
    options = frozenset(chance.sample(OPTIONS, chance.randint(0, 3)))
    redirects = frozenset(chance.sample(REDIRECTS, chance.randint(0, 4)))
    return FirewallInputs(
        outside="re0",
        public=(HOST, HOST6),
        jail_networks=(JAIL_NET,),
        panel_address=chance.choice([OUTSIDE[0], ""]),
        nat=(NatInstance(1, address, interface, options, redirects),),
        outgoing=tuple(chance.sample(SERVICES, 2)),
        host_services=tuple(chance.sample(SERVICES, chance.randint(0, 2))),
        is_icmp_wanted=chance.random() < 0.7,
    )


def typed(made: Firewall) -> RuleSet:
    return RuleSet(
        rules=tuple(rule_text(rule) for rule in made.rules),
        nats=tuple(nat_text(nat) for nat in made.nat),
        one_pass=made.one_pass,
    )


@pytest.mark.parametrize("layout", [recommended, article])
def test_walkers_agree_and_no_private_address_gets_out(layout):
    sent = 0
    for seed in range(12):
        chance = random.Random(seed)  # noqa: S311  the same cases everywhere
        rules, said = typed(layout(inputs(chance))), conversation(chance, 40)
        assert differences(rules, said) is None
        sources = [one.ends[0] for one in by_simulator(rules, said) if one.fate == "sent"]
        assert not [text for text in sources if text.startswith("10.")]
        sent += len(sources)
    assert sent > 20
