"""`make contract`: it touches only what was set aside for it, and says what held and what differed."""

from __future__ import annotations

import pytest

from tests.contract import conduct, probes, requests
from tests.contract.__main__ import DIFFERED, HELD, NOT_TRIED, SCRATCH_FILE, main
from tests.contract.conduct import summary, table
from tests.contract.suite import NAME, UFS
from tests.contract.trial import Row
from tests.simulated import Simulated, simulated_hosts

pytestmark = pytest.mark.host

HARMLESS = (probes.a_probe_has_all_sections, requests.files_beside_the_list_are_refused)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with simulated_hosts(tmp_path_factory.mktemp("simulated"), [UFS], pace=0.0, in_process=True) as hosts:
        yield hosts


@pytest.fixture
def scratch(hosts):
    path = hosts.root(NAME) / SCRATCH_FILE.lstrip("/")
    path.write_text("")
    yield
    path.unlink()


@pytest.fixture(autouse=True)
def _few_cases(monkeypatch) -> None:
    monkeypatch.setattr(conduct, "CASES", HARMLESS)


def options(hosts: Simulated, *more: str) -> list[str]:
    target = hosts.target(NAME)
    return [
        "--host",
        target.address,
        "--port",
        str(target.port),
        "--key",
        str(target.private_key_path),
        *more,
    ]


def test_a_machine_that_was_not_set_aside_is_left_alone(hosts, capsys) -> None:
    runs = hosts.root(NAME) / "var/db/jailpanel/runs"
    assert main(options(hosts)) == NOT_TRIED
    assert f"it has no file {SCRATCH_FILE}. Nothing was done." in capsys.readouterr().err
    assert not runs.exists() or not any(runs.iterdir())


@pytest.mark.usefixtures("scratch")
def test_a_scratch_host_gets_a_table(hosts, capsys) -> None:
    assert main(options(hosts)) == HELD
    out = capsys.readouterr().out
    assert "a probe has all sections\n  held     section now is there" in out
    assert "DIFFERS" not in out
    assert ", 0 differed." in out


@pytest.mark.usefixtures("scratch")
def test_what_differs_is_shown_with_both_texts(hosts, capsys, monkeypatch) -> None:
    monkeypatch.setattr(probes, "SECTIONS", ("now", "tomorrow"))
    assert main(options(hosts)) == DIFFERED
    out = capsys.readouterr().out
    assert "DIFFERS  section tomorrow is there" in out
    assert "1 differed." in out


def test_another_host_key_than_the_one_asked_for_stops_it(hosts, capsys) -> None:
    assert main(options(hosts, "--fingerprint", "SHA256:another")) == NOT_TRIED
    assert "not the key that was asked for" in capsys.readouterr().err


@pytest.mark.parametrize("empty", ["--host", "--key"])
def test_without_host_or_key_it_says_what_to_say(hosts, capsys, empty) -> None:
    words = options(hosts)
    words[words.index(empty) + 1] = ""
    assert main(words) == NOT_TRIED
    assert "make contract HOST=address" in capsys.readouterr().err


def test_a_row_that_differs_shows_both_texts() -> None:
    rows = [Row("case", "one thing", "a", "a"), Row("case", "another\nthing", "first\nsecond", "")]
    assert list(table(rows)) == [
        "\ncase",
        "  held     one thing",
        "  DIFFERS  another\\nthing",
        "           expected:",
        "             first\n             second",
        "           found:",
        "             (nothing)",
    ]
    assert list(table(rows, all_rows=False)) == list(table(rows[1:]))
    assert summary(rows) == "1 held, 1 differed."
