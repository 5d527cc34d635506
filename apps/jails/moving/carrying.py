"""What of a jail's settings goes with it to another host. Pure.

`create -a` takes over nothing but the files: all settings are as the new host's ezjail.conf makes them.

Source: reference ezjail §0.8, §8.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import JailFile, check_value

# What names things of the old host: addresses, paths, datasets and devices. The new host has its own.
OF_THE_HOST = frozenset(
    {
        "hostname", "ip", "rootdir", "image", "imagetype", "attachparams", "attachblocking",
        "parentzfs", "zfs_datasets",
    }
)  # fmt: skip
_ASK = {
    "cpuset": "the new host needs these CPUs",
    "fib": "the new host needs this routing table",
    "post_start_script": "it is a program of the host, and has to be there as well",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes along.

    Args:
        values: Variables of the jail's file, with their values.
        notes: Sentences about what does not go along, and what to look after.
    """

    values: Mapping[str, str]
    notes: tuple[str, ...] = ()


def carried(file: JailFile, foretold: Mapping[str, str]) -> Carried:
    """Return which variables differ from what the new host gives by itself.

    Args:
        file: The jail's file on the old host.
        foretold: What the new host's ezjail will write by itself.
    """
    if file.problem:
        return Carried({}, (f"None of its settings goes along. {file.problem}",))
    values: dict[str, str] = {}
    notes: list[str] = []
    for variable in file.variables:
        if variable in OF_THE_HOST or variable.startswith("ip_multi"):
            continue
        _take(file, variable, foretold.get(variable, ""), values, notes)
    if datasets := file.value("zfs_datasets"):
        notes.append(f"Datasets that were given to it stay where they are: {datasets}.")
    return Carried(values, tuple(notes))


def _take(file: JailFile, variable: str, default: str, values: dict[str, str], notes: list[str]) -> None:
    if doubt := file.doubt(variable):
        notes.append(f"{variable} does not go along. {doubt}")
        return
    value = file.value(variable)
    if value == default:
        return
    try:
        values[variable] = check_value(variable, value)
    except InvalidInput as error:
        notes.append(f"{variable} does not go along: {error.message}")
        return
    if value and variable in _ASK:
        notes.append(f"{variable} is {value}: {_ASK[variable]}.")


def other_mounts(fstab_text: str) -> list[str]:
    """Return the lines of a jail's fstab that mount something else than the basejail."""
    lines = (line.strip() for line in fstab_text.splitlines())
    fields = ((line, line.split()) for line in lines if line and not line.startswith("#"))
    return [line for line, words in fields if len(words) < 2 or not words[1].endswith("/basejail")]
