"""What the recommended set does with packets, by the tracer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.firewall.inputs import FirewallInputs, Service
from apps.freebsd.firewall.lint import LintContext, lint
from apps.freebsd.firewall.model import NatInstance, Redirect
from apps.freebsd.firewall.packet import HOST, Interface, JailPlace, Packet, World, from_jail
from apps.freebsd.firewall.parse import parse_rule
from apps.freebsd.firewall.printing import rule_text
from apps.freebsd.firewall.recommended import recommended, recommended_rules
from apps.freebsd.firewall.trace import trace
from apps.freebsd.firewall.walk import Ending, Walk
from tests.freebsd.firewall.generated_worlds import (
    HANDSHAKE,
    HOST6,
    JAIL,
    JAIL6,
    OTHER,
    PANEL,
    PUBLIC,
    SSH_FORWARD,
    STRANGER,
    WEB,
    WEB6,
    WEB_FORWARD,
    WORLD,
    answers,
    inputs,
    jail_opens,
    opens,
)

DENY_IN = frozenset({"same_ports", "deny_in"})
BOTH = pytest.mark.parametrize("options", [frozenset({"same_ports"}), DENY_IN], ids=["plain", "deny_in"])


def walks(*packets: Packet, given: FirewallInputs | None = None, world: World = WORLD) -> tuple[Walk, ...]:
    return trace(recommended(given or inputs(WEB_FORWARD, SSH_FORWARD)), world, packets)


def all_arrive(found: tuple[Walk, ...]) -> bool:
    return all(walk.fate.arrives and walk.is_certain for walk in found)


@BOTH
def test_jail_asks_the_web_and_hears_the_answer(options):
    out, back, on = walks(jail_opens(WEB, 443), *HANDSHAKE, given=inputs(options=options))

    assert (out.fate.ending, out.fate.interface, out.fate.addresses.src) == (Ending.SENT, "re0", PUBLIC)
    assert (back.fate.ending, back.fate.jail, back.fate.addresses.dst) == (Ending.DELIVERED, "www", JAIL)
    assert (on.fate.ending, on.fate.addresses.src) == (Ending.SENT, PUBLIC)


def test_a_long_silence_of_the_server_ends_no_connection():
    found = walks(jail_opens(WEB, 443), *HANDSHAKE, replace(answers("ack"), after_s=200), answers("ack"))

    assert all_arrive(found)


@BOTH
def test_host_asks_the_web_and_hears_the_answer(options):
    first = opens("", WEB, 40000, 80, origin=HOST)
    out, back, _on = found = walks(first, *HANDSHAKE, given=inputs(options=options))

    assert all_arrive(found)
    assert (out.fate.addresses.src, back.fate.jail, back.fate.addresses.dst) == (PUBLIC, "", PUBLIC)


@pytest.mark.parametrize("dport", [22, 25, 3306, 51000])
def test_what_nobody_asked_for_is_denied(dport):
    (walk,) = walks(opens(STRANGER, PUBLIC, 40000, dport))

    assert (walk.fate.ending, walk.fate.rule_number) == (Ending.DENIED, 900)


@BOTH
def test_forward_reaches_its_jail_and_the_answer_leaves_with_the_public_address(options):
    given = inputs(WEB_FORWARD, options=options)
    come, back, _on = found = walks(opens(STRANGER, PUBLIC, 40000, 8080), *HANDSHAKE, given=given)

    assert all_arrive(found)
    assert (come.fate.jail, str(come.fate.addresses)) == ("www", f"tcp {STRANGER}:40000 → {JAIL}:80")
    assert str(back.fate.addresses) == f"tcp {PUBLIC}:8080 → {STRANGER}:40000"


@pytest.mark.parametrize("panel", [PANEL, ""])
def test_answers_of_a_forwarded_ssh_are_translated_even_towards_the_panel(panel):
    given = replace(inputs(SSH_FORWARD), panel_address=panel)
    come, back, _on = found = walks(opens(PANEL, PUBLIC, 40000, 2222), *HANDSHAKE, given=given)

    assert all_arrive(found)
    assert (come.fate.jail, back.fate.addresses.src, back.fate.addresses.sport) == ("db", PUBLIC, 2222)


@BOTH
def test_panel_gets_in_at_any_moment_without_states(options):
    for dropped in (0, 1, 2):
        talk = (opens(PANEL, PUBLIC, 40000, 22), *HANDSHAKE)[dropped:]
        middle = opens(PANEL, PUBLIC, 40000, 22)
        first = replace(middle, flags=frozenset({"ack"})) if dropped else middle
        assert all_arrive(walks(first, *talk[1:], answers("ack"), given=inputs(options=options)))


def test_panel_may_come_over_ipv6():
    given = replace(inputs(), panel_address=WEB6)

    assert all_arrive(walks(opens(WEB6, HOST6, 40000, 22), *HANDSHAKE, given=given))
    assert [rule.number for rule in recommended(given).rules[:3]] == [10, 20, 100]


def test_jail_speaks_with_jail_and_host():
    assert all_arrive(walks(jail_opens(OTHER, 5432), *HANDSHAKE))
    assert all_arrive(walks(jail_opens(PUBLIC, 8080), *HANDSHAKE))


def test_jail_asks_for_names_and_pings():
    names = Packet(from_jail("www"), "udp", "", WEB, 51000, 53)
    ping = Packet(from_jail("www"), "icmp", "", WEB, icmp_type=8)

    for packet, reply in ((names, Packet(is_reply=True)), (ping, Packet(is_reply=True, icmp_type=0))):
        out, back = walks(packet, reply)
        assert (out.fate.addresses.src, back.fate.jail) == (PUBLIC, "www")


@BOTH
def test_host_answers_pings_and_offers_its_service(options):
    ping = Packet(proto="icmp", src=STRANGER, dst=PUBLIC, icmp_type=8)
    given = inputs(options=options)

    assert all_arrive(walks(ping, Packet(is_reply=True, icmp_type=0), given=given))
    assert all_arrive(walks(opens(STRANGER, PUBLIC, 40000, 443), *HANDSHAKE, given=given))


@BOTH
def test_host_keeps_its_lease(options):
    ask = Packet(HOST, "udp", PUBLIC, WEB, 68, 67)
    answer = Packet(proto="udp", src=WEB, dst=PUBLIC, sport=67, dport=68)

    assert all_arrive(walks(ask, answer, given=inputs(options=options)))


def test_pings_can_be_unwanted():
    given = replace(inputs(), is_icmp_wanted=False)
    (walk,) = walks(Packet(proto="icmp", src=STRANGER, dst=PUBLIC, icmp_type=8), given=given)

    assert walk.fate.ending is Ending.DENIED


@pytest.mark.parametrize("dport", [25, 6667])
def test_jail_may_use_nothing_else_outside(dport):
    (walk,) = walks(jail_opens(WEB, dport))

    assert (walk.fate.ending, walk.fate.rule_number) == (Ending.DENIED, 690)


def test_nobody_outside_reaches_or_is_a_private_address():
    spoof, direct = opens(JAIL, PUBLIC, 40000, 443), opens(STRANGER, JAIL, 40000, 80)

    assert [walk.fate.rule_number for walk in walks(spoof, direct)] == [150, 160]


def test_ipv6_goes_out_untranslated_and_comes_in_only_as_an_answer():
    found = walks(jail_opens(WEB6, 443), *HANDSHAKE)
    (knock,) = walks(opens(WEB6, JAIL6, 40000, 80))

    assert all_arrive(found)
    assert found[0].fate.addresses.src == JAIL6
    assert knock.fate.ending is Ending.DENIED


def test_ipv6_finds_its_neighbours():
    ask = Packet(proto="ipv6-icmp", src="fe80::2", dst="fe80::1", icmp_type=135)
    too_big = Packet(proto="ipv6-icmp", src=WEB6, dst=HOST6, icmp_type=2)

    assert all_arrive((*walks(ask), *walks(too_big)))


def test_unique_local_addresses_stay_inside():
    world = replace(WORLD, jails=(*WORLD.jails, JailPlace("ula", ("fd00::5",))))
    (walk,) = walks(jail_opens(WEB6, 443, "ula"), world=world)

    assert walk.fate.ending is Ending.DENIED


def test_a_jail_whose_network_was_forgotten_does_not_leak():
    world = replace(WORLD, jails=(*WORLD.jails, JailPlace("odd", ("172.16.3.3",))))
    (walk,) = walks(jail_opens(WEB, 443, "odd"), world=world)

    assert (walk.fate.ending, walk.fate.rule_number) == (Ending.DENIED, 690)


SECOND = "203.0.113.11"


def two_instances() -> FirewallInputs:
    """The second instance has a network of its own, and a forward to a jail of the first one's."""
    second = NatInstance(
        124, SECOND, redirects=frozenset({Redirect("port", (f"{JAIL}:80",), "80", "tcp")}),
        options=frozenset({"same_ports"}),
    )  # fmt: skip
    plain = inputs()
    return replace(
        plain,
        public=(*plain.public, SECOND),
        jail_networks=("10.0.0.0/24", "10.0.1.0/24"),
        nat=(*plain.nat, second),
        nat_of=(("10.0.1.0/24", 124),),
    )


def test_each_network_leaves_by_its_own_instance():
    interfaces = (Interface("re0", (f"{PUBLIC}/24", f"{SECOND}/24")), *WORLD.interfaces[1:])
    world = replace(WORLD, interfaces=interfaces, jails=(*WORLD.jails, JailPlace("two", ("10.0.1.5",))))
    given = two_instances()

    first = walks(jail_opens(WEB, 443), *HANDSHAKE, given=given, world=world)
    second = walks(jail_opens(WEB, 443, "two"), *HANDSHAKE, given=given, world=world)
    forward = walks(opens(STRANGER, SECOND, 40000, 80), *HANDSHAKE, given=given, world=world)

    assert all_arrive((*first, *second, *forward))
    assert [found[0].fate.addresses.src for found in (first, second)] == [PUBLIC, SECOND]
    assert (forward[0].fate.jail, forward[1].fate.addresses.src) == ("www", SECOND)


def test_a_whole_address_is_a_jails():
    given = inputs(Redirect("addr", (OTHER,), SECOND))
    interfaces = (Interface("re0", (f"{PUBLIC}/24", f"{SECOND}/24")), *WORLD.interfaces[1:])
    world = replace(WORLD, interfaces=interfaces)
    come, back, _on = walks(opens(STRANGER, SECOND, 40000, 5432), *HANDSHAKE, given=given, world=world)

    assert (come.fate.jail, back.fate.addresses.src) == ("db", SECOND)


def test_a_forward_can_be_for_one_sender_alone():
    given = inputs(replace(WEB_FORWARD, remote=STRANGER))
    (right,) = walks(opens(STRANGER, PUBLIC, 40000, 8080), given=given)
    (wrong,) = walks(opens(WEB, PUBLIC, 40000, 8080), given=given)

    assert (right.fate.jail, wrong.fate.ending) == ("www", Ending.DENIED)


def test_an_address_by_dhcp_needs_no_rule_of_its_own():
    plain = inputs()
    given = replace(plain, nat=(NatInstance(123, interface="re0", options=frozenset({"same_ports"})),))
    texts = [rule_text(rule) for rule in recommended(given).rules]

    assert "00300 nat 123 ip4 from any to me in recv re0" in texts


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"outgoing": (Service("tcp", "25", "mail"),)},
            "00500 skipto 1000 tcp from 10.0.0.0/24 to any 25 out xmit re0 setup keep-state :default // mail",
        ),
        (
            {"jail_networks": ("10.0.0.0/24", "10.7.0.0/16")},
            "01000 nat 123 ip4 from 10.7.0.0/16 to not 10.7.0.0/16 out xmit re0",
        ),
        (
            {"host_services": (Service("tcp", "8443"),)},
            "00200 allow tcp from any to 203.0.113.10 8443 in recv re0 // tcp 8443",
        ),
    ],
)
def test_set_follows_what_it_is_made_from(change, line):
    before = {rule_text(rule) for rule in recommended(inputs()).rules}
    after = {rule_text(rule) for rule in recommended(replace(inputs(), **change)).rules}

    assert line in after - before


def test_sections_never_run_into_each_other():
    services = tuple(Service("tcp", str(port)) for port in range(1000, 1150))
    forwards = [Redirect("port", (f"{JAIL}:{port}",), str(port), "tcp") for port in range(2000, 2060)]
    given = replace(inputs(*forwards), outgoing=services, host_services=services)
    numbers = [rule.number for rule in recommended(given).rules]

    assert all(first <= second for first, second in pairwise(numbers))
    assert len(numbers) > 500
    assert all_arrive(walks(opens(STRANGER, PUBLIC, 40000, 2059), *HANDSHAKE, given=given))


@BOTH
def test_lint_finds_nothing_wrong_with_it(options):
    plain = inputs(WEB_FORWARD, SSH_FORWARD, options=options)
    for made_from in (plain, replace(plain, panel_address=""), two_instances(), FirewallInputs()):
        context = LintContext(world=WORLD, jail_networks=made_from.translated, host_address=PUBLIC)
        assert lint(recommended(made_from), context) == ()


def test_every_rule_has_a_purpose_and_reads_back():
    for line in recommended_rules(inputs(WEB_FORWARD)):
        assert line.purpose.endswith(".")
        assert parse_rule(rule_text(line.rule)) == line.rule
        assert len(line.rule.comment.replace(",", "x" * 80)) <= 80


# -- for any inputs ------------------------------------------------------------------------------------------

NETS = st.sampled_from(["10.0.1.0/24", "172.20.0.0/16", "192.168.7.0/24", "203.0.113.0/24"])
OPTIONS = st.frozensets(st.sampled_from(["log", "deny_in", "same_ports", "unreg_only", "reset"]))
PORTS = st.sampled_from(["22", "80", "53", "8000-8009", "1-65535"])
REDIRECTS = st.frozensets(
    st.builds(
        Redirect, kind=st.just("port"), local=st.sampled_from([(f"{JAIL}:80",), (f"{OTHER}:22",)]),
        public=st.sampled_from(["22", "80", "2222"]), proto=st.sampled_from(["tcp", "udp"]),
    ), max_size=3,
)  # fmt: skip
HOW = {"options": OPTIONS, "redirects": REDIRECTS}
INPUTS = st.builds(
    FirewallInputs,
    outside=st.sampled_from(["re0", ""]),
    public=st.sampled_from([(PUBLIC,), (PUBLIC, HOST6), (PUBLIC, SECOND)]),
    jail_networks=st.lists(NETS, unique=True, max_size=3).map(lambda nets: ("10.0.0.0/24", *nets)),
    panel_address=st.sampled_from([PANEL, ""]),
    nat=st.one_of(
        st.just(()),
        st.tuples(st.builds(NatInstance, number=st.just(123), address=st.just(PUBLIC), **HOW)),
        st.tuples(st.builds(NatInstance, number=st.just(7), interface=st.just("re0"), **HOW)),
    ),
    outgoing=st.lists(st.builds(Service, st.sampled_from(["tcp", "udp"]), PORTS), max_size=3).map(tuple),
    host_services=st.lists(st.builds(Service, st.just("tcp"), PORTS), max_size=2).map(tuple),
    is_icmp_wanted=st.booleans(),
)  # fmt: skip
SENT = st.builds(
    Packet,
    origin=st.sampled_from([from_jail("www"), from_jail("db")]),
    proto=st.sampled_from(["tcp", "udp", "icmp"]),
    dst=st.sampled_from([WEB, PANEL]),
    sport=st.sampled_from([22, 80, 443, 51000]),
    dport=st.sampled_from([22, 80, 53, 443, 8005, 40000]),
    flags=st.sampled_from([frozenset({"syn"}), frozenset({"ack"}), frozenset({"syn", "ack"})]),
    icmp_type=st.sampled_from([0, 3, 8]),
)


def without_ports(packet: Packet) -> Packet:
    return replace(packet, sport=0, dport=0) if packet.proto == "icmp" else packet


@given(INPUTS, st.lists(SENT.map(without_ports), min_size=1, max_size=4))
def test_panel_gets_in_and_no_private_address_gets_out(given, sent):
    firewall = recommended(given)
    knock = opens(PANEL, PUBLIC, 40000, 22)

    assert all_arrive(trace(firewall, WORLD, (knock, answers("syn", "ack"), answers("ack"))))
    for walk in trace(firewall, WORLD, sent):
        assert walk.fate.ending is not Ending.SENT or walk.fate.addresses.src == PUBLIC
