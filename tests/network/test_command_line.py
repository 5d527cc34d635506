"""`manage.py firewall`: trace, lint and diff, and what their exit statuses say."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.freebsd.firewall.codec import to_json
from apps.network.models import HostFirewall
from apps.network.rulesets.looking import look_at
from tests.network.rulesets.places import furnish, make_rule_set

JAIL_WEB = "jail:www tcp 10.0.0.2:51000 198.51.100.7:443 syn"
SHUT = "outside tcp 198.51.100.7:40000 203.0.113.10:3306 syn"


@pytest.fixture
def rule_set(host):
    furnish(host)
    return make_rule_set(host)


def firewall(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("firewall", *words, stdout=out, stderr=StringIO(), no_color=True)
    except SystemExit as stop:
        return int(stop.code), out.getvalue()
    return 0, out.getvalue()


def test_trace_shows_the_way_and_says_whether_it_arrives(rule_set):
    status, text = firewall("trace", "alpha", JAIL_WEB, "reply syn,ack")
    assert status == 0
    assert "Sent out on re0, from 203.0.113.10:51000 to 198.51.100.7:443." in text
    assert "[translated]" in text
    assert firewall("trace", "alpha", SHUT)[0] == 1


def test_trace_as_json_has_every_line(rule_set):
    status, text = firewall("trace", "alpha", SHUT, "--json")
    (walk,) = json.loads(text)
    assert (status, walk["arrives"], walk["ending"]) == (1, False, "denied")
    assert walk["passes"][0]["lines"][-1]["outcome"] == "denied"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "nowhere", SHUT), "There is no host “nowhere”."),
        (("trace", "alpha", "jail:www tcp"), "A packet is"),
        (("trace", "alpha", SHUT, "--against", "live"), "has not seen a firewall"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(rule_set, words, said):
    with pytest.raises(CommandError, match=said):
        firewall(*words)


def test_lint_fails_for_what_is_wrong(rule_set):
    assert firewall("lint", "alpha") == (0, "")
    rule_set.written = "5 deny ip from any to any\n"
    rule_set.save(update_fields=["written"])
    status, text = firewall("lint", "alpha", "--json")
    assert status == 1
    assert "00005 deny ip from any to any" in {finding["rule"] for finding in json.loads(text)}


def test_diff_is_silent_where_the_host_is_as_wanted(rule_set, host):
    status, text = firewall("diff", "alpha")
    assert status == 1
    assert "+ 00400 check-state :default" in text
    live = look_at(rule_set, host).firewall
    HostFirewall.objects.filter(host=host).update(observed={"firewall": to_json(live)})
    assert firewall("diff", "alpha", "--json")[0] == 0
