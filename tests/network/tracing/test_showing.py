"""Walks as pages show them."""

from __future__ import annotations

from apps.freebsd.firewall.model import Firewall
from apps.freebsd.firewall.packet import Interface, JailPlace, World
from apps.freebsd.firewall.parse import parse_rules
from apps.freebsd.firewall.trace import trace
from apps.network.tracing.showing import MOST_FOLDED, differ, shown
from apps.network.tracing.spelling import read_packet

WORLD = World(
    interfaces=(Interface("re0", ("192.0.2.10/24",)), Interface("lo1", ("10.0.0.5/32",))),
    jails=(JailPlace("www", ("10.0.0.5",)),),
    outside="re0",
)


def walked(rules: str, packet: str = "outside tcp 198.51.100.7:4000 192.0.2.10:80 syn"):
    firewall = Firewall(rules=parse_rules(rules)[0])
    (walk,) = trace(firewall, WORLD, [read_packet(packet)])
    return shown(walk, firewall)


def test_what_did_not_match_is_marked_in_the_rules_text():
    rules = """100 allow udp from any to any
200 allow tcp from 10.0.0.0/8 to any 80
300 allow tcp from any to any 443 in
400 allow tcp from any to me 80 out
500 deny tcp from any to any established
600 allow tcp from any to me 80 in"""
    one = walked(rules)
    folded, last = one.passes[0].folds
    parts = [(line.missed, f"{line.text}{line.missed}{line.rest}") for line in folded.lines]
    assert [missed for missed, _text in parts] == ["udp", "10.0.0.0/8", "443", "out", "established"]
    assert [f"{100 * (at + 1)} {text}" for at, (_, text) in enumerate(parts)] == rules.splitlines()[:5]
    assert (last.is_folded, last.lines[0].tone, one.tone) == (False, "good", "good")


def test_many_lines_that_do_not_match_are_counted_and_not_all_shown():
    rules = "".join(f"{number} allow udp from any to any {number}\n" for number in range(1, 301))
    fold, default = walked(rules).passes[0].folds
    assert (fold.count, len(fold.lines)) == (300, MOST_FOLDED)
    assert default.lines[0].text == "deny ip from any to any"
    assert default.lines[0].number == "65535"


def test_fates_differ_only_where_somebody_notices():
    denied, dropped, passed = (
        walked(""),
        walked("1 reset tcp from any to any"),
        walked("1 allow ip from any to any"),
    )
    assert not differ(denied.walk.fate, dropped.walk.fate)
    assert differ(denied.walk.fate, passed.walk.fate)


def test_in_a_long_pass_rules_that_only_count_are_folded_too():
    rules = "".join(f"{number} count ip from any to any\n" for number in range(1, 501))
    fold, _default = walked(rules).passes[0].folds
    assert (fold.count, fold.is_folded, fold.says) == (500, True, "decide nothing")
