"""What /etc/rc.firewall gives to ipfw for each firewall_type; `simple` is not played.

Source: reference ipfw §10; libexec/rc/rc.firewall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_ALWAYS = """-f flush
add 100 pass all from any to any via lo0
add 200 deny all from any to 127.0.0.0/8
add 300 deny ip from 127.0.0.0/8 to any
add 400 deny all from any to ::1
add 500 deny all from ::1 to any
add pass ipv6-icmp from :: to ff02::/16
add pass ipv6-icmp from fe80::/10 to fe80::/10
add pass ipv6-icmp from fe80::/10 to ff02::/16
add pass ipv6-icmp from any to any icmp6types 1
add pass ipv6-icmp from any to any icmp6types 2,135,136"""
_CLIENT = """add pass all from {net} to 255.255.255.255
add pass all from me to {net}
add pass all from {net} to me
add pass tcp from any to any established
add pass all from any to any frag
add pass tcp from any to me 25 setup
add pass tcp from me to any setup
add deny tcp from any to any setup
add pass udp from me to any 53 keep-state
add pass udp from me to any 123 keep-state"""
_WORKSTATION = """add check-state
add pass tcp from me to any established
add pass tcp from me to any setup keep-state
add pass udp from me to any keep-state
add pass icmp from me to any keep-state
add pass ipv6-icmp from me6 to any keep-state
add pass udp from 0.0.0.0 68 to 255.255.255.255 67 out
add pass udp from any 67 to me 68 in
add pass udp from any 67 to 255.255.255.255 68 in
add pass udp from fe80::/10 to me6 546 in
add pass icmp from any to any icmptype 8
add pass icmp from any to any icmptype 3,4,11"""
_WORKSTATION_END = """add deny ip from any to 255.255.255.255
add deny ip from any to 224.0.0.0/24 in
add deny udp from any to any 520 in
add deny tcp from any 80,443 to any 1024-65535 in
add deny {log} ip from any to any"""
NO_LOG_PORTS = "135-139,445 1026,1027 1433,1434"
CLIENT_NET = "192.0.2.0/24"
KNOWN = frozenset({"open", "client", "workstation", "closed", "unknown"})


def is_yes(rc: Mapping[str, str], name: str) -> bool:
    """Tell what rc.firewall makes of a variable: yes, in whatever case."""
    return rc.get(name, "NO").lower() == "yes"


def commands(kind: str, rc: Mapping[str, str]) -> Iterator[str]:
    """Give what ipfw is told, in its order.

    Args:
        kind: firewall_type, one of `KNOWN` in lower case.
        rc: the variables of rc.conf.
    """
    yield from _ALWAYS.splitlines()
    if kind in {"open", "client"} and is_yes(rc, "firewall_nat_enable"):
        yield from _nat(rc)
    if kind == "open":
        yield "add 65000 pass all from any to any"
    elif kind == "closed":
        yield "add 65000 deny ip from any to any"
    elif kind == "client":
        yield from _CLIENT.format(net=rc.get("firewall_client_net", CLIENT_NET)).splitlines()
    elif kind == "workstation":
        yield from _workstation(rc)


def _nat(rc: Mapping[str, str]) -> Iterator[str]:
    name, flags = rc.get("firewall_nat_interface", ""), rc.get("firewall_nat_flags", "")
    if not name:
        return
    word = "ip" if re.fullmatch(r"[0-9]+(\.[0-9]+){0,3}", name) else "if"
    yield f"nat 123 config log {word} {name} {flags}".rstrip()
    yield f"add 50 nat 123 ip4 from any to any via {name}"


def _workstation(rc: Mapping[str, str]) -> Iterator[str]:
    yield from _WORKSTATION.splitlines()
    for source in rc.get("firewall_allowservices", "").split():
        for service in rc.get("firewall_myservices", "").split():
            yield _service(source, service)
    for source in rc.get("firewall_trusted", "").split():
        yield f"add pass ip from {source} to me"
    yield "add 65000 count ip from any to any"
    for ports in rc.get("firewall_nologports", NO_LOG_PORTS).split():
        yield f"add deny {{ tcp or udp }} from any to any {ports} in"
    log = "log logamount 500" if is_yes(rc, "firewall_logdeny") else ""
    yield from (" ".join(line.split()) for line in _WORKSTATION_END.format(log=log).splitlines())


def _service(source: str, service: str) -> str:
    port, _, proto = service.partition("/")
    if proto.lower() == "proto":
        return f"add pass {port} from {source} to me"
    return f"add pass {proto.lower() or 'tcp'} from {source} to me {port}"


def advice(rc: Mapping[str, str]) -> list[str]:
    """Give what the script says about services without a protocol."""
    names = [service for service in rc.get("firewall_myservices", "").split() if "/" not in service]
    sources = rc.get("firewall_allowservices", "").split()
    return [f"Consider using {name}/tcp in firewall_myservices." for _ in sources for name in names]
