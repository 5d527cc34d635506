"""A jail with a file as ezjail writes it, and browsers that look at its settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.jails.models import Jail
from tests.places import make_basejail, make_jail

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures" / "ezjail.json"


def captured_file(safe_name: str = "test") -> str:
    """Return the file of a real ezjail, as if for another jail."""
    cases = json.loads(CAPTURES.read_text())["cases"]
    text: str = next(case["stdout"] for case in cases if case["id"] == "file-test")
    return text.replace("jail_test_", f"jail_{safe_name}_").replace("/jails/test", f"/jails/{safe_name}")


FILE = captured_file()
FSTAB = "/usr/jails/basejail /usr/jails/test/basejail nullfs ro 0 0\n"


@pytest.fixture
def jail(host) -> Jail:
    """The jail test, which does not run."""
    make_basejail(host)
    return make_jail(host, "test", config_text=FILE, fstab_text=FSTAB)
