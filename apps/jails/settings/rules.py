"""What a jail's settings have to be for it to start on its host: ezjail and rc.d/jail check none of it.

Source: reference ezjail §3.6 (cpuset and parameters are looked at when the jail starts); jail(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import JailFile
from apps.freebsd.jail_params import JailParameter, Parameters
from apps.freebsd.values import Release
from apps.jails.models import Jail

CATALOGUE_RELEASE = Release.parse("13.2-RELEASE")  # `since` of a parameter means: after this one
RANGES = {"fib": (0, 65535), "securelevel": (-1, 3), "children.max": (0, 999_999), "enforce_statfs": (0, 2)}


def problems(jail: Jail, before: JailFile, after: JailFile) -> list[tuple[str, str]]:
    """Return what would keep the jail from starting, and was not so before: field, sentence."""
    was = set(_wrong(jail, before))
    return [wrong for wrong in _wrong(jail, after) if wrong not in was]


def _wrong(jail: Jail, file: JailFile) -> Iterator[tuple[str, str]]:
    words = Parameters.parse(file.value("parameters"))
    values = {"fib": file.value("fib"), **{word.name: word.value for word in words.words if word.name}}
    for name, (lowest, highest) in RANGES.items():
        text = values.get(name, "")
        if re.fullmatch(r"-?[0-9]{1,10}", text) and not lowest <= int(text) <= highest:
            yield name, f"{name} is from {lowest} to {highest}."
    if (ncpu := jail.host.facts.get("ncpu")) and (most := _highest_cpu(file.value("cpuset"))) >= ncpu:
        yield "cpuset", f"The host has {ncpu} CPUs, numbered from 0: there is no {most}."
    if values.get("vnet") == "new" and file.value("ip"):
        yield "vnet", "A jail with a network stack of its own cannot have addresses here: leave them empty."
    if values.get("vnet") != "new" and not file.value("ip"):
        yield "address-0", "A jail needs at least one address, or a network stack of its own (vnet)."


def _highest_cpu(text: str) -> int:
    return max((int(number) for number in re.findall(r"[0-9]{1,9}", text)), default=-1)


def lacks(jail: Jail, parameter: JailParameter) -> bool:
    """Return whether the host's FreeBSD is too old to know a parameter, as far as we know."""
    if not parameter.since:
        return False
    try:
        return Release.parse(jail.host.release).at_most(CATALOGUE_RELEASE)
    except InvalidInput:
        return False
