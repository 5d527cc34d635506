"""The worker killed in the middle of a job: the job says so, and another worker brings it to its end."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.e2e.test_main_job import output_on_the_host, shown_output, wait_for_success

pytestmark = pytest.mark.e2e
TAKEN_OVER_MS = 60_000


def worker_pid(panel) -> int:
    """Return the process id of the Celery worker that the launcher started."""
    (ledger,) = (panel.state / "run").glob("children-*.json")
    return next(child["pid"] for child in json.loads(ledger.read_text()) if child["name"] == "worker")


def test_job_of_a_killed_worker_says_so_and_is_taken_over(panel, sign_in):
    page = sign_in("admin")
    page.goto("/hosts/")
    page.get_by_role("link", name="gamma", exact=True).click()
    page.get_by_role("link", name="Install the basejail", exact=True).click()
    page.get_by_role("button", name="Install the basejail").click()
    expect(page.locator("#output")).to_contain_text("/usr/jails/basejail/bin")

    os.killpg(worker_pid(panel), signal.SIGKILL)

    status = page.locator("#job-status")
    said = re.compile("has not been heard from since|stopped in the middle")
    expect(status).to_contain_text(said, timeout=TAKEN_OVER_MS)
    expect(status).to_have_attribute("data-job-state", "succeeded", timeout=TAKEN_OVER_MS)
    wait_for_success(page)
    page.reload()
    expect(status).to_contain_text("took it over where its output ended")
    assert shown_output(page) == output_on_the_host(panel, page.url, "gamma")
