"""The main job, in a browser, over real SSH, with a second browser watching."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def host_card(page: Page, name: str):
    return page.locator(f"[data-host={name}]")


def row(page: Page, jail: str):
    return page.locator(f"tr[data-jail={jail}]")


def fill_address(page: Page, number: int, interface: str, address: str, prefix: str) -> None:
    page.locator(f"#interface-{number}").select_option(interface)
    page.locator(f"#address-{number}").fill(address)
    page.locator(f"#prefix-{number}").fill(prefix)
    page.locator(f"#prefix-{number}").blur()


def wait_for_success(page: Page) -> None:
    expect(page.locator("#job-status")).to_have_attribute("data-job-state", "succeeded")


def test_main_job(panel, sign_in, picture):
    page, watcher = sign_in("admin"), sign_in("viewer")
    install_basejail(panel, page, watcher, picture)
    create_first_jail(page, watcher, picture)
    create_second_jail(page)
    start_stop_restart(page, watcher, picture)
    delete(page, watcher)
    look_at_the_host(page, picture)
    read_the_record(page, picture)


def install_basejail(panel, page, watcher, picture):
    expect(host_card(page, "alpha")).to_contain_text("It has no basejail yet")
    host_card(page, "alpha").get_by_role("link", name="Install the basejail").click()
    plan = page.locator("#plan-card")
    expect(plan).to_contain_text(
        "/base.txz https://download.freebsd.org/releases/amd64/amd64/13.2-RELEASE/base.txz"
    )
    sets = "/var/db/jailpanel/files/sets/13.2-RELEASE"
    expect(plan).to_contain_text(f"ezjail-admin install -h file://{sets} -r 13.2-RELEASE")
    expect(plan).to_contain_text("/usr/bin/script -q /dev/null")

    page.get_by_label("Release").fill("15.0-RELEASE")
    page.get_by_label("Release").blur()
    expect(page.locator("#field-release .field-error")).not_to_be_empty()
    page.get_by_label("Release").fill("13.2-RELEASE")
    page.get_by_label("Release").blur()
    expect(page.locator("#field-release .field-error")).to_be_empty()
    expect(plan).to_contain_text("-r 13.2-RELEASE")
    picture(page, "basejail-install")
    page.get_by_role("button", name="Install the basejail").click()

    expect(page.locator("#job-status")).to_have_attribute("data-job-state", re.compile("queued|running"))
    expect(page.locator("#output")).to_contain_text("/usr/jails/basejail/bin")
    picture(page, "job-running")
    url = page.url
    page.goto("about:blank")
    page.goto(url)
    wait_for_success(page)
    page.reload()
    assert shown_output(page) == output_on_the_host(panel, page.url)


def shown_output(page: Page) -> str:
    while page.locator("#output-show-earlier").is_visible():
        with page.expect_response(re.compile("before=")):
            page.locator("#output-show-earlier").click()
        expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.locator(".htmx-request")).to_have_count(0)
    return "".join(page.locator("#output .output-part").all_text_contents())


def output_on_the_host(panel, url: str, host: str = "alpha") -> str:
    job = url.rstrip("/").rpartition("/")[2].replace("-", "")
    root = panel.state / "simulator" / host / "root"
    runs = root.glob(f"var/db/jailpanel/runs/{job}-*")
    in_order = sorted(runs, key=lambda run: int(run.name.rpartition("-")[2]))
    text = "".join((run / "output").read_bytes().decode() for run in in_order).replace("\r\n", "\n")
    return "\n".join(drawn(line) for line in text.split("\n"))


def drawn(line: str) -> str:
    """Return what a terminal shows of a line: where the cursor goes back, what stood there is drawn over."""
    cells: list[str] = []
    column = 0
    for character in line:
        if character in "\r\b":
            column = 0 if character == "\r" else max(0, column - 1)
        else:
            cells[column : column + 1] = [character]
            column += 1
    return "".join(cells)


def create_first_jail(page, watcher, picture):
    watcher.goto("/jails/?host=alpha")
    page.goto("/")
    host_card(page, "alpha").get_by_role("link", name="Create a jail").click()
    page.get_by_label("Name").fill("test")
    fill_address(page, 0, "lo0", "10.0.0.2", "24")
    expect(page.locator("#plan-card")).to_contain_text("ezjail-admin create test 'lo0|10.0.0.2/24'")
    picture(page, "jail-create")
    page.get_by_role("button", name="Create the jail").click()
    wait_for_success(page)
    expect(row(watcher, "test")).to_contain_text("Stopped")


def create_second_jail(page):
    open_new_jail_form(page)
    page.get_by_label("Name").fill("two.example")
    fill_address(page, 0, "lo0", "10.0.0.3", "24")
    page.get_by_role("button", name="Another address").click()
    fill_address(page, 1, "vtnet0", "192.0.2.77", "24")
    expect(page.locator("#plan-card")).to_contain_text("'lo0|10.0.0.3/24,vtnet0|192.0.2.77/24'")
    page.get_by_role("button", name="Create the jail").click()
    wait_for_success(page)


def open_new_jail_form(page: Page) -> None:
    page.goto("/jails/?host=alpha")
    page.get_by_role("button", name="New jail").click()
    page.get_by_role("link", name="on alpha").click()
    expect(page.get_by_role("heading", name="New jail on alpha")).to_be_visible()


def start_stop_restart(page, watcher, picture):
    watcher.goto("/jails/?host=alpha")
    page.goto("/jails/?host=alpha")
    press(page, "Start two.example")
    expect(row(watcher, "two_example")).to_contain_text("Running")
    press(page, "Start test")
    expect(row(watcher, "test")).to_contain_text("Running")
    picture(watcher, "jails")
    press(page, "Restart test")
    page.goto("/")
    expect(page.locator("#dashboard")).to_contain_text("2 of 2")
    expect(page.locator("#live-state")).to_contain_text("Live")
    picture(page, "dashboard")
    page.goto("/jails/?host=alpha")
    expect(row(page, "test")).to_contain_text("Running")
    row(page, "test").get_by_role("link", name="test", exact=True).click()
    expect(page.locator("#jail-state")).to_contain_text("Running")
    picture(page, "jail")
    page.get_by_role("link", name="Stop test").click()
    page.locator("#dialog").get_by_role("button", name="Stop").click()
    expect(page.locator("#jail-state")).to_contain_text("Stopped")
    expect(row(watcher, "test")).to_contain_text("Stopped")


def press(page: Page, name: str) -> None:
    """Press a button of a row and agree to the commands that it shows."""
    page.get_by_role("link", name=name).click()
    dialog = page.locator("#dialog")
    expect(dialog.locator(".plan-steps")).to_contain_text("ezjail-admin one")
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()
    expect(page.locator(".alert")).to_contain_text("queued")


def delete(page, watcher):
    page.goto("/jails/?host=alpha")
    page.get_by_role("link", name="Delete test").click()
    dialog = page.locator("#dialog")
    dialog.get_by_role("link", name="Destroy its files too").click()
    expect(dialog.get_by_role("button", name="Delete and destroy its files")).to_be_disabled()
    expect(dialog).to_contain_text("ezjail-admin delete -w")
    dialog.get_by_role("textbox").fill("test")
    dialog.get_by_role("button", name="Delete and destroy its files").click()
    expect(row(watcher, "test")).to_have_count(0)
    page.get_by_role("link", name="Delete two.example").click()
    expect(dialog).not_to_contain_text("delete -w")
    dialog.get_by_role("textbox").fill("two.example")
    dialog.get_by_role("button", name="Delete, keep its files").click()
    expect(row(watcher, "two_example")).to_have_count(0)


def look_at_the_host(page, picture):
    page.goto("/hosts/")
    page.get_by_role("link", name="alpha", exact=True).click()
    body = page.locator("#host-body")
    expect(body).to_contain_text("13.2-RELEASE")
    expect(body).to_contain_text("3.4.2")
    expect(body).to_contain_text("/usr/jails/two.example")
    expect(body).to_contain_text("Delete the jail test")
    picture(page, "host")


def read_the_record(page, picture):
    page.goto("/record/")
    record = page.locator("#event-list")
    for action in ("jail.delete_requested", "jail.stop_requested", "jail.restart_requested"):
        expect(record).to_contain_text(action)
    page.get_by_label("Action", exact=True).select_option("jail.create_requested")
    expect(record.locator("tbody tr", has_text="on alpha")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"action=jail\.create_requested"))
    expect(record).to_contain_text("127.0.0.1")
    picture(page, "record")
