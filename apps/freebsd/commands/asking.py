"""Commands that ask for a passphrase, and how the end of their output tells what they ask for.

They run in a terminal (script(1)) whose input the host agent keeps open for an answer; all others have their
standard input closed. The agent's allow-list marks the same forms.

Source: reference ezjail §1.0, §3.5, §7; geli(8).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TERMINAL = ("/usr/bin/script", "-q", "/dev/null", "/usr/local/bin/ezjail-admin")
_VERBS = ("onestart", "onerestart")
TAIL_BYTES = 64


class Prompt(StrEnum):
    """What is asked for, as the agent's verb `answer` names it."""

    NEW = "new"
    AGAIN = "again"
    OLD = "old"


_PROMPTS = (
    (re.compile(rb"Enter new passphrase: ?\Z"), Prompt.NEW),
    (re.compile(rb"Reenter new passphrase: ?\Z"), Prompt.AGAIN),
    (re.compile(rb"Enter passphrase: ?\Z"), Prompt.OLD),
)


def may_ask(argv: Sequence[str]) -> bool:
    """Tell whether a command may ask for a passphrase."""
    if tuple(argv[:4]) != _TERMINAL:
        return False
    words = list(argv[4:])
    return words[:1] == ["create"] or words[:2] == ["config", "-i"] or bool(words and words[0] in _VERBS)


def asked(tail: bytes) -> Prompt | None:
    """Return what the last bytes of an output ask for, or None."""
    end = tail[-TAIL_BYTES:].replace(b"\r", b"")
    return next((prompt for form, prompt in _PROMPTS if form.search(end)), None)
