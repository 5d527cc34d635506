"""The form of one rule and the line that it stands for."""

from __future__ import annotations

import pytest

from apps.freebsd.firewall.parse import parse_written
from apps.freebsd.firewall.printing import rule_text
from apps.network.rulesets.rule_form import RuleForm, initial_of

SIMPLE = [
    "00400 skipto 700 tcp from 10.0.0.0/24 to any 80 out setup keep-state :default",
    "00500 deny log ip from table(bad) to me in via re0",
    "00600 allow udp from any 53 to 10.0.0.2 1024-65535 in // answers",
    "00200 check-state :default",
    "00700 nat 123 ip4 from any to 192.0.2.10 in",
]
ODD = [
    "00400 allow tcp from any to not me 80",
    "00400 prob 0.500000 allow tcp from any to any",
    "00400 allow { tcp or udp } from any to any",
    "00400 allow tcp from any to any limit src-addr 4 :default",
    "00400 allow icmp from any to any icmptypes 8",
]


@pytest.mark.parametrize("text", SIMPLE)
def test_a_simple_rule_goes_through_the_form_as_it_is(text):
    form = RuleForm(initial_of(parse_written(text)))
    assert form.is_valid(), form.errors
    assert rule_text(parse_written(form.line)) == text


@pytest.mark.parametrize("text", ODD)
def test_what_the_form_cannot_say_stays_text(text):
    assert initial_of(parse_written(text)) is None


@pytest.mark.parametrize("value", ["any to any", "me\n900 allow ip from any to any", "me # x", "\x00"])
@pytest.mark.parametrize("field", ["source", "interface", "argument", "destination_ports"])
def test_no_part_can_become_another(field, value):
    data = {
        "number": 5,
        "action": "allow",
        "proto": "tcp",
        "source": "any",
        "destination": "any",
        field: value,
    }
    assert field in RuleForm(data).errors
