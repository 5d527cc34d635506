"""The page of a host's NAT, its instances and forwards."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.freebsd.firewall import model
from apps.freebsd.firewall.codec import to_json
from apps.hosts.models import Host
from apps.network.models import HostFirewall, NatInstance, PortForward, RuleSet, SeenAddress, address_key
from tests.conftest import Person

PUBLIC, JAIL = "203.0.113.10", "10.0.0.5"


@pytest.fixture
def alpha(host: Host) -> Host:
    """A host with a jail, one instance and a rule set."""
    host.facts = {
        **host.facts,
        "interfaces": [
            {"name": "re0", "addresses": [f"{PUBLIC}/24"]},
            {"name": "lo1", "addresses": [f"{JAIL}/32"]},
        ],
    }
    host.save(update_fields=["facts"])
    HostFirewall.objects.create(
        host=host,
        outside="re0",
        public_addresses=[PUBLIC],
        jail_networks=["10.0.0.0/24"],
        panel_address="198.51.100.9",
    )
    SeenAddress.objects.create(
        host=host, address=JAIL, key=address_key(JAIL), interface="lo1", jail="www", seen_at=timezone.now()
    )
    NatInstance.objects.create(host=host, number=123, address=PUBLIC, options=["same_ports"])
    return host


def url(name: str, *args: object) -> str:
    return reverse(f"network:host-nat{name}", args=args)


def forward(**changes: str) -> dict[str, str]:
    filled = {
        "kind": "port",
        "proto": "tcp",
        "public_ports": "8080",
        "target": f"www|{JAIL}",
        "local_ports": "80",
    }
    return filled | changes


def saw(host: Host, *nats: model.NatInstance) -> None:
    HostFirewall.objects.filter(host=host).update(observed={"firewall": to_json(model.Firewall(nat=nats))})


def page(person: Person, host: Host, query: str = "") -> str:
    return person.client.get(f"{url('', host.pk)}{query}").content.decode()


# -- instances -----------------------------------------------------------------------------------------------


def test_instance_is_added_with_its_options(owner, alpha):
    filled = {"number": 124, "interface": "re0", "options": ["same_ports", "deny_in"], "note": "second"}
    answer = owner.client.post(url("-add", alpha.pk), filled)

    row = NatInstance.objects.get(number=124)
    assert answer.status_code == 302
    assert (row.interface, row.address, row.options, row.note) == (
        "re0",
        "",
        ["deny_in", "same_ports"],
        "second",
    )
    assert AuditEvent.objects.filter(action="nat.added").count() == 1


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"number": 123}, "number", "of this number already"),
        ({"number": 70000}, "number", "65534"),
        ({"interface": "re0"}, "address", "either an address or an interface"),
        ({"address": "banana"}, "address", "IPv4"),
        ({"options": ["banana"]}, "options", "banana"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(owner, alpha, changes, name, said):
    answer = owner.client.post(url("-add", alpha.pk), {"number": 124, "address": "203.0.113.11"} | changes)

    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[name])
    assert NatInstance.objects.count() == 1


def test_form_of_a_new_instance_begins_with_a_free_number(owner, alpha):
    form = owner.client.get(url("-add", alpha.pk)).context["form"]

    assert form.initial["number"] == 124


def test_instance_is_changed_and_keeps_its_forwards(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    answer = owner.client.post(
        url("-change", alpha.pk, 123), {"number": 7, "address": PUBLIC, "options": ["reset"]}
    )

    row = NatInstance.objects.get()
    assert answer.status_code == 302
    assert (row.number, row.options, row.forwards.count()) == (7, ["reset"], 1)


def test_a_network_leaves_by_one_instance(owner, alpha):
    net = {"networks": ["10.0.0.0/24"]}
    owner.client.post(url("-add", alpha.pk), {"number": 124, "address": "203.0.113.11"} | net)
    answer = owner.client.post(url("-change", alpha.pk, 123), {"number": 123, "address": PUBLIC} | net)

    assert NatInstance.objects.get(number=124).networks == ["10.0.0.0/24"]
    assert "leaves by instance 124" in str(answer.context["form"].errors["networks"])
    assert "Jails in 10.0.0.0/24 leave by it" in page(owner, alpha)


def test_instance_goes_with_its_forwards(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    asked = owner.client.get(url("-remove", alpha.pk, 123)).content.decode()
    owner.client.post(url("-remove", alpha.pk, 123))

    assert "Its 1 forward goes with it" in asked
    assert not PortForward.objects.exists()
    assert AuditEvent.objects.filter(action="nat.removed").exists()


def test_wanted_stands_beside_what_is_on_the_host(owner, alpha):
    assert "Host has no NAT that was seen" in page(owner, alpha)

    saw(alpha, model.NatInstance(123, PUBLIC, options=frozenset({"same_ports"})))
    assert "On the host" in page(owner, alpha)
    assert "not as wanted" not in page(owner, alpha)

    saw(alpha, model.NatInstance(123, PUBLIC, options=frozenset({"log"})), model.NatInstance(5, PUBLIC))
    shown = page(owner, alpha)
    assert "Not applied yet" in shown
    assert f"nat 123 config ip {PUBLIC} log" in shown
    assert "Only on the host" in shown
    assert "2 instances on the host are not as wanted" in shown


def test_instance_of_the_host_is_taken_over_with_its_forwards(owner, alpha):
    ways = frozenset({
        model.Redirect("port", (f"{JAIL}:80",), f"{PUBLIC}:8080", "tcp"),
        model.Redirect("port", ("10.0.0.7:25", "10.0.0.8:25"), "25", "tcp"),
        model.Redirect("addr", ("10.0.0.9",), "203.0.113.12"),
    })  # fmt: skip
    saw(alpha, model.NatInstance(5, PUBLIC, options=frozenset({"log"}), redirects=ways))
    answer = owner.client.post(url("-take-over", alpha.pk, 5))

    assert answer.status_code == 302
    assert PortForward.objects.get(public_ports="8080").jail == "www"
    assert [one.state for one in owner.client.get(url("", alpha.pk)).context["instances"]] == [
        "applied",
        "new",
    ]
    assert owner.client.post(url("-take-over", alpha.pk, 5)).status_code == 409


# -- forwards ------------------------------------------------------------------------------------------------


def test_forward_leads_to_a_jail(owner, alpha):
    answer = owner.client.post(url("-forward-add", alpha.pk, 123), forward(remote="198.51.100.7"))

    row = PortForward.objects.get()
    assert answer.status_code == 302
    assert (row.jail, row.local_address, row.local_ports, row.remote) == ("www", JAIL, "80", "198.51.100.7")
    assert "www" in AuditEvent.objects.get(action="nat.forward_added").detail["after"]["forward"]


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"public_ports": ""}, "public_ports", "which port"),
        ({"public_ports": "70000"}, "public_ports", "65535"),
        ({"public_ports": "90-80"}, "public_ports", "from the lower"),
        ({"public_ports": "80;reboot"}, "public_ports", "8000-8009"),
        ({"public_ports": "8000-8009"}, "local_ports", "10 ports, here 1"),
        ({"proto": "gre"}, "proto", "tcp, udp or sctp"),
        ({"target": "", "local_address": ""}, "target", "Choose a jail"),
        ({"target": "", "local_address": "127.0.0.1"}, "local_address", "led there"),
        ({"local_address": "10.0.0.6"}, "local_address", "not both"),
        ({"kind": "addr"}, "public_address", "which address"),
        ({"kind": "proto"}, "proto", "ports instead"),
        ({"remote": "fe80::1"}, "remote", "IPv4"),
        ({"note": "a\x00b"}, "note", "Null"),
    ],
)  # fmt: skip
def test_forward_that_cannot_be_is_told_beside_its_field(owner, alpha, changes, name, said):
    answer = owner.client.post(url("-forward-add", alpha.pk, 123), forward(**changes))

    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[name])
    assert not PortForward.objects.exists()


@pytest.mark.parametrize(
    ("second", "is_taken"),
    [
        ({}, True),
        ({"public_ports": "8000-8100", "local_ports": "8000-8100"}, True),
        ({"public_address": PUBLIC}, True),
        ({"proto": "udp"}, False),
        ({"public_ports": "8081"}, False),
        ({"public_address": "203.0.113.12"}, False),
        ({"remote": "198.51.100.7"}, False),
    ],
)
def test_one_public_port_is_for_one_jail(owner, alpha, second, is_taken):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    answer = owner.client.post(url("-forward-add", alpha.pk, 123), forward(**second))

    assert (answer.status_code == 422) == is_taken
    if is_taken:
        assert "tcp 8080 → 10.0.0.5:80 (www)" in str(answer.context["form"].errors["public_ports"])


def test_an_instance_holds_only_what_ipfw_can_read_at_once(owner, alpha):
    PortForward.objects.bulk_create(
        PortForward(
            nat=NatInstance.objects.get(), kind="port", proto="tcp", public_ports=str(port),
            local_address="10.0.0.100", local_ports=str(port),
        )
        for port in range(20000, 20096)
    )  # fmt: skip
    answer = owner.client.post(url("-forward-add", alpha.pk, 123), forward())

    assert "another instance" in str(answer.context["form"].non_field_errors())


def test_instances_of_one_address_share_its_ports(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    owner.client.post(url("-add", alpha.pk), {"number": 124, "interface": "re0"})
    answer = owner.client.post(url("-forward-add", alpha.pk, 124), forward())

    assert "instance 123" in str(answer.context["form"].errors["public_ports"])


def test_hosts_own_services_are_warned_of(owner, alpha):
    RuleSet.objects.create(
        name="alpha",
        host=alpha,
        choices={"host_services": [{"proto": "tcp", "ports": "80,443", "purpose": "https"}]},
    )
    for port in ("22", "443"):
        owner.client.post(url("-forward-add", alpha.pk, 123), forward(public_ports=port))
    shown = page(owner, alpha)

    assert "22 is the host&#x27;s own SSH" in shown
    assert "lets in the host&#x27;s own https there" in shown


def test_tracer_says_whether_a_forward_is_reached(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    assert "has no rule set" in page(owner, alpha)

    rule_set = RuleSet.objects.create(name="alpha", host=alpha)
    (one,) = owner.client.get(url("", alpha.pk)).context["forwards"]
    assert one.reach.is_open is True
    assert one.reach.rule == 600
    assert owner.client.get(one.reach.url).status_code == 200

    RuleSet.objects.filter(pk=rule_set.pk).update(written="195 deny tcp from any to any 8080 in\n")
    (one,) = owner.client.get(url("", alpha.pk)).context["forwards"]
    assert (one.reach.is_open, one.reach.rule) == (False, 195)


def test_several_jails_take_turns(owner, alpha):
    several = {"target": "", "local_address": "10.0.0.7,10.0.0.6", "public_ports": "25", "local_ports": "25"}
    ranged = several | {"public_ports": "20-25", "local_ports": "20-25"}
    refused = owner.client.post(url("-forward-add", alpha.pk, 123), forward(**ranged))
    answer = owner.client.post(url("-forward-add", alpha.pk, 123), forward(**several))

    assert "single port" in str(refused.context["form"].errors["local_ports"])
    assert answer.status_code == 302
    assert "redirect_port tcp 10.0.0.6:25,10.0.0.7:25 25" in page(owner, alpha)


def test_jail_that_lost_its_address_is_told(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    SeenAddress.objects.all().delete()

    assert f"www does not have {JAIL} now" in page(owner, alpha)


def test_forward_is_changed_and_removed(owner, alpha):
    owner.client.post(url("-forward-add", alpha.pk, 123), forward())
    row = PortForward.objects.get()
    change = url("-forward-change", alpha.pk, row.pk)

    assert owner.client.get(change).context["form"].initial["target"] == f"www|{JAIL}"
    owner.client.post(change, forward(kind="addr", public_address="203.0.113.12"))
    row.refresh_from_db()
    assert (row.kind, row.proto, row.public_ports, row.public_address) == ("addr", "", "", "203.0.113.12")

    owner.client.post(url("-forward-remove", alpha.pk, row.pk))
    assert not PortForward.objects.exists()
    assert AuditEvent.objects.filter(action__startswith="nat.forward_").count() == 3


def test_forwards_are_searched_and_paged(owner, alpha):
    nat = NatInstance.objects.get()
    PortForward.objects.bulk_create(
        PortForward(
            nat=nat, kind="port", proto="tcp", public_ports=str(port), local_address=JAIL, local_ports="80"
        )
        for port in range(9000, 9060)
    )
    found = owner.client.get(url("", alpha.pk)).context["forwards"]
    narrowed = owner.client.get(url("", alpha.pk), {"q": "9059"}).context["forwards"]

    assert (len(found), len(narrowed)) == (50, 1)


def test_who_may_look_may_not_change(viewer, alpha):
    shown = page(viewer, alpha)

    assert "You may not change NAT and firewall rules here" in shown
    assert viewer.client.post(url("-add", alpha.pk), {"number": 9, "address": PUBLIC}).status_code == 403
