"""ipfw's commands about NAT instances: config, show config, show log, delete.

Source: sbin/ipfw/nat.c; reference ipfw §5; captures/ipfw.json.
"""

from __future__ import annotations

from ipaddress import IPv4Interface

from apps.simulator.ipfw import redirects
from apps.simulator.ipfw.model import Ipfw, Nat, Redirect
from apps.simulator.ipfw.refused import OSERR, UNAVAILABLE, USAGE, Refused
from apps.simulator.ipfw.session import NO_MODULE, Session
from apps.simulator.ipfw.values import atoi
from apps.simulator.ipfw.words import PROTOCOL_NAMES, Words

MODES = (
    *("log", "deny_in", "same_ports", "skip_global", "unreg_only", "unreg_cgn", "reset", "reverse"),
    *("proxy_only", "udp_eim"),
)
NOWHERE = "0.0.0.0"  # noqa: S104 - what the kernel writes for any address
NO_PROCESS = "No such process"


def config(session: Session, words: Words) -> None:
    """Make an instance, or another of what one was; its redirects are in the kernel's reversed order."""
    nat = Nat(_identity(words))
    if not words:
        raise Refused("missing option")
    redirects.estimate(words.copy(), MODES)
    while words:
        _option(session, nat, words)
    nat.modes.sort(key=MODES.index)
    nat.redirects.reverse()
    if session.is_test:
        return
    ipfw = session.machine.kernel.ipfw
    if not session.is_loaded("ipfw_nat"):
        text = "Invalid argument" if session.is_loaded("ipfw") else NO_MODULE
        raise Refused(f"setsockopt(IP_FW_NAT44_XCONFIG): {text}", 1)
    ipfw.nats = sorted(
        [*(old for old in ipfw.nats if old.number != nat.number), nat], key=lambda item: item.number
    )
    session.machine.touch()
    if not session.is_quiet:
        session.say(line(nat))


def _identity(words: Words) -> int:
    text = words.take("missing nat id", 65)
    if not text.isdecimal() or not int(text):
        raise Refused(f"illegal nat id: {text}")
    return int(text)


def _option(session: Session, nat: Nat, words: Words) -> None:
    word = words.take()
    if word in redirects.KINDS:
        nat.redirects.append(redirects.read(word, words))
    elif word == "ip":
        nat.address = redirects.plain_address(words.take("missing option", 65))
        nat.interface = ""
    elif word == "if":
        _interface(session, nat, words.take("missing option", 65))
    elif word == "port_range":
        words.take("missing option", 65)
    elif word in MODES and word not in nat.modes:
        nat.modes.append(word)


def _interface(session: Session, nat: Nat, name: str) -> None:
    """Take the first IPv4 address of an interface."""
    interface = session.machine.kernel.interface(name)
    if interface is None:
        raise Refused(f"unknown interface name {name}", 1)
    address = next((item for item in interface.parsed() if isinstance(item, IPv4Interface)), None)
    if address is None:
        raise Refused(f"{name}: cannot get interface address", 1)
    nat.interface, nat.address = name, str(address.ip)


def line(nat: Nat) -> str:
    """Print an instance."""
    if nat.interface:
        where = f" if {nat.interface}"
    else:
        where = f" ip {nat.address}" if nat.address not in {"", NOWHERE} else ""
    modes = "".join(f" {mode}" for mode in nat.modes)
    return f"ipfw nat {nat.number} config{where}{modes}" + "".join(_redirect(item) for item in nat.redirects)


def _redirect(item: Redirect) -> str:
    if item.kind == "addr":
        return f" redirect_addr {','.join(server.address for server in item.servers)} {item.public}"
    name = PROTOCOL_NAMES.get(item.proto, str(item.proto))
    public = "" if item.public == NOWHERE else item.public
    remote = "" if item.remote == NOWHERE else f" {item.remote}"
    if item.kind == "proto":
        text = f" redirect_proto {name} {item.servers[0].address}"
        return text + (f" {public}{remote}" if public else "")
    servers = ",".join(f"{server.address}:{_ports(server.port, item.ports)}" for server in item.servers)
    text = f" redirect_port {name} {servers} {f'{public}:' if public else ''}"
    text += _ports(item.public_port, item.ports)
    if remote and item.remote_port:
        remote += f":{_ports(item.remote_port, item.remote_ports)}"
    return text + remote


def _ports(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def show(session: Session, words: Words) -> None:
    """Show the configuration or the statistics, of one instance or of all."""
    number = atoi(words.take()) if words.next[:1].isdecimal() else None
    action = next((word for word in ("config", "log") if words and words.next == word), "")
    if not action:
        raise Refused("Please specify action. Available: config,log", USAGE)
    ipfw = session.machine.kernel.ipfw
    if number is None:
        _all(session, ipfw, action)
        return
    nat = ipfw.nat(number)
    if nat is None:
        text = NO_PROCESS if session.is_loaded("ipfw") else NO_MODULE
        raise Refused(f"Error getting nat {number} instance info: {text}", OSERR)
    session.say(line(nat))  # of `show log`, too, which is an error of ipfw's own


def _all(session: Session, ipfw: Ipfw, action: str) -> None:
    for nat in ipfw.nats:
        if action == "config":
            session.say(line(nat))
        elif "log" in nat.modes:
            counts = "icmp=0, udp=0, tcp=0, sctp=0, pptp=0, proto=0, frag_id=0 frag_ptr=0 / tot=0"
            session.say(f"nat {nat.number}: {counts}")


def delete(session: Session, number: int) -> int:
    """Delete an instance; rules that name it stay.

    Returns:
        69 when there is none, which is told.
    """
    ipfw = session.machine.kernel.ipfw
    nat = ipfw.nat(number)
    if nat is None:
        if not session.is_quiet:
            session.warn(f"nat {number} not available: {NO_PROCESS}")
        return UNAVAILABLE
    if not session.is_test:
        ipfw.nats.remove(nat)
        session.machine.touch()
    return 0
