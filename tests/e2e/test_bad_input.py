"""What the new-jail form says at once, next to the field, and that nothing is written meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_main_job import fill_address

pytestmark = pytest.mark.e2e


@pytest.fixture
def form(sign_in) -> Page:
    """The form for a new jail on beta, which has a basejail and the jails www and db.example.org."""
    page = sign_in("admin")
    page.goto("/hosts/")
    page.get_by_role("link", name="beta", exact=True).click()
    page.get_by_role("link", name="New jail").click()
    expect(page.get_by_role("heading", name="New jail on beta")).to_be_visible()
    page.wait_for_load_state()
    return page


def jails(page: Page) -> list[str]:
    page.goto("/hosts/")
    page.get_by_role("link", name="beta", exact=True).click()
    return page.locator("tr[data-jail]").evaluate_all("rows => rows.map(row => row.dataset.jail)")


def type_name(page: Page, text: str) -> None:
    page.get_by_label("Name").fill(text)
    page.get_by_label("Name").blur()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("$(id)", "letters, digits"),
        ("x" * 64, "63"),
    ],
)
def test_bad_name_is_told_next_to_it(form, name, complaint):
    if name == "x" * 64:
        form.get_by_label("Name").evaluate("field => field.removeAttribute('maxlength')")
    type_name(form, name)
    expect(form.locator("#field-name .field-error")).to_contain_text(complaint)
    expect(form.locator("#plan-card")).to_contain_text("appear here as soon as")


def test_name_that_ezjail_would_fold_into_another_is_told(panel, form):
    panel.control("beta", "run", "ezjail-admin create a.b 'lo0|10.0.1.40/24'")
    watcher = form.context.new_page()
    watcher.goto("/jails/?host=beta")
    expect(watcher.locator("tr[data-jail=a_b]")).to_be_visible()
    form.reload()
    type_name(form, "a-b")
    expect(form.locator("#field-name .field-error")).to_contain_text("both become a_b")


@pytest.mark.parametrize(
    ("address", "prefix", "where", "complaint"),
    [
        ("10.0.1.50", "99", "prefix", "prefix"),
        ("10.0.1.1", "24", "address", "host's own address"),
        ("", "24", "", ""),
    ],
)
def test_bad_address_is_told_in_its_row(form, address, prefix, where, complaint):
    type_name(form, "fine")
    fill_address(form, 0, "lo0", address, prefix)
    if where:
        expect(form.locator(f"#{where}-0_error")).to_contain_text(complaint)
    form.get_by_role("button", name="Create the jail").click()
    expect(form.locator("#address-0")).to_have_value(address)
    expect(form.locator(".address-row-errors")).not_to_be_empty()
    assert "fine" not in jails(form)


def test_address_outside_the_hosts_subnets_is_a_warning_that_says_what_to_add(form):
    type_name(form, "fine")
    fill_address(form, 0, "lo0", "10.9.9.2", "24")
    expect(form.locator("#plan-card")).to_contain_text("ifconfig lo0 inet 10.9.9.1/24 alias")
    expect(form.locator("#plan-card")).to_contain_text("ezjail-admin create fine")


def test_public_first_address_is_refused_unless_someone_says_why(form):
    type_name(form, "public")
    fill_address(form, 0, "re0", "198.51.100.99", "24")
    refusal = form.locator("#public-first")
    expect(refusal).to_contain_text("Inside a jail 127.0.0.1 means its first address")
    form.get_by_label("A public first address is meant").check()
    form.get_by_label("Why").fill("It is a bastion")
    form.get_by_label("Why").blur()
    expect(form.locator("#plan-card")).to_contain_text("create public 're0|198.51.100.99/24'")
    form.get_by_role("button", name="Create the jail").click()
    expect(form.locator("#job-status")).to_have_attribute("data-job-state", "succeeded")
    form.goto("/record/?action=jail.create_requested")
    form.locator("#event-list summary").first.click()
    expect(form.locator("#event-list")).to_contain_text("It is a bastion")
