"""What rc.subr gives every rc.d script: prefixes of actions, rc variables, warnings.

Source: reference jail-tools.md §3.1, §7; ezjail.md §1.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.simulator import shellvars

if TYPE_CHECKING:
    from collections.abc import Collection

    from apps.simulator.call import Call

PREFIXES = ("fast", "force", "one", "quiet")
_ACTION = re.compile(rf"({'|'.join(PREFIXES)})?(.+)")


@dataclass(frozen=True, slots=True)
class Action:
    """An action without its prefix, and whether the prefix lets it run in a script that is not enabled."""

    word: str
    forced: bool


def read_action(word: str) -> Action:
    """Split `onestart` into what is to be done and how."""
    match = _ACTION.fullmatch(word)
    if not match:
        return Action(word, forced=False)
    return Action(match[2], match[1] in {"one", "force"})


def safe(name: str) -> str:
    """Do `tr -c '[:alnum:]' _` in the C locale: a byte that is no letter or digit becomes "_"."""
    return "".join(chr(octet) if chr(octet).isalnum() and octet < 128 else "_" for octet in _bytes(name))


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


async def refused(
    call: Call, script: str, action: Action, always: Collection[str], variable: str = ""
) -> bool:
    """Say why a script that is not enabled does nothing; True when it is so.

    Args:
        call: of the script.
        script: its name, e.g. "jail"; `<name>_enable` is its rcvar.
        action: what was asked.
        always: actions that need no rcvar.
        variable: its rcvar, where it is another.
    """
    rcvar = variable or f"{script}_enable"
    if action.forced or action.word in always or call.machine.rc_yes(rcvar):
        return False
    await call.out(
        f"Cannot '{action.word}' {script}. Set {rcvar} to YES in /etc/rc.conf or use "
        f"'one{action.word}' instead of '{action.word}'.\n"
    )
    return True


async def rcvar(call: Call, script: str) -> int:
    """Print a script's rcvar as `service NAME rcvar` does (captures/host.json)."""
    value = call.machine.rc().get(f"{script}_enable", "NO")
    await call.out(f'# {script}\n#\n{script}_enable="{value}"\n#   (default: "")\n\n')
    return 0


async def warn(call: Call, text: str) -> None:
    """Warn on standard error as rc.subr does."""
    await call.err(f"{call.argv[0]}: WARNING: {text}\n")


def is_yes(value: str) -> bool:
    """Tell what checkyesno says."""
    return shellvars.is_yes(value)
