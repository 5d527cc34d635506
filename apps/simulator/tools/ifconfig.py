"""ifconfig(8): interfaces and their addresses, shown and changed.

Source: reference jail-tools.md §5; captures/host.json, captures/jail.json (ifconfig-…).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.simulator.network import FLAG_NAMES, KINDS, Interface, hardware_address, is_ethernet
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.network import Address
    from apps.simulator.state import Jail

USAGE = """usage: ifconfig [-L] [-C] [-g groupname] interface address_family
                [address [dest_address]] [parameters]
       ifconfig interface create
       ifconfig -a [-L] [-C] [-g groupname] [-d] [-m] [-u] [-v] [address_family]
       ifconfig -l [-d] [-u] [address_family]
       ifconfig [-L] [-C] [-g groupname] [-d] [-m] [-u] [-v]"""
REMOVE = frozenset({"-alias", "delete", "remove"})
DEFAULT_PREFIXES = ((128, 8), (192, 16), (256, 24))


@dataclass(slots=True)
class Request:
    """What the command line asked for."""

    formats: dict[str, str] = field(default_factory=dict)
    every: bool = False
    listing: bool = False
    group: str = ""
    only: str = ""
    words: list[str] = field(default_factory=list)


class Refused(Exception):
    """The text of ifconfig's complaint, without its name."""


@tool("/sbin/ifconfig")
async def ifconfig(call: Call) -> int:
    """Play ifconfig."""
    request = _read(call.args)
    if request is None:
        return await call.fail(USAGE)
    interfaces = _chosen(call, request)
    try:
        if request.listing or (request.group and not request.words):
            names = [item.name for item in interfaces if "ether" not in request.words or item.ether]
            await call.out((" " if request.listing else "\n").join(names) + "\n")
        elif request.every or not request.words:
            for item in interfaces:
                await call.out(describe(call, item, request.formats))
        else:
            await _named(call, request)
    except Refused as refused:
        return await call.fail(f"ifconfig: {refused}")
    return 0


def _read(args: tuple[str, ...]) -> Request | None:
    """Read options; None means that they are no good."""
    request, words = Request(), list(args)
    while words and words[0].startswith("-") and words[0] not in REMOVE:
        for letter in words.pop(0)[1:]:
            if letter in "fg":
                if not words:
                    return None
                _take(request, letter, words.pop(0))
            elif letter in "aldu":
                request.every = request.every or letter == "a"
                request.listing = request.listing or letter == "l"
                request.only = letter if letter in "du" else request.only
            elif letter not in "LCkmvnG":
                return None
    request.words = words
    return request


def _take(request: Request, letter: str, value: str) -> None:
    if letter == "g":
        request.group = value
    else:
        request.formats = dict(part.partition(":")[::2] for part in value.split(","))


def _chosen(call: Call, request: Request) -> list[Interface]:
    """Pick the interfaces that -d, -u and -g leave."""
    found = call.machine.kernel.interfaces
    if request.only:
        found = [item for item in found if item.up == (request.only == "u")]
    if request.group:
        found = [item for item in found if request.group in {item.kind.group, "all"}]
    return found


async def _named(call: Call, request: Request) -> None:
    """Show or change the interface that was named."""
    name, words = request.words[0], request.words[1:]
    if words[:1] in (["create"], ["plumb"]):
        await create(call, name)
        words = words[1:]
        if not words:
            return
    interface = call.machine.kernel.interface(name)
    if interface is None:
        raise Refused(f"interface {name} does not exist")
    if not words:
        await call.out(describe(call, interface, request.formats))
        return
    change(call, interface, words)


async def create(call: Call, name: str) -> None:
    """Make a clone; one without a number gets the next, and its name is printed.

    Raises:
        Refused: it exists, or cannot be cloned.
    """
    kernel, driver = call.machine.kernel, name.rstrip("0123456789")
    if driver not in KINDS or driver in {"vtnet", ""}:
        raise Refused("SIOCIFCREATE2: Invalid argument")
    if kernel.interface(name):
        raise Refused("SIOCIFCREATE2: File exists")
    if driver == name:
        number = next(unit for unit in range(4096) if kernel.interface(f"{driver}{unit}") is None)
        name = f"{driver}{number}"
        await call.out(f"{name}\n")
    ether = hardware_address(call.machine.spec.name, name) if is_ethernet(name) else ""
    index = 1 + max((item.index for item in kernel.interfaces), default=0)
    kernel.interfaces.append(Interface(name, index, ether, cloned=True))
    call.machine.touch()


def change(call: Call, interface: Interface, words: list[str]) -> None:
    """Do what the words behind an interface's name say, in their order.

    Raises:
        Refused: a word means nothing, or what it asks for cannot be done.
    """
    call.machine.touch()
    if words == ["destroy"]:
        if not interface.cloned:
            raise Refused("SIOCIFDESTROY: Invalid argument")
        call.machine.kernel.interfaces.remove(interface)
    elif words == ["up"]:
        interface.bring_up()
    elif words == ["down"]:
        interface.up = False
    else:
        _change_address(interface, words)


def _change_address(interface: Interface, words: list[str]) -> None:
    """Add, set or remove an address: `[inet|inet6] address [netmask|prefixlen N] [alias|-alias]`."""
    family = words.pop(0) if words[0] in {"inet", "inet6"} else "inet"
    if not words:
        raise Refused(f"interface {interface.name}: no address given")
    text = words.pop(0)
    lengths = {"netmask": "", "prefixlen": ""}
    verbs = []
    while words:
        word = words.pop(0)
        if word in lengths and words:
            lengths[word] = words.pop(0)
        elif word in REMOVE or word in {"alias", "add", "up", "broadcast"}:
            verbs.append(word)
        else:
            raise Refused(f"{word}: bad value")
    address = parse_address(family, text, lengths["netmask"] or lengths["prefixlen"])
    if REMOVE & set(verbs):
        if not interface.remove(str(address.ip)):
            raise Refused("ioctl (SIOCDIFADDR): Can't assign requested address")
        return
    if not {"alias", "add"} & set(verbs):
        _drop_primary(interface, address)
    interface.add(str(address))


def _drop_primary(interface: Interface, address: Address) -> None:
    """Take away the first address of the family, as setting one without `alias` does on IPv4."""
    first = next((item for item in interface.parsed() if item.version == 4), None)
    if first and address.version == 4:
        interface.remove(str(first.ip))


def parse_address(family: str, text: str, mask: str = "") -> Address:
    """Read an address with its prefix or mask.

    Args:
        family: "inet" or "inet6".
        text: `address` or `address/length`.
        mask: a netmask (0x… or dotted) or a length; empty takes the class's mask, or 64.

    Raises:
        Refused: it is no address of this family.
    """
    plain, _, length = text.partition("/")
    try:
        ip = ipaddress.ip_address(plain)
    except ValueError:
        raise Refused(f"{plain}: bad value") from None
    if (ip.version == 4) != (family == "inet"):
        raise Refused(f"{plain}: bad value")
    length = length or _length(mask) or _default_length(ip)
    if not length.isdecimal() or int(length) > ip.max_prefixlen:
        raise Refused(
            f"{length}: bad value (width too large)" if length.isdecimal() else f"{length}: bad value"
        )
    return ipaddress.ip_interface(f"{plain}/{length}")


def _length(mask: str) -> str:
    """Turn a mask into a length; a length stays."""
    if not mask or mask.isdecimal():
        return mask
    try:
        number = int(mask, 16) if mask.startswith("0x") else int(ipaddress.IPv4Address(mask))
    except ValueError:
        raise Refused(f"{mask}: bad value") from None
    return str(number.bit_count())


def _default_length(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if ip.version == 6:
        return "64"
    first = int(str(ip).partition(".")[0])
    return str(next((length for below, length in DEFAULT_PREFIXES if first < below), 32))


def describe(call: Call, interface: Interface, formats: dict[str, str]) -> str:
    """Print one interface as the caller sees it: in a jail only the jail's own addresses."""
    kind, jail = interface.kind, call.machine.kernel.jail(str(call.jid)) if call.jid else None
    names = ",".join(name for bit, name in FLAG_NAMES if interface.flags & bit)
    lines = [f"{interface.name}: flags={interface.flags:x}<{names}> metric 0 mtu {kind.mtu}"]
    lines += [f"options={kind.options}"] if kind.options else []
    lines += [f"ether {interface.ether}"] if interface.ether else []
    lines += [_address_line(interface, address, formats) for address in _visible(interface, jail)]
    lines += [f"groups: {kind.group}"] if kind.group else []
    if kind.media:
        lines += [f"media: {kind.media}", f"status: {'active' if interface.up else 'no carrier'}"]
    if kind.options and (jail is None or jail.ip6):
        lines.append("nd6 options=21<PERFORMNUD,AUTO_LINKLOCAL>")
    return "\n\t".join(lines) + "\n"


def _visible(interface: Interface, jail: Jail | None) -> list[Address]:
    if jail is None or jail.params.get("vnet") == "new":
        return interface.parsed()
    inherited = {4: jail.ip4_mode == "inherit", 6: jail.ip6_mode == "inherit"}
    own = {ipaddress.ip_address(text) for text in [*jail.ip4, *jail.ip6]}
    return [item for item in interface.parsed() if item.ip in own or inherited[item.version]]


def _address_line(interface: Interface, address: Address, formats: dict[str, str]) -> str:
    """Print an address in the form that -f asks for."""
    if isinstance(address, ipaddress.IPv6Interface):
        scope = f"%{interface.name}" if address.ip.is_link_local else ""
        tail = f" scopeid {interface.index:#x}" if scope else ""
        if formats.get("inet6") == "cidr":
            return f"inet6 {address.ip}{scope}/{address.network.prefixlen}{tail}"
        return f"inet6 {address.ip}{scope} prefixlen {address.network.prefixlen}{tail}"
    broadcast = "" if interface.loopback else f" broadcast {address.network.broadcast_address}"
    if formats.get("inet") == "cidr":
        return f"inet {address.ip}/{address.network.prefixlen}{broadcast}"
    mask = str(address.netmask) if formats.get("inet") == "dotted" else f"{int(address.netmask):#010x}"
    return f"inet {address.ip} netmask {mask}{broadcast}"
