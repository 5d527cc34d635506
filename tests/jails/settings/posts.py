"""What a browser sends of the settings pages of a jail that was seen with a file as ezjail writes it."""

from __future__ import annotations

import json
from pathlib import Path

from apps.freebsd.jail_file import JailFile
from apps.freebsd.values import JailName
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.jails.settings.catalogue import SETTINGS
from apps.jails.settings.fields import shown
from apps.jails.settings.plans import Edit, edit_plan
from apps.jails.settings.renaming import rename_plan, renamed_jail

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures" / "ezjail.json"
FSTAB = "/usr/jails/basejail /usr/jails/test/basejail nullfs ro 0 0\n"


def captured_file(safe_name: str = "test") -> str:
    """Return the file of a real ezjail, as if for another jail."""
    cases = json.loads(CAPTURES.read_text())["cases"]
    text: str = next(case["stdout"] for case in cases if case["id"] == "file-test")
    text = text.replace("jail_test_", f"jail_{safe_name}_").replace("/jails/test", f"/jails/{safe_name}")
    return text.replace('hostname="test"', f'hostname="{safe_name}"')


FILE = captured_file()


def it_has_a_file(host: Host) -> None:
    """Let the jail test be one that does not run and whose files were seen."""
    Jail.objects.filter(host=host, safe_name="test").update(config_text=FILE, fstab_text=FSTAB, jid=None)


def as_shown(text: str = FILE, safe_name: str = "test") -> dict[str, str | list[str]]:
    """Return what a browser sends of the form when nobody touched it."""
    file = JailFile(safe_name, text)
    fields: dict[str, str | list[str]] = {one.name: shown(one, file) for one in SETTINGS.values()}
    rows = {"interface": ["lo0"], "address": ["10.0.0.2"], "prefix": ["24"]}
    return {name: value for name, value in fields.items() if value} | rows | {"runs_at_boot": "on"}


def _jail() -> Jail:
    values = {"config_text": FILE, "fstab_text": FSTAB, "root": "/usr/jails/test"}
    return Jail(host=Host(), name="test", safe_name="test", **values)


def _edited(variable: str, value: str) -> str:
    return JailFile("test", FILE).changed({variable: value}).text


def _plan(**edit: object) -> str:
    made = Edit("jails.change", "Change the jail test", **edit)  # type: ignore[arg-type]
    return edit_plan(_jail(), made).hash


FIB = as_shown() | {"v-fib": "1", "plan_hash": _plan(file=_edited("fib", "1"), changed=("fib",))}
TEXT = {"text": _edited("fib", "2"), "plan_hash": _plan(file=_edited("fib", "2"), changed=("fib",))}
NAME = {"name": "other2", "plan_hash": rename_plan(_jail(), renamed_jail(_jail(), JailName("other2"))).hash}
