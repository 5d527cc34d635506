"""In what a jail is not as it is wanted: pure, two states in, differences out."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.jail_variables import jail_variable
from apps.freebsd.parsers.ezjail_file import EzjailJail, parse_ezjail_file
from apps.jails.drift.state import State
from apps.jails.models import Jail

FILE, FSTAB, AT_BOOT, RUNNING, ROOT, MISSING = "file", "fstab", "runs_at_boot", "running", "root", "missing"
CONTROL_DIR = "/usr/local/etc/ezjail"
COMPUTED = "computed by the shell"
_OTHERS = frozenset({FSTAB, AT_BOOT, RUNNING, ROOT, MISSING})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which wanted and observed differ.

    Args:
        wanted: As text; `yes` or `no` for what is one of two.
        observed: The same.
    """

    wanted: str
    observed: str


Differences = dict[str, Difference]


def part_of(field: str) -> str:
    """Return the part of a state that a difference is in: all variables are in the file."""
    return field if field in _OTHERS else FILE


def differences(jail: Jail) -> Differences:
    """Return in what a jail is not as it is wanted, by field."""
    if jail.missing_since:
        return {MISSING: Difference(f"{CONTROL_DIR}/{jail.safe_name}", "")}
    wanted, seen = State.wanted(jail), State.observed(jail)
    found = _of_files(wanted.file, seen.file, jail.safe_name)
    if wanted.fstab != seen.fstab:
        found[FSTAB] = Difference(wanted.fstab, seen.fstab)
    for field, want, see in (
        (AT_BOOT, wanted.runs_at_boot, seen.runs_at_boot),
        (RUNNING, wanted.running, seen.running),
    ):
        if want != see:
            found[field] = Difference(_word(want), _word(see))
    if wanted.root and not seen.root:
        found[ROOT] = Difference(jail.root, "")
    return found


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


def _of_files(wanted: str, seen: str, safe_name: str) -> Differences:
    """Compare variable by variable, then what else is in the file, and last how it is written."""
    if wanted == seen:
        return {}
    left, right = _read(wanted, safe_name), _read(seen, safe_name)
    if left is None or right is None:
        return {FILE: Difference(wanted, seen)}
    found = _of_variables(left, right)
    rest = Difference(_rest(left), _rest(right))
    if rest.wanted != rest.observed:
        found[FILE] = rest
    return found or {FILE: Difference(wanted, seen)}


def _read(text: str, safe_name: str) -> EzjailJail | None:
    try:
        return parse_ezjail_file(text, safe_name)
    except ParseError:
        return None


def _of_variables(left: EzjailJail, right: EzjailJail) -> Differences:
    names = dict.fromkeys((*left.values, *left.doubts, *right.values, *right.doubts))
    known = [name for name in names if jail_variable(name)]
    return {
        name: Difference(was, now)
        for name in known
        if (was := _shown(left, name)) != (now := _shown(right, name))
    }


def _shown(file: EzjailJail, name: str) -> str:
    return COMPUTED if name in file.doubts else file.value(name)


def _rest(file: EzjailJail) -> str:
    """Return what is in a file but assignments of variables that are compared one by one."""
    return "".join(
        line.text for line in file.lines if not line.variables or not all(map(jail_variable, line.variables))
    )
