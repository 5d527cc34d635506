"""What the exit status of some commands means, in words for the person who looks at the job."""

from __future__ import annotations

from collections.abc import Sequence

from apps.freebsd.commands.guarded import AGENT, NOT_PUT_BACK, NOT_SWITCHED, TAKEN_BACK

_MEANINGS: dict[tuple[str, int], str] = {
    ("/sbin/sha256", 2): (
        "The file is not what FreeBSD published: its checksum is another than the one in the MANIFEST. "
        "Nothing was installed from it."
    ),
    (AGENT, TAKEN_BACK): (
        "The host took the new firewall back by itself: the panel did not reach it over a fresh connection "
        "in time. The old rules are in force again."
    ),
    (AGENT, NOT_SWITCHED): "The new firewall could not be put in force; the old one is.",
    (AGENT, NOT_PUT_BACK): (
        "The host went back to the old rules, but could not put everything back: look at its NAT instances "
        "and tables."
    ),
}


def meaning_of(argv: Sequence[str], status: int | None) -> str:
    """Return what a command's exit status means; empty where nobody knows more than the number.

    Args:
        argv: The command.
        status: Its exit status.
    """
    return _MEANINGS.get((argv[0] if argv else "", status or 0), "")
