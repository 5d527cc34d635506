"""Pages on which a rule set is read and changed."""

from __future__ import annotations

import re

import pytest

from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostGroup
from apps.network.models import Layout, RuleSet
from apps.network.rulesets.services import Content, rule_set_change
from tests.network.rulesets.places import furnish

pytestmark = pytest.mark.django_db

DENY = "500 deny tcp from any to me 3306 in"
STATED = "450 allow tcp from any to me 8080 in setup keep-state"


def url(rule_set: RuleSet, page: str = "") -> str:
    return f"/firewall/{rule_set.pk}/{page}"


def mark_of(answer) -> str:
    return re.search(r'name="shown" value="(\w+)"', text_of(answer))[1]


def text_of(answer) -> str:
    return answer.content.decode()


def typed(answer) -> list[str]:
    """The written rules as the page has them."""
    return re.search(r"<textarea[^>]*>\n(.*?)</textarea>", text_of(answer), re.DOTALL)[1].splitlines()


def post(person, rule_set, written: str, do: str = "show", **more: str):
    data = {"written": written, "version": str(rule_set.version), "do": do} | more
    return person.client.post(url(rule_set, "written/"), data)


def test_rules_are_shown_with_what_they_do_and_where_they_are_from(owner, rule_set):
    page = text_of(owner.client.get(url(rule_set)))
    assert "Lets the panel reach the host over SSH" in page
    assert "check-state :default" in page
    assert "nat 123 config ip 203.0.113.10 same_ports" in page


def test_a_viewer_reads_and_is_told_why_not_more(viewer, rule_set):
    page = text_of(viewer.client.get(url(rule_set, "written/")))
    assert "You may not change NAT and firewall rules here." in page
    assert "readonly" in page


def test_a_written_rule_is_shown_with_what_it_changes_and_then_kept(owner, rule_set):
    shown = post(owner, rule_set, DENY)
    assert shown.status_code == 200
    assert "00500 deny tcp from any to me 3306 in" in text_of(shown)
    assert RuleSet.objects.get().written == ""
    kept = post(owner, rule_set, DENY, "save", shown=mark_of(shown))
    assert kept.status_code == 302
    assert RuleSet.objects.get().written == f"{DENY}\n"
    assert AuditEvent.objects.get(action="rule_set.changed").detail["rules_new"] == [DENY]


def test_only_what_was_shown_is_kept(owner, rule_set):
    mark = mark_of(post(owner, rule_set, DENY))
    assert post(owner, rule_set, STATED, "save", shown=mark).status_code == 200
    assert RuleSet.objects.get().written == ""


def test_the_preview_tells_which_packets_change_their_fate(owner, rule_set):
    page = text_of(post(owner, rule_set, STATED))
    assert "203.0.113.10 port 8080" in page
    assert "is-opened" in page


def test_a_bad_line_is_named_and_nothing_is_lost(owner, rule_set):
    answer = post(owner, rule_set, f"{DENY}\n# remark\n600 allow tcp from any to me 70000\nfoo")
    assert answer.status_code == 422
    assert '<span class="line-number">Line 3</span>' in text_of(answer)
    assert typed(answer) == [DENY, "# remark", "600 allow tcp from any to me 70000", "foo"]


@pytest.mark.parametrize("data", [{"written": "\x00"}, {"version": "x"}, {"do": "up:zz"}, {"do": "open:99"}])
def test_nonsense_does_no_harm(owner, rule_set, data):
    answer = owner.client.post(
        url(rule_set, "written/"), {"written": DENY, "version": "1", "do": "show"} | data
    )
    assert answer.status_code in {200, 422}
    assert RuleSet.objects.get().written == ""


def test_another_ones_change_is_shown_and_not_written_over(owner, rule_set):
    mark = mark_of(post(owner, rule_set, DENY))
    rule_set_change(actor=owner.actor, rule_set=rule_set, version=1, content=Content(written=STATED))
    answer = post(owner, rule_set, DENY, "save", shown=mark)
    assert answer.status_code == 409
    assert f"+ {STATED}" in text_of(answer)
    assert typed(answer) == [DENY]
    assert RuleSet.objects.get().written == f"{STATED}\n"
    rule_set.refresh_from_db()
    assert post(owner, rule_set, DENY, "save", shown=mark).status_code == 302


def test_rules_move_and_go_in_the_text(owner, rule_set):
    both = f"{STATED}\n450 count ip from any to any\n"
    assert typed(post(owner, rule_set, both, "down:1"))[1] == STATED
    assert typed(post(owner, rule_set, both, "cut:1")) == ["450 count ip from any to any"]


def test_the_form_adds_and_changes_a_line_of_the_text(owner, rule_set):
    rule = {"number": "500", "action": "deny", "proto": "tcp", "source": "any", "destination": "me",
            "destination_ports": "3306", "direction": "in"}  # fmt: skip
    data = {f"rule-{name}": value for name, value in rule.items()}
    assert typed(post(owner, rule_set, "", "put", **data)) == [f"00{DENY}"]
    opened = text_of(post(owner, rule_set, DENY, "open:1"))
    assert 'name="open" value="1"' in opened
    assert 'value="3306"' in opened
    changed = post(owner, rule_set, DENY, "put", open="1", **data | {"rule-action": "allow"})
    assert typed(changed) == ["00500 allow tcp from any to me 3306 in"]
    refused = post(owner, rule_set, DENY, "put", **data | {"rule-destination_ports": "70000"})
    assert refused.status_code == 422
    assert typed(refused) == [DENY]


def test_everything_can_be_turned_into_written_rules(owner, rule_set, host):
    answer = post(owner, rule_set, DENY, "all")
    lines = typed(answer)
    assert "00400 check-state :default" in lines
    assert 'name="layout" value="written"' in text_of(answer)
    shown = post(owner, rule_set, "\n".join(lines), layout="written")
    assert "None of the" in text_of(shown)
    assert (
        post(owner, rule_set, "\n".join(lines), "save", shown=mark_of(shown), layout="written").status_code
        == 302
    )
    assert RuleSet.objects.get().layout == Layout.WRITTEN


def test_a_finding_offers_its_change_of_a_written_rule(owner, rule_set):
    RuleSet.objects.update(written="600 skipto 500 tcp from any to me 9999 in\n")
    page = text_of(owner.client.get(url(rule_set)))
    key = re.search(r'name="do" value="fix:([^"]+)"', page)[1]
    answer = post(owner, rule_set, "", f"fix:{key}")
    assert "So it would read" in text_of(answer)
    assert typed(answer) != ["600 skipto 500 tcp from any to me 9999 in"]
    assert "not there any more" in text_of(post(owner, rule_set, "", "fix:nonsense"))


def test_the_generated_part_is_chosen_shown_and_kept(owner, rule_set):
    choose = {"version": "1", "layout": "recommended", "ready": ["https"], "icmp": "on", "out-0-proto": "tcp",
              "out-0-ports": "8443", "out-0-purpose": "the mirror"}  # fmt: skip
    shown = owner.client.post(url(rule_set, "choices/"), choose)
    assert "to any 8443 out" in text_of(shown)
    kept = owner.client.post(url(rule_set, "choices/"), choose | {"shown": mark_of(shown)})
    assert kept.status_code == 302
    ports = [one["ports"] for one in RuleSet.objects.get().choices["outgoing"]]
    assert ports == ["443", "8443"]


def test_a_service_that_cannot_be_is_named_beside_its_row(owner, rule_set):
    data = {"version": "1", "layout": "recommended", "in-0-proto": "tcp", "in-0-ports": "70000"}
    answer = owner.client.post(url(rule_set, "choices/"), data)
    assert answer.status_code == 422
    assert "A port is a number from 1 to 65535" in text_of(answer)
    assert 'value="70000"' in text_of(answer)


def test_layouts_are_compared_by_the_tracer(owner, rule_set):
    page = text_of(owner.client.get(url(rule_set, "layouts/")))
    assert "203.0.113.10 port 22" in page
    assert "one_pass off" in page


def test_a_groups_set_is_shown_with_the_values_of_one_host(owner, host, other_host):
    group = HostGroup.objects.create(name="edge")
    Host.objects.filter(pk__in=[host.pk, other_host.pk]).update(group=group)
    furnish(other_host)
    made = RuleSet.objects.create(name="edge", group=group)
    assert "203.0.113.10" not in text_of(owner.client.get(url(made)))
    assert "203.0.113.10" in text_of(owner.client.get(f"{url(made)}?host={other_host.pk}"))
