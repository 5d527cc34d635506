"""How long the editor of 2,000 written rules takes to open, to show what a change does, and to save it.

CPU time of the panel's own process, without the browser: the page is asked for by Django's client. The first
time counts, too, when no line has been parsed yet.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

from tests.bench.panel import apart, loads, set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

RULES, TIMES = 2000, 5
GOAL_MS = 1000
NOBODY = "redis://127.0.0.1:1/0"  # events find nobody, and nothing waits for them
STAGES = ("opened", "shown", "saved", "listed")


def main(rules: int = RULES, times: int = TIMES) -> None:
    """Print the table.

    Args:
        rules: How many written rules.
        times: How often each is done.
    """
    found = apart("tests.bench.bench_rules", rules=rules, times=times)
    print(f"\nThe editor of {rules} written rules, ms of CPU; {loads()}")
    print(f"{'':>8} {'first':>7} {'median':>7} {'KB':>6} {'goal':>6}")
    for stage in STAGES:
        first, *others = found[stage]
        kept = "met" if max(first, *others) < GOAL_MS else "MISSED"
        row = f"{first:>7.0f} {median(others or [first]):>7.0f} {found['kb'][stage]:>6.0f}"
        print(f"{stage:>8} {row} {GOAL_MS:>6}  {kept}")


def measure(rules: int, times: int) -> dict[str, Any]:
    """Open, change and save a rule set; called in a process of its own. Gives milliseconds."""
    folder = Path(tempfile.mkdtemp(prefix="jp-bench-"))
    try:
        set_up(folder, NOBODY, "")
        client, url = _panel(rules)
        found: dict[str, Any] = {stage: [] for stage in STAGES} | {"kb": {}}
        for number in range(times):
            _change(client, url, found, f"{60_000 + number} deny tcp from any to me {9000 + number} in\n")
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _panel(rules: int) -> tuple[Client, str]:
    from django.test import Client

    from apps.accounts.models import Grant, User
    from apps.accounts.permissions import Role
    from tests.network.rulesets.places import furnish, make_rule_set
    from tests.places import make_host

    user = User.objects.create_user("bench")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    client = Client(raise_request_exception=True, headers={"host": "localhost"})
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    host = make_host("alpha")
    furnish(host)
    line = "{} allow tcp from 198.51.{}.{} to me {} in setup keep-state // rule {}\n"
    written = "".join(line.format(3000 + at, at // 250, at % 250, 1024 + at, at) for at in range(rules))
    return client, f"/firewall/{make_rule_set(host, written=written).pk}/"


def _change(client: Client, url: str, found: dict[str, Any], line: str) -> None:
    page = _timed(found, "opened", lambda: client.get(f"{url}written/"))
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert text
    assert version
    data = {"written": text[1] + line, "version": version[1], "do": "show"}
    shown = _timed(found, "shown", lambda: client.post(f"{url}written/", data))
    mark = re.search(r'name="shown" value="(\w+)"', shown)
    assert mark
    data |= {"shown": mark[1], "do": "save"}
    _timed(found, "saved", lambda: client.post(f"{url}written/", data))
    _timed(found, "listed", lambda: client.get(url))


def _timed(found: dict[str, Any], stage: str, ask: Callable[[], Any]) -> str:
    began = process_time()
    answer = ask()
    found[stage].append((process_time() - began) * 1000)
    found["kb"][stage] = len(answer.content) / 1000
    if answer.status_code not in {200, 302}:
        raise RuntimeError(f"{stage}: answered with {answer.status_code}")
    text: str = answer.content.decode()
    return text


if __name__ == "__main__":
    main()
