"""A firewall survives being kept as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from apps.freebsd.errors import ParseError
from apps.freebsd.firewall.codec import from_json, to_json
from apps.freebsd.firewall.model import Firewall, Table
from apps.freebsd.firewall.parse import parse_rule
from tests.freebsd.firewall.rules import firewalls

EMPTY = {"rules": [], "nat": [], "tables": {}, "one_pass": True, "default_allows": False, "disabled_sets": []}


@settings(max_examples=20)
@given(firewalls())
def test_what_is_kept_comes_back(firewall):
    assert from_json(json.loads(json.dumps(to_json(firewall)))) == firewall


def test_texts_only():
    firewall = Firewall(
        rules=(parse_rule("100 set 17 allow ip from any to any"), parse_rule("200 banana")),
        tables=(Table("jails", (("10.0.0.2/32", "0"),)), Table("inside", (("em1", "0"),), "iface")),
    )
    kept = to_json(firewall)
    assert kept["rules"] == ["00100 set 17 allow ip from any to any", "00200 set 0 banana"]
    assert kept["tables"] == {
        "jails": [["10.0.0.2/32", "0"]],
        "inside": {"kind": "iface", "entries": [["em1", "0"]]},
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"rules": None},
        {"rules": ["a\nb"]},
        {"nat": ["nat x"]},
        {"tables": []},
        {"tables": {"a": [["x"]]}},
        {"tables": {"a": {"kind": "iface"}}},
    ],
)
def test_what_is_no_firewall(changed):
    with pytest.raises(ParseError):
        from_json(EMPTY | changed)
    assert from_json(EMPTY) == Firewall()


def test_something_is_missing():
    with pytest.raises(ParseError):
        from_json({})
