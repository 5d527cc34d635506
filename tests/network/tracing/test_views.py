"""The tracer's page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from apps.freebsd.firewall.codec import to_json
from apps.network.models import HostFirewall
from apps.network.rulesets.looking import look_at
from apps.network.rulesets.services import Content
from tests.network.rulesets.places import furnish, make_rule_set

pytestmark = pytest.mark.django_db

SHUT = "outside tcp 198.51.100.7:40000 203.0.113.10:3306 syn"
WEB = "jail:www tcp 10.0.0.2:51000 198.51.100.7:443 syn"


@pytest.fixture
def rule_set(host):
    furnish(host)
    return make_rule_set(host)


@pytest.fixture
def get(owner, host, rule_set):
    def ask(*packets: str, **query: str):
        pairs = [("p", text) for text in packets] + list(query.items())
        return owner.client.get(f"/hosts/{host.pk}/trace/?{urlencode(pairs)}")

    return ask


def test_a_conversation_is_shown_with_what_became_of_each_packet(get):
    page = get(WEB, "reply syn,ack").content.decode()
    assert "Sent out on re0, from 203.0.113.10:51000 to 198.51.100.7:443." in page
    assert "Delivered to jail www at 10.0.0.2:51000" in page
    assert "p=reply+ack" in page


def test_stories_are_made_of_what_the_host_has(get):
    page = get().content.decode()
    assert "Which packet?" in page
    for title in ("db asks a web server", "The panel&#x27;s SSH", "A ping from outside"):
        assert title in page


def test_both_sides_are_marked_where_fates_differ(get, rule_set, host):
    live = look_at(rule_set, host, Content("article")).firewall
    HostFirewall.objects.update(observed={"firewall": to_json(live)})
    page = get(SHUT, against="both").content.decode()
    assert "another fate" in page
    assert "Denied by rule" in page
    assert "another fate" not in get(WEB, against="both").content.decode()
    assert "Wanted: " not in get(SHUT, against="live").content.decode()


def test_what_is_not_there_is_said(get, host, rule_set):
    assert "has not seen a firewall on alpha" in get(SHUT, against="live").content.decode()
    rule_set.delete()
    assert "alpha has no rule set." in get(SHUT, against="wanted").content.decode()


def test_a_typed_packet_becomes_part_of_the_address(get):
    form = {
        "add": "1",
        "sender": "jail:www",
        "proto": "tcp",
        "dst": "198.51.100.7",
        "dport": "80",
        "flags": "syn",
    }
    answer = get(WEB, **form)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["p"] == [
        WEB,
        "jail:www tcp 198.51.100.7:80 syn",
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"sender": "outside", "proto": "tcp", "dst": "192.0.2.1"},
        {"sender": "jail:nobody", "proto": "tcp", "dst": "192.0.2.1"},
        {"sender": "host", "proto": "tcp", "dst": "nowhere"},
        {"sender": "host", "proto": "tcp", "src": "2001:db8::1", "dst": "192.0.2.1"},
    ],
)
def test_a_packet_that_cannot_be_is_named_and_stays_in_the_form(get, form):
    answer = get(WEB, add="1", **form)
    assert answer.status_code == 422
    assert form["dst"] in answer.content.decode()


@pytest.mark.parametrize(
    "text", ["nonsense", "reply", "jail:gone tcp 198.51.100.7:80", "host foo 198.51.100.7", "\x00"]
)
def test_a_broken_address_is_answered_with_what_is_wrong(get, text):
    answer = get(text)
    assert answer.status_code in {200, 422}
    assert "alert" in answer.content.decode() or "Nothing to answer" in answer.content.decode()


@pytest.mark.parametrize(
    "interfaces",
    [
        [],
        [
            {"name": "re0", "addresses": ["fe80::1%re0/64", "2001:db8::1/64"]},
            {"name": "lo0", "addresses": []},
        ],
    ],
)
def test_a_host_of_which_little_is_known_has_a_page(owner, host, interfaces):
    host.facts = {"interfaces": interfaces} if interfaces else {}
    host.save(update_fields=["facts"])
    made = make_rule_set(host)
    trace = f"/hosts/{host.pk}/trace/"
    pages = [f"/firewall/{made.pk}/", f"/firewall/{made.pk}/layouts/", f"/hosts/{host.pk}/firewall/values/"]
    for url in (f"{trace}?p=outside+tcp+198.51.100.7:80+192.0.2.1:80+syn", *pages):
        assert owner.client.get(url).status_code == 200, url
    answer = owner.client.get(f"{trace}?p=host+tcp+198.51.100.7:80+syn")
    assert answer.status_code == 422
    assert "no address for it on this host" in answer.content.decode()
