"""What changes from one firewall to another."""

from __future__ import annotations

from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.nat_config import parse_nat
from apps.freebsd.firewall.parse import parse_rules
from apps.network.rulesets.comparing import MOST_LINES, comparison, firewall_text
from apps.network.templatetags.rules import trace_query
from tests.network.tracing.test_showing import WORLD


def firewall(text: str, **values: object) -> Firewall:
    return Firewall(rules=parse_rules(text)[0], **values)


def test_text_and_fates_tell_what_a_rule_changes():
    found = comparison(firewall(""), firewall("100 allow tcp from any to me 80 in"), WORLD)
    assert [line.text for line in found.lines if line.mark == "new"] == [
        "00100 allow tcp from any to me 80 in"
    ]
    opened = [fate for fate in found.fates if fate.is_opened]
    assert any("192.0.2.10 port 80" in fate.sentence for fate in opened)
    assert trace_query(opened[0]).endswith("&against=both")


def test_nothing_changes_where_nothing_differs():
    same = firewall("100 allow ip from any to any")
    found = comparison(same, same, WORLD)
    assert (found.has_text, found.fates) == (False, ())


def test_many_lines_are_cut():
    many = firewall("".join(f"{number} count ip from any to any\n" for number in range(1, 600)))
    found = comparison(firewall(""), many, WORLD)
    assert (len(found.lines), found.lines_left_out) == (MOST_LINES, 200)


def test_a_firewall_is_text_with_all_that_belongs_to_it():
    nat = parse_nat("nat 123 config ip 192.0.2.10")
    tables = (Table("bad", (("10.0.0.0/8", "0"),)), Table("empty"))
    assert firewall_text(firewall("1 check-state", nat=(nat,), tables=tables, one_pass=False)) == (
        "one_pass off\nnat 123 config ip 192.0.2.10\ntable bad 10.0.0.0/8 0\ntable empty (empty)\n"
        "00001 check-state :default\n"
    )
