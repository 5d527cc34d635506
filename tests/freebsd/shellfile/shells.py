"""The shells themselves as judges of what a file comes to."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from shutil import which
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRINT = """
. ./file >/dev/null 2>&1
for name do
    eval "case \\${$name+x} in x) printf '=%s' \\"\\$$name\\" ;; esac"
    printf '\\001\\n'
done
"""


@cache
def shells() -> tuple[tuple[str, ...], ...]:
    """Return how to call each shell that this machine has; /bin/sh once, where it is one of the others."""
    calls = (("dash",), ("bash", "--posix"), ("busybox", "sh"), ("/bin/sh",))
    there = [(path, *call[1:]) for call in reversed(calls) if (path := which(call[0]))]
    return tuple({os.path.realpath(call[0]): call for call in there}.values())


def sourced(shell: tuple[str, ...], data: bytes, names: tuple[str, ...], place: Path) -> dict[str, str]:
    """Have `shell` source the file in a folder of its own, without programs; return what `names` came to."""
    (place / "file").write_bytes(data)
    answer = subprocess.run(
        [*shell, "-c", _PRINT, "sh", *names],
        cwd=place,
        env={"PATH": "/nonexistent", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    parts = answer.stdout.decode("utf-8", "surrogateescape").split("\1\n")[:-1]
    return {name: part[1:] for name, part in zip(names, parts, strict=False) if part}
