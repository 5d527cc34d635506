"""Waits for the launcher's end and ends what it left running: nothing survives a launcher that was killed.

The launcher holds the other end of this program's standard input. The kernel closes it however the launcher
ends, on every system, for grandchildren as well as children; after an orderly stop there is nothing to do.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jailpanel.launch.ledger import end_recorded


def main() -> None:
    """Read until the launcher is gone, then look at its record."""
    sys.stdin.buffer.read()
    end_recorded(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
