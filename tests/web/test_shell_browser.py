"""The frame in a real browser: live regions, shortcuts, dialogs, messages, and no refusal by the policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from apps.freebsd.errors import Conflict
from apps.jobs.events import publish
from tests.services import eventually
from tests.web import gallery

pytestmark = pytest.mark.e2e

FRAMED = ["/", "/jails/", "/jails/new/", "/jails/web01/delete/", "/hosts/"]


@pytest.fixture
def page(chromium, gallery_url):
    context = chromium.new_context(base_url=gallery_url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(5000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if "Content Sec" in line.text else None)
    yield page
    # Chromium may never close a context in the middle of a navigation.
    page.goto("about:blank")
    context.close()
    assert page.problems == []


@pytest.fixture
def requests(page):
    """Addresses that the page fetches by itself."""
    seen = []
    page.on("request", lambda asked: seen.append(asked.url) if asked.headers.get("hx-request") else None)
    return seen


@pytest.mark.parametrize("address", [*FRAMED, "/account/sign-in/", "/nothing/"])
def test_the_content_security_policy_refuses_nothing(page, address):
    page.goto(address)

    expect(page.locator("h1")).to_be_visible()


def test_the_colours_follow_the_system(page):
    page.goto("/hosts/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")

    page.emulate_media(color_scheme="dark")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.parametrize("address", FRAMED)
def test_nothing_is_wider_than_the_window(page, address):
    page.goto(address)
    for width in (1280, 992, 768, 390, 360):
        page.set_viewport_size({"width": width, "height": 800})

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_says_that_it_is_live(page):
    page.goto("/jails/")

    expect(page.locator("#live-state")).to_have_text("Live")


def test_an_event_refreshes_the_region_in_the_order_and_filter_of_the_moment(page, requests, monkeypatch):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.click("text=Last read")
    page.wait_for_url("**sort=seen**")
    page.select_option("[name=state]", "running")
    page.wait_for_url("**state=running**")
    monkeypatch.setattr(gallery, "NAMES", ["fresh"])
    requests.clear()

    publish("jails", "a")

    expect(page.locator("#jail-list")).to_contain_text("fresh01")
    assert all("sort=seen" in url and "state=running" in url for url in requests)


def test_without_redis_a_page_says_so_and_catches_up_later(page, redis_server, monkeypatch):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")

    redis_server.kill()
    expect(page.locator("#live-state")).to_have_text("Not live")
    monkeypatch.setattr(gallery, "NAMES", ["fresh"])
    redis_server.start()

    expect(page.locator("#live-state")).to_have_text("Live")
    expect(page.locator("#jail-list")).to_contain_text("fresh01")


def test_a_page_without_live_regions_opens_no_stream(page):
    streams = []
    page.on("request", lambda request: streams.append(request.url) if "/live/" in request.url else None)
    page.goto("/hosts/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()

    assert streams == []


def test_a_region_with_an_open_menu_is_refreshed_when_it_closes(page, monkeypatch):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.click("#more-build01")
    expect(page.locator("#jail-list .dropdown-menu.show")).to_be_visible()
    monkeypatch.setattr(gallery, "NAMES", ["fresh"])

    publish("jails", "a")
    expect(page.locator("[data-live-waiting]")).to_have_count(1)
    expect(page.locator("#jail-list .dropdown-menu.show")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#jail-list")).to_contain_text("fresh01")


def test_a_region_that_cannot_be_refreshed_says_so_once(page, requests, monkeypatch):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    monkeypatch.setattr(gallery, "BROKEN", [Conflict("The list is being moved.")])
    for number in range(3):
        requests.clear()
        publish("jails", str(number))
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        eventually(lambda: page.evaluate("1") and requests)

    expect(page.locator(".toast")).to_have_count(1)
    expect(page.locator("#jail-list")).to_contain_text("build01")


def test_searching_narrows_the_list_and_goes_into_the_address(page):
    page.goto("/jails/")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()

    page.keyboard.type("web")

    page.wait_for_url("**/jails/?q=web")
    expect(page.locator("[data-list-total]")).to_have_text("12")


def hold(page, pattern):
    """Keep back what htmx asks for until the test lets it go."""
    held = []

    def keep(route):
        if route.request.headers.get("hx-request"):
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, keep)
    return held


def refresh(page):
    page.evaluate("htmx.trigger(document.querySelector('[data-live]'), 'panel:refresh')")


def test_a_search_is_shown_although_the_list_was_refreshed_meanwhile(page):
    page.goto("/jails/")
    held = hold(page, "**/jails/?q=web")
    with page.expect_request("**/jails/?q=web"):
        page.fill("[data-search]", "web")
    page.locator("[data-list-total]").evaluate("node => node.dataset.old = 'yes'")
    refresh(page)
    expect(page.locator("[data-list-total][data-old]")).to_have_count(0)
    held[0].continue_()
    page.wait_for_url("**/jails/?q=web")
    expect(page.locator("[data-list-total]")).to_have_text("12")


def test_a_refresh_that_a_search_overtook_does_not_take_it_back(page):
    held = hold(page, re.compile(r"/jails/$"))
    page.goto("/jails/")
    refresh(page)  # or the stream had it refreshed already
    expect(page.locator("[data-live].htmx-request")).to_have_count(1)
    page.fill("[data-search]", "web")
    expect(page.locator("[data-list-total]")).to_have_text("12")
    with page.expect_response("**/jails/?q=web"):
        held[0].continue_()
    expect(page.locator("[data-list-total]")).to_have_text("12")


def test_going_back_shows_the_list_as_it_was(page):
    page.goto("/jails/")
    page.click("#jail-list-sort-host")
    page.wait_for_url("**sort=host")

    page.go_back()

    expect(page.locator("[aria-sort=ascending]")).to_have_text("Name")


def test_lists_work_without_javascript(chromium, gallery_url):
    context = chromium.new_context(base_url=gallery_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/jails/")
    page.fill("[name=q]", "web")
    page.press("[name=q]", "Enter")

    expect(page.locator("[data-list-total]")).to_have_text("12")
    context.close()


def test_g_and_a_letter_lead_to_an_area(page):
    page.goto("/")
    for key, heading in [("h", "Hosts"), ("j", "Jails"), ("d", "web01")]:
        page.keyboard.press("g")
        page.keyboard.press(key)

        expect(page.locator("h1")).to_contain_text(heading)


def test_letters_in_a_field_are_only_letters(page):
    page.goto("/jails/new/")
    page.focus("[name=name]")
    page.keyboard.type("gj?/")

    expect(page.locator("[name=name]")).to_have_value("gj?/")
    assert page.url.endswith("/jails/new/")


def test_the_dialog_wants_the_name_and_then_leads_on(page):
    page.goto("/")
    page.click(".page-actions >> text=Delete")
    submit = page.locator("#dialog button[type=submit]")
    expect(submit).to_be_disabled()

    page.fill("#dialog [name=typed_name]", "web0")
    expect(submit).to_be_disabled()
    page.fill("#dialog [name=typed_name]", "web01")
    submit.click()

    page.wait_for_url("**/jails/")


def test_the_dialog_closes_and_forgets(page):
    page.goto("/")
    page.click(".page-actions >> text=Delete")
    expect(page.locator("#dialog")).to_be_visible()

    page.click("#dialog >> text=Cancel")

    expect(page.locator("#dialog")).not_to_be_visible()
    expect(page.locator("#dialog")).to_be_empty()


def test_an_error_comes_into_the_corner_and_the_list_stays(page):
    page.goto("/jails/")
    page.click("#jail-list button[type=submit] >> nth=0")

    expect(page.locator(".toast")).to_contain_text("Another job holds fra1.")
    expect(page.locator("#jail-list")).to_contain_text("build01")
    page.click(".toast [data-dismiss]")
    expect(page.locator(".toast")).to_have_count(0)


def test_an_answer_that_is_no_message_of_ours_is_said_in_general_words(page):
    page.route("**/fail/conflict/", lambda route: route.fulfill(status=502, body="<html>Bad gateway</html>"))
    page.goto("/jails/")
    page.click("#jail-list button[type=submit] >> nth=0")

    expect(page.locator(".toast")).to_contain_text("error 502")


def test_a_panel_that_does_not_answer_is_said(page):
    page.route("**/fail/conflict/", lambda route: route.abort())
    page.goto("/jails/")
    page.click("#jail-list button[type=submit] >> nth=0")

    expect(page.locator(".toast")).to_contain_text("does not answer")


def test_a_form_complains_beside_the_field_that_was_left_and_about_no_other(page):
    page.goto("/jails/new/")
    page.fill("[name=name]", "-bad")
    page.focus("[name=release]")

    expect(page.locator("#id_name_error")).to_contain_text("A name has letters")
    expect(page.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#field-kind .field-error")).to_be_empty()

    page.fill("[name=name]", "good")
    expect(page.locator("#id_name_error")).to_be_empty()
    expect(page.locator("[name=name]")).not_to_have_attribute("aria-invalid", "true")


def test_a_button_copies_the_command_as_it_is(page, chromium):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.click(".plan [data-copy] >> nth=1")

    expect(page.locator(".plan [data-copy] >> nth=1")).to_have_attribute("aria-label", "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "/usr/local/bin/ezjail-admin delete -w web01"


def test_times_go_on_by_themselves(page):
    page.goto("/")
    counted = page.locator("time[data-elapsed]")
    before = counted.inner_text()

    eventually(lambda: counted.inner_text() not in {before, "0 s"})


def test_what_has_the_focus_shows_it_and_the_content_is_one_key_away(page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page.locator("#content")).to_be_focused()
