"""jls(8): the jails that the kernel has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt

if TYPE_CHECKING:
    from apps.freebsd.values import IpAddress


@dataclass(frozen=True, slots=True)
class RunningJail:
    """One jail in the kernel. What a form of jls does not tell is None.

    Args:
        jid: Its number, another one after each start.
        name: Its name in the kernel, which for ezjail's jails is the safe name.
        path: Its root directory on the host.
        hostname: Its host name.
        dying: Whether it is on its way out and only held by something that has not ended yet.
        addresses: IPv4 first; empty both for a jail without addresses and for one that inherits all.
        ip4: `new`, `inherit` or `disable`; jails that rc.d/jail started with addresses say `disable`.
        ip6: The same for IPv6.
        cpuset_id: The CPU set that it lives in.
        osrelease: What uname says inside.
        persist: Whether it lives on without processes.
    """

    jid: int
    name: str
    path: str
    hostname: str
    dying: bool
    addresses: tuple[IpAddress, ...]
    ip4: str | None = None
    ip6: str | None = None
    cpuset_id: int | None = None
    osrelease: str | None = None
    persist: bool | None = None


def parse_jls_json(text: str) -> tuple[RunningJail, ...]:
    """Read `jls --libxo json` with named parameters, or with -v.

    Args:
        text: The output of `jls --libxo json -d jid name path dying host.hostname ip4 ip4.addr ip6 ip6.addr
            cpuset.id osrelease persist` (fewer will do; jls lists no dying jail without -d), or of
            `jls --libxo json -v`.

    Returns:
        The jails in the order of the output.

    Raises:
        ParseError: It is no such output; the default form is refused too, since it has no names.

    Source: reference jail-tools §1.5; captures jls.json (jid is a string when parameters are named).
    """
    try:
        rows = json.loads(text)["jail-information"].get("jail", [])
        return tuple(_verbose_jail(row) if "state" in row else _named_jail(row) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError(f"What jls printed is not understood ({excerpt(repr(error))}).") from error


def _named_jail(row: dict[str, Any]) -> RunningJail:
    return RunningJail(
        jid=_number(row["jid"]),
        name=_text(row["name"]),
        path=_text(row["path"]),
        hostname=_text(row["host.hostname"]),
        dying=_boolean(row.get("dying", False)),
        addresses=_addresses(row, "ip4.addr", "ip6.addr"),
        ip4=_text(row["ip4"]) if "ip4" in row else None,
        ip6=_text(row["ip6"]) if "ip6" in row else None,
        cpuset_id=_number(row["cpuset.id"]) if "cpuset.id" in row else None,
        osrelease=_text(row["osrelease"]) if "osrelease" in row else None,
        persist=_boolean(row["persist"]) if "persist" in row else None,
    )


def _verbose_jail(row: dict[str, Any]) -> RunningJail:
    return RunningJail(
        jid=_number(row["jid"]),
        name=_text(row["name"]),
        path=_text(row["path"]),
        hostname=_text(row["hostname"]),
        dying={"ACTIVE": False, "DYING": True}[row["state"]],
        addresses=_addresses(row, "ipv4_addrs", "ipv6_addrs"),
        cpuset_id=_number(row["cpusetid"]) if "cpusetid" in row else None,
    )


def _addresses(row: dict[str, Any], *keys: str) -> tuple[IpAddress, ...]:
    found: list[IpAddress] = []
    for key in keys:
        items = row.get(key, [])
        if not isinstance(items, list):
            raise TypeError(f"{key} is no list")
        found += [ip_address(_text(item)) for item in items]
    return tuple(found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{value!r} is no number")
    return int(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[_text(value)]
