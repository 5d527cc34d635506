"""netstat(1) as documents: interfaces with counters, and routes. Its tables are not played.

Source: captures/host.json (netstat-…); reference jail-tools.md §8.4.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from apps.simulator.getopt import BadOption, getopt
from apps.simulator.libxo import take_style
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call
    from apps.simulator.machine import Machine
    from apps.simulator.network import Address, Interface

USAGE = """usage: netstat [-46AaCLnPRSTWx] [-f protocol_family | -p protocol]
               [-M core] [-N system]"""
FLAGS = {"U": "up", "G": "gateway", "H": "host", "S": "static"}


@tool("/usr/bin/netstat")
async def netstat(call: Call) -> int:
    """Play netstat --libxo json -ibn and -rn."""
    style, words = take_style(call.args)
    try:
        found, _operands = getopt(words, "46AaBbCcdF:f:ghI:iLlM:mN:nPp:Qq:RrSsTUuWw:xz")
    except BadOption as bad:
        return await call.fail(f"{bad.text('netstat')}\n{USAGE}")
    options = dict(found)
    if not style.json or not {"i", "r"} & set(options):
        return await call.fail("netstat: the simulator plays --libxo json with -i or -r only", 64)
    await call.out(routes(call.machine) if "r" in options else interfaces(call.machine, options))
    return 0


def interfaces(machine: Machine, options: dict[str, str]) -> str:
    """Write a row for each interface and one for each of its addresses."""
    rows = []
    for item in machine.kernel.interfaces:
        if options.get("I", item.name) == item.name:
            rows.append(_link_row(machine, item))
            rows += [] if options.get("f") == "link" else _address_rows(machine, item)
    return '{"statistics": {"interface": [' + ", ".join(rows) + "]}}\n"


def _counters(machine: Machine, interface: Interface) -> tuple[int, int]:
    """Give packets in and out: hardware has some, growing with time."""
    if not interface.ether:
        return 0, 0
    up = max(1, int(machine.now() - machine.kernel.booted_at))
    return 20 + up * 3, 18 + up * 2


def _link_row(machine: Machine, item: Interface) -> str:
    received, sent = _counters(machine, item)
    return (
        f'{{"name":"{item.name}","flags":"0x{item.flags:x}","mtu":{item.kind.mtu},'
        f'"network":"<Link#{item.index}>","address":"{item.ether or item.name}",'
        f'"received-packets":{received},"received-errors":0,"dropped-packets":0,'
        f'"received-bytes":{received * 119},"sent-packets":{sent},"send-errors":0,'
        f'"sent-bytes":{sent * 171},"collisions":0}}'
    )


def _address_rows(machine: Machine, item: Interface) -> list[str]:
    received, sent = _counters(machine, item)
    rows = []
    for address in item.parsed():
        network, shown = _names(item, address)
        rows.append(
            f'{{"name":"{item.name}","flags":"0x{item.flags:x}","network":"{network}","address":"{shown}",'
            f'"received-packets":{received},"received-bytes":{received * 105},"sent-packets":{sent},'
            f'"sent-bytes":{sent * 160}}}'
        )
    return rows


def _names(item: Interface, address: Address) -> tuple[str, str]:
    """Print an address and its network; link-local ones name their interface."""
    if isinstance(address.ip, ipaddress.IPv6Address) and address.ip.is_link_local:
        net = f"{address.network.network_address}%{item.name}/{address.network.prefixlen}"
        return net, f"{address.ip}%{item.name}"
    return str(address.network), str(address.ip)


def routes(machine: Machine) -> str:
    """Write the IPv4 routes: the default one, then what addresses bring with them."""
    rows = []
    router = machine.rc().get("defaultrouter", "NO")
    out = next((item.name for item in machine.kernel.interfaces if _reaches(item, router)), None)
    if out:
        rows.append(_route("default", router, "UGS", out))
    for item in machine.kernel.interfaces:
        for address in item.parsed():
            if address.version == 4:
                rows += _address_routes(item, address)
    family = '{"address-family":"Internet", "rt-entry": [' + ", ".join(rows) + "]}"
    return '{"statistics": {"route-information": {"route-table": {"rt-family": [' + family + "]}}}}\n"


def _reaches(item: Interface, router: str) -> bool:
    try:
        wanted = ipaddress.ip_address(router)
    except ValueError:
        return False
    return any(wanted in address.network for address in item.parsed())


def _address_routes(item: Interface, address: Address) -> list[str]:
    link = f"link#{item.index}"
    if item.loopback:
        return [_route(str(address.ip), link, "UH", item.name)]
    own = _route(str(address.ip), link, "UHS", "lo0")
    if address.network.prefixlen == 32:
        return [own]
    return [_route(str(address.network), link, "U", item.name), own]


def _route(destination: str, gateway: str, flags: str, interface: str) -> str:
    words = ",".join(f'"{FLAGS[letter]}"' for letter in flags)
    return (
        f'{{"destination":"{destination}","gateway":"{gateway}","flags":"{flags}", "flags_pretty": [{words}],'
        f'"weight":1,"interface-name":"{interface}"}}'
    )
