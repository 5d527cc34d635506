"""What the exit status of some commands means, in words for the person who looks at the job."""

from __future__ import annotations

from collections.abc import Sequence

_MEANINGS: dict[tuple[str, int], str] = {
    ("/sbin/sha256", 2): (
        "The file is not what FreeBSD published: its checksum is another than the one in the MANIFEST. "
        "Nothing was installed from it."
    ),
}


def meaning_of(argv: Sequence[str], status: int | None) -> str:
    """Return what a command's exit status means; empty where nobody knows more than the number.

    Args:
        argv: The command.
        status: Its exit status.
    """
    return _MEANINGS.get((argv[0] if argv else "", status or 0), "")
