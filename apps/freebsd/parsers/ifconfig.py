"""ifconfig(8): the host's interfaces and their addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.lines import excerpt, split_lines

if TYPE_CHECKING:
    from apps.freebsd.values import IpAddress

IpInterface = IPv4Interface | IPv6Interface

_HEAD = re.compile(r"(?P<name>\S+): flags=[0-9a-f]+<(?P<flags>[A-Z0-9_,]*)>.*?\bmtu (?P<mtu>[0-9]+)")


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of the host.

    Args:
        name: Such as `lo0`.
        flags: The names between `<` and `>`.
        mtu: Bytes.
        ether: Its hardware address, where it has one.
        groups: Such as `lo`.
        addresses: Each with its subnet, in the order of addition; aliases are not marked as such.
    """

    name: str
    flags: tuple[str, ...]
    mtu: int
    ether: str | None
    groups: tuple[str, ...]
    addresses: tuple[IpInterface, ...]

    @property
    def is_up(self) -> bool:
        """Whether it is switched on."""
        return "UP" in self.flags

    @property
    def is_loopback(self) -> bool:
        """Whether it leads nowhere but to the host itself."""
        return "LOOPBACK" in self.flags


def parse_ifconfig(text: str) -> tuple[Interface, ...]:
    """Read `ifconfig -a`, with or without `-f inet:cidr,inet6:cidr`.

    Args:
        text: The output.

    Returns:
        The interfaces in the order of the output.

    Raises:
        ParseError: A head line or an address is not understood. Other lines are passed over.

    Source: reference jail-tools §5.1; captures host.json (ifconfig-all, ifconfig-cidr).
    """
    blocks: list[list[str]] = []
    for line in split_lines(text):
        if not line[:1].isspace() and line:
            blocks.append([])
        elif not blocks:
            raise ParseError(f"ifconfig begins with “{excerpt(line)}”, which belongs to no interface.")
        blocks[-1].append(line)
    return tuple(_interface(head, details) for head, *details in blocks)


def _interface(head: str, details: list[str]) -> Interface:
    form = _HEAD.match(head)
    if form is None:
        raise ParseError(f"ifconfig printed “{excerpt(head)}”, which is not understood.")
    words = [line.split() for line in details if line.strip()]
    return Interface(
        name=form["name"],
        flags=tuple(flag for flag in form["flags"].split(",") if flag),
        mtu=int(form["mtu"]),
        ether=next((line[1] for line in words if line[0] == "ether" and len(line) > 1), None),
        groups=next((tuple(line[1:]) for line in words if line[0] == "groups:"), ()),
        addresses=tuple(_address(line) for line in words if line[0] in ("inet", "inet6")),
    )


def _address(words: list[str]) -> IpInterface:
    try:
        text, slash, prefix = words[1].partition("/")
        ip = ip_address(text.partition("%")[0])
        return ip_interface((ip, int(prefix) if slash else _prefix_after(words, ip)))
    except (ValueError, IndexError) as error:
        raise ParseError(
            f"ifconfig printed the address “{excerpt(' '.join(words))}”, which is not understood."
        ) from error


def _prefix_after(words: list[str], ip: IpAddress) -> int:
    if ip.version == 6:
        return int(words[words.index("prefixlen") + 1])
    mask = int(words[words.index("netmask") + 1], 16)
    return ip_network(f"0.0.0.0/{IPv4Address(mask)}").prefixlen
