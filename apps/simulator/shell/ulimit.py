"""The shell's ulimit: it shows what a root's processes may have, and takes no changes.

Source: captures/rctl.json (limit-hit), all of it.
"""

from __future__ import annotations

_ROWS = """cpu time               (seconds, -t)  unlimited
file size           (512-blocks, -f)  unlimited
data seg size           (kbytes, -d)  33554432
stack size              (kbytes, -s)  524288
core file size      (512-blocks, -c)  unlimited
max memory size         (kbytes, -m)  unlimited
locked memory           (kbytes, -l)  unlimited
max user processes              (-u)  7592
open files                      (-n)  87912
virtual mem size        (kbytes, -v)  unlimited
swap limit              (kbytes, -w)  unlimited
socket buffer size       (bytes, -b)  unlimited
pseudo-terminals                (-p)  unlimited
kqueues                         (-k)  unlimited
umtx shared locks               (-o)  unlimited
"""
_VALUES = {line.partition(")")[0][-1]: line.split()[-1] for line in _ROWS.splitlines()}


def shown(words: list[str]) -> str:
    """Give what `ulimit` with these words prints.

    Args:
        words: `-a`, a letter's option, or none for `-f`; one with a new value prints nothing.
    """
    letters = "".join(word[1:] for word in words if word.startswith("-")).strip("HS") or "f"
    if letters == "a":
        return _ROWS
    has_value = any(not word.startswith("-") for word in words)
    return "" if has_value else f"{_VALUES.get(letters[-1], 'unlimited')}\n"
