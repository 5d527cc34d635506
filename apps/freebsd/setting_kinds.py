"""What kind of value a setting of ezjail or of jail(8) takes, and how to read one."""

from __future__ import annotations

import re
from enum import StrEnum

from apps.freebsd.errors import InvalidInput

Value = str | bool | int | tuple[str, ...]

_RC_YES = ("yes", "true", "on", "1")  # rc.subr's checkyesno
_RC_NO = ("no", "false", "off", "0")
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*(?:/[A-Za-z0-9][A-Za-z0-9_.:-]*)*")
_CPUS = re.compile(r"[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_RETENTION = re.compile(r"(?:[0-9]+x)?[0-9]+[mhdwy]|KEEP")


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    PATH = "absolute path"
    COMMAND = "command"
    YES = "YES or anything else"  # ezjail compares with YES, to the letter
    RC_YES = "YES or NO"  # rc.subr takes yes, true, on and 1 as well
    SWITCH = "on unless empty"  # even NO means on
    NUMBER = "number"
    TRUTH = "true or false"
    CHOICE = "one of a list"
    WORDS = "words"
    OPTIONS = "options of zfs create"
    DATASET = "ZFS dataset"
    DATASETS = "ZFS datasets"
    SERVER = "server, URL or directory"
    ADDRESSES = "addresses"
    PARAMETERS = "jail(8) parameters"
    CPUS = "list of CPUs"
    RULESET = "name or number of a devfs ruleset"
    RETENTION = "how long snapshots are kept"


def read_value(kind: Kind, text: str, choices: tuple[str, ...] = ()) -> Value:
    """Return what `text` means where it is a value of this kind; it is empty where nothing is set.

    Args:
        kind: What it should be.
        text: As the file holds it.
        choices: What may stand there, for a CHOICE.

    Raises:
        InvalidInput: It is no such value, whatever the tools would make of it.
    """
    if kind in (Kind.YES, Kind.SWITCH):
        return text == "YES" if kind is Kind.YES else bool(text)
    if kind in _LISTS:
        return tuple(_checked(kind, word) for word in text.split())
    if not text:
        return False if kind in (Kind.RC_YES, Kind.TRUTH) else ""
    return _read_one(kind, text, choices)


def read_truth(text: str) -> bool:
    """Return what a truth value of jail(8) means: true, false, or a number.

    Raises:
        InvalidInput: It is none of them.
    """
    if _NUMBER.fullmatch(text):
        return int(text) != 0
    return _truth(text, ("true",), ("false",), "true, false or a number")


def _read_one(kind: Kind, text: str, choices: tuple[str, ...]) -> Value:
    if kind is Kind.RC_YES:
        return _truth(text, _RC_YES, _RC_NO, "YES or NO")
    if kind is Kind.TRUTH:
        return read_truth(text)
    if kind is Kind.NUMBER:
        return _number(text)
    return _choice(text, choices) if kind is Kind.CHOICE else _checked(kind, text)


_LISTS = (Kind.WORDS, Kind.DATASETS, Kind.PARAMETERS, Kind.RETENTION, Kind.OPTIONS)
_FORMS = {
    Kind.PATH: (re.compile(r"/[^\0\n]*"), "an absolute path: it begins with /"),
    Kind.DATASET: (_DATASET, "a ZFS dataset, such as zroot/ezjail"),
    Kind.DATASETS: (_DATASET, "a list of ZFS datasets with blanks between them"),
    Kind.CPUS: (_CPUS, "a list of CPUs, such as 0-3,5"),
    Kind.RETENTION: (_RETENTION, "a list of periods, such as 24x1h 7x1d KEEP"),
}


def _checked(kind: Kind, text: str) -> str:
    form = _FORMS.get(kind)
    if form and not form[0].fullmatch(text):
        raise InvalidInput(f"“{text}” is not {form[1]}.")
    return text


def _truth(text: str, yes: tuple[str, ...], no: tuple[str, ...], allowed: str) -> bool:
    if text.lower() in yes:
        return True
    if text.lower() in no:
        return False
    raise InvalidInput(f"“{text}” is not {allowed}.")


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(f"“{text}” is no whole number.")
    return int(text)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise InvalidInput(f"“{text}” is none of {', '.join(choices)}.")
    return text
