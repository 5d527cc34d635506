"""/boot/loader.conf: the tunable without which the kernel counts nothing, since GENERIC has it switched off.

sysrc cannot set it: a name with dots is none of its variables. The kernel reads it when it boots, only then.

Source: reference rctl §1; loader.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

PATH = "/boot/loader.conf"
TUNABLE = "kern.racct.enable"
_SET = re.compile(rf"^[ \t]*{re.escape(TUNABLE)}[ \t]*=[ \t]*(?P<quote>\"?)(?P<value>[^\"\n#]*?)(?P=quote)"
                  r"(?P<behind>[ \t]*(?:#.*)?)$", re.MULTILINE)  # fmt: skip


class Accounting(StrEnum):
    """Whether a host's kernel counts and limits resources."""

    ON = "on"
    OFF = "off"
    NOT_COMPILED = "not compiled in"


HOW_TO_ENABLE = {
    Accounting.ON: "",
    Accounting.OFF: f"The kernel can limit resources, and was booted without it: set {TUNABLE}=1 in {PATH} "
    "and boot the host again. It cannot be switched on while the host runs.",
    Accounting.NOT_COMPILED: "This kernel was built without limits: it needs one with “options RACCT” and "
    "“options RCTL”, which GENERIC has today and older releases had not.",
}


def accounting(values: Mapping[str, str]) -> Accounting:
    """Return whether limits work, by what `sysctl -ie` said of kern.racct.enable.

    Args:
        values: What sysctl answered; names that the kernel does not have are missing.
    """
    value = values.get(TUNABLE)
    if value is None:
        return Accounting.NOT_COMPILED
    return Accounting.ON if value == "1" else Accounting.OFF


def tunable_is_set(text: str) -> bool:
    """Return whether the file switches it on at the next boot; the last line about it counts."""
    found = list(_SET.finditer(text))
    return bool(found) and found[-1]["value"] == "1"


def with_tunable(text: str) -> str:
    """Return the file with the tunable set: in its last line about it, or in a line of its own at the end."""
    found = list(_SET.finditer(text))
    if not found:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{TUNABLE}=1\n"
    last = found[-1]
    return f"{text[: last.start()]}{TUNABLE}=1{last['behind']}{text[last.end() :]}"
