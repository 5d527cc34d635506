"""A rule set and a host become the firewall that the host is to have."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.freebsd.firewall.inputs import DEFAULT_OUTGOING, FirewallInputs
from apps.freebsd.firewall.model import Redirect, Table
from apps.freebsd.firewall.printing import rule_text
from apps.hosts.models import Host
from apps.network.compiling import Compiled, compile_set, compiled, inputs_of
from apps.network.host_inputs import with_lonely
from apps.network.models import (
    AddressPool,
    FirewallTable,
    HostFirewall,
    Layout,
    NatInstance,
    PortForward,
    RuleSet,
    SeenAddress,
    address_key,
)

GIVEN = FirewallInputs(outside="re0", public=("203.0.113.10",), jail_networks=("10.0.0.0/24",))


def texts(made: Compiled) -> list[str]:
    return [rule_text(rule) for rule in made.firewall.rules]


def written(text: str, layout: str = Layout.WRITTEN) -> Compiled:
    return compile_set(layout, GIVEN, text)


def test_written_rules_are_taken_as_they_stand_with_the_hosts_values():
    made = written(
        "# mail\n\nadd 500 allow tcp from $jails to $public 25 in recv $outside\n600 deny ip from any to any"
    )

    assert texts(made) == [
        "00500 allow tcp from 10.0.0.0/24 to 203.0.113.10 25 in recv re0",
        "00600 deny ip from any to any",
    ]
    assert [source.line for source in made.sources] == [3, 4]
    assert not made.problems


def test_rules_without_a_number_get_the_next_one_as_from_ipfw():
    made = written("allow ip from any to any via lo0\n150 count ip from any to any\ndeny ip from any to any")

    assert [rule.number for rule in made.firewall.rules] == [100, 150, 250]


def test_written_rules_stand_behind_generated_ones_of_their_number():
    made = written("900 count ip from any to any\n5 count ip from any to any", Layout.RECOMMENDED)
    numbers = [rule.number for rule in made.firewall.rules]
    at = numbers.index(900)

    assert numbers == sorted(numbers)
    assert [source.is_generated for source in made.sources[at : at + 2]] == [True, False]
    assert made.sources[at].purpose
    assert made.sources[0].line == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("500 allow ip from $nobody to any", "$nobody stands for nothing"),
        ("allow ip from any to any", "needs a number"),
        ("70000 allow ip from any to any", "number is 1 to"),
        ("500 allow ip from any to any # hm", "#"),
    ],
)
def test_a_line_that_cannot_be_is_told_and_left_out(line, said):
    made = written(f"\n{line}\n800 count ip from any to any", Layout.ARTICLE)

    (problem,) = made.problems
    assert said in problem.sentence
    assert str(problem).startswith("Written rules, line 2: ")
    assert "00800 count ip from any to any" in texts(made)


def test_a_value_that_is_not_known_is_no_rule():
    made = compile_set(Layout.WRITTEN, FirewallInputs(), "500 allow ip from any to any via $outside")

    assert "not known yet" in made.problems[0].sentence


def test_tables_come_along():
    made = compile_set(Layout.WRITTEN, GIVEN, "", [("admins", "198.51.100.0/24 7\nnobody\n")])

    assert made.firewall.tables == (Table("admins", (("198.51.100.0/24", "7"),)),)
    assert str(made.problems[0]).startswith("Table admins, line 2: ")


def test_only_the_articles_set_wants_one_pass():
    passes = {layout: compile_set(layout, GIVEN).firewall.one_pass for layout in Layout.values}

    assert passes == {"recommended": False, "article": True, "written": False}


def test_addresses_that_no_network_holds_are_networks_themselves():
    found = with_lonely(("10.0.0.0/24",), ("10.0.0.5", "10.9.0.2", "10.9.0.3", "203.0.113.20", "fd00::2"))

    assert found == ("10.0.0.0/24", "10.9.0.2/31")


# -- from the database ---------------------------------------------------------------------------------------


@pytest.fixture
def alpha(host: Host) -> Host:
    """A host with all that a rule set can be made from."""
    HostFirewall.objects.create(
        host=host,
        outside="re0",
        public_addresses=["203.0.113.10"],
        panel_address="198.51.100.9",
        panel_port=2022,
    )
    AddressPool.objects.create(
        name="jails", network="10.0.0.0/24", interface="lo1",
        first_key=address_key("10.0.0.0"), last_key=address_key("10.0.0.255"),
    )  # fmt: skip
    saw(host, "10.7.0.2", "odd")
    nat = NatInstance.objects.create(host=host, address="203.0.113.10", options=["same_ports"])
    PortForward.objects.create(
        nat=nat,
        kind="port",
        proto="tcp",
        public_ports="80",
        jail="www",
        local_address="10.0.0.5",
        local_ports="80",
    )
    return host


def saw(host: Host, address: str, jail: str) -> None:
    SeenAddress.objects.create(
        host=host,
        address=address,
        key=address_key(address),
        interface="lo1",
        jail=jail,
        seen_at=timezone.now(),
    )


def test_a_hosts_values_come_from_what_was_chosen_wanted_and_seen(alpha):
    found = inputs_of(alpha)

    assert (found.outside, found.public, found.panel_address, found.panel_port) == (
        "re0", ("203.0.113.10",), "198.51.100.9", 2022,
    )  # fmt: skip
    assert found.jail_networks == ("10.0.0.0/24", "10.7.0.2/32")
    assert found.nat[0].redirects == {Redirect("port", ("10.0.0.5:80",), "80", "tcp")}
    assert found.outgoing == DEFAULT_OUTGOING


def test_a_network_leaves_by_the_instance_that_it_is_given_to(alpha):
    NatInstance.objects.create(host=alpha, number=124, interface="re0", networks=["10.7.0.2/32"])
    found = inputs_of(alpha)
    made = texts(compile_set(Layout.RECOMMENDED, found))

    assert "01010 nat 124 ip4 from 10.7.0.2 to not 10.7.0.2 out xmit re0" in made
    assert "01000 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out xmit re0" in made


def test_adding_a_jail_a_pool_and_a_service_changes_the_set_by_itself(alpha):
    rule_set = RuleSet.objects.create(name="alpha", host=alpha)
    before = set(texts(compiled(rule_set, alpha)))

    saw(alpha, "10.8.0.2", "new")
    AddressPool.objects.create(
        name="more", network="10.1.0.0/24", interface="lo1",
        first_key=address_key("10.1.0.0"), last_key=address_key("10.1.0.255"),
    )  # fmt: skip
    rule_set.choices = {"outgoing": [{"proto": "tcp", "ports": "25", "purpose": "mail"}]}
    new = set(texts(compiled(rule_set, alpha))) - before

    for net in ("10.8.0.2", "10.1.0.0/24"):
        assert f"01000 nat 123 ip4 from {net} to not {net} out xmit re0" in new
    assert any(" 25 out xmit re0 setup keep-state" in text and "skipto" in text for text in new)


@pytest.mark.parametrize(
    "choices",
    [
        {"outgoing": 7},
        {"outgoing": [{"proto": "tcp"}]},
        {"host_services": [{"proto": "tcp", "ports": "70000"}]},
        {"start": "x"},
        {"start": 900},
    ],
)
def test_choices_that_cannot_be_are_told_and_the_rest_stands(alpha, choices):
    made = compiled(RuleSet(name="odd", host=alpha, choices=choices), alpha)

    assert made.problems[0].where == "choices"
    assert len(made.firewall.rules) > 30


def test_compiling_asks_as_often_however_much_there_is(alpha, django_assert_num_queries):
    rule_set = RuleSet.objects.create(name="alpha", host=alpha, written="800 count ip from table(a) to any\n")
    for name in "ab":
        FirewallTable.objects.create(rule_set=rule_set, name=name, entries="10.0.0.1")
    nat = NatInstance.objects.create(host=alpha, number=124, interface="re0")
    for port in range(5):
        PortForward.objects.create(
            nat=nat,
            kind="port",
            proto="tcp",
            public_ports=str(9000 + port),
            local_address="10.0.0.5",
            local_ports="80",
        )
    with django_assert_num_queries(6):
        made = compiled(rule_set, alpha)

    assert len(made.firewall.tables) == 2
