"""A rule set is changed in a browser, and a packet is traced through it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.network.models import RuleSet
from tests.network.rulesets.places import furnish, make_rule_set
from tests.places import make_host
from tests.web.window import administrators_window, picture

pytestmark = pytest.mark.e2e
# What a step may take on a machine that is busy with other tests.
PATIENCE_MS = 20_000


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def rule_set(transactional_db) -> RuleSet:
    host = make_host("alpha")
    furnish(host)
    return make_rule_set(host)


@pytest.fixture
def page(chromium, redis_server, rule_set):
    """A window in which an administrator is signed in; nothing may complain in its console."""
    with administrators_window(chromium, PATIENCE_MS) as window:
        yield window


def test_a_port_is_opened_by_a_rule_and_a_packet_to_it_is_traced_and_answered(page, rule_set):
    page.goto(f"/firewall/{rule_set.pk}/written/")
    form = page.get_by_role("region", name="A rule in parts")
    form.get_by_label("Number").fill("450")
    form.get_by_label("Protocol").select_option("tcp")
    form.get_by_label("To", exact=False).last.fill("me")
    form.get_by_label("Its ports").last.fill("8080")
    form.get_by_label("Which packets").select_option("setup")
    form.get_by_label("State").select_option("keep-state")
    form.get_by_role("button", name="Add it to the text").click()
    rules = page.get_by_role("textbox", name="Written rules")
    expect(rules).to_have_value("00450 allow tcp from any to me 8080 setup keep-state\n")
    page.get_by_role("button", name="Show what changes").last.click()
    expect(page.locator("#preview")).to_contain_text("203.0.113.10 port 8080")
    picture(page, "rules-preview")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#rules-body")).to_contain_text("Written, line 1")

    page.get_by_role("link", name="Trace a packet").click()
    page.get_by_role("combobox", name="Sent by").select_option("outside")
    page.get_by_label("From").fill("198.51.100.7")
    page.get_by_label("To", exact=False).last.fill("203.0.113.10")
    page.get_by_label("Port").first.fill("40000")
    page.get_by_label("Port").last.fill("8080")
    page.get_by_label("TCP flags").select_option("syn")
    page.get_by_role("button", name="Trace it").click()
    expect(page.locator("#packet-1")).to_contain_text("Delivered to the host at 203.0.113.10:8080")
    page.get_by_role("link", name="And the answer to it").click()
    expect(page.locator("#packet-2 .trace-fate")).to_contain_text("Sent out on re0")
    page.locator("#packet-1 summary").first.click()
    expect(page.locator("#packet-1 .trace-fold mark").first).to_be_visible()
    picture(page, "trace")
