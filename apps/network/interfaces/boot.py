"""Which addresses rc.conf gives an interface at boot, and which of its variables is free. Pure.

Source: rc.conf(5), network.subr: aliases are counted from 0, and the first number that is missing ends them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.freebsd.values import IpAddress

MOST_ALIASES = 100
_RANGE = re.compile(r"[0-9a-f]-[0-9a-f]", re.IGNORECASE)
_BY_OTHERS = ("DHCP", "SYNCDHCP", "NOSYNCDHCP", "ACCEPT_RTADV")
NOT_READ = "rc.conf could not be read"


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether an address is given again at boot.

    Args:
        is_kept: Whether; None when that is not clear.
        why: The variable that does so, or why it is not clear.
    """

    is_kept: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Boot:
    """What rc.conf says of interfaces.

    Args:
        values: By name.
        unclear: Names that the shell computes.
        is_known: Whether rc.conf could be read.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()
    is_known: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Boot:
        """Return what a host's facts say."""
        rc = (facts.get("setup") or {}).get("rc")
        if not rc:
            return cls()
        return cls(rc.get("values") or {}, tuple(rc.get("unclear") or ()), is_known=True)

    def keeps(self, interface: str, ip: IpAddress) -> Kept:
        """Return whether an address is given again at boot."""
        if ip.is_loopback and interface == "lo0":
            return Kept(True, "always")
        if not self.is_known:
            return Kept(None, NOT_READ)
        names = self._names(interface)
        for name in names:
            words = [word.partition("/")[0] for word in self.values.get(name, "").split()]
            if str(ip) in words and name not in self.unclear:
                return Kept(True, name)
        return self._doubt(names)

    def _doubt(self, names: list[str]) -> Kept:
        for name in names:
            value = self.values.get(name, "")
            if name in self.unclear:
                return Kept(None, f"the shell computes {name}")
            if any(word.upper() in _BY_OTHERS for word in value.split()):
                return Kept(None, f"{name} leaves it to others: {value}"[:120])
            if _RANGE.search(value):
                return Kept(None, f"{name} names a range")
        return Kept(False)

    def _names(self, interface: str) -> list[str]:
        """Return the variables that count for an interface."""
        key = re.sub(r"[.\-/+]", "_", interface)
        plain = [f"ifconfig_{key}", f"ifconfig_{key}_ipv6", f"ipv4_addrs_{key}", f"ifconfig_{key}_aliases"]
        known = [name for name in plain if name in self.values or name in self.unclear]
        return [*known, *self._aliases(key)]

    def _aliases(self, key: str) -> list[str]:
        """Return the aliases that count: up to the first number that is missing."""
        found = []
        for number in range(MOST_ALIASES):
            name = f"ifconfig_{key}_alias{number}"
            if name not in self.unclear and not self.values.get(name):
                break
            found.append(name)
        return found

    def next_alias(self, interface: str) -> str:
        """Return the alias of an interface that is free and counts; empty when there is none."""
        number = len(self._aliases(interface))
        return f"ifconfig_{interface}_alias{number}" if number < MOST_ALIASES else ""
