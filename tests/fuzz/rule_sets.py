"""Rule sets made by chance over the whole of the reference's grammar, dense enough that packets meet them.

Left out is what the reference does not settle: `prob`, pools of servers (they take turns), instances in
`reverse` mode (how a packet goes on whose destination changes on its way out), two redirect_addr for one
public address; and `uid`, `gid`, `jail`, which need sockets.

Source: reference ipfw §2, §5.1, §8, §9.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.fuzz.cast import HOST, HOST6, JAIL_NET, JAILS, JAILS6, OUTSIDE, OUTSIDE6, PUBLIC2

NATS = (1, 2)
ACTIONS = {
    "allow": 24, "deny": 8, "count": 8, "skipto": 14, "nat": 18, "check-state": 10, "call": 4, "return": 4,
    "reject": 1, "reset": 1, "unreach host-prohib": 1, "reass": 1, "divert 8668": 1, "fwd 10.0.0.6,80": 1,
    "fwd 198.51.100.80": 1, "pipe 1": 1, "queue 1": 1, "setfib 1": 1, "skipto tablearg": 1, "nat tablearg": 1,
    "nat global": 1, "call tablearg": 1, "tee 8668": 1,
}  # fmt: skip
MARKS = ("", "", "", "", "", "", "", " log", " tag 7", " untag 7")
IN_SETS = ("", "", "", "", "set 5 ", "set 6 ")
PROTOS = (
    *("ip", "ip", "ip", "ip4", "ip4", "ip6", "tcp", "tcp", "tcp", "udp", "icmp", "gre", "ipv6-icmp"),
    "{ tcp or udp }",
)
WITH_PORTS = ("tcp", "udp", "{ tcp or udp }")
PORTS = (
    *("22", "53", "80", "443", "8000-8009", "22,80", "53,443", "1-1023", "40000-60000", "80,8000-8004"),
    *("not 80", "not 22,443"),
)
STATE_NAMES = ("", "", "", " :default", " :dns", " :web")
STATES = {"": 70, "keep-state": 22, "limit": 4, "record-state": 2, "set-limit": 1, "deferred": 1}
MASKS = ("src-addr", "dst-addr", "src-addr dst-port", "dst-port", "src-addr src-port dst-addr dst-port")
ENDS4 = (
    *(HOST, PUBLIC2, *JAILS, JAIL_NET, *OUTSIDE, f"{JAILS[0]},{JAILS[1]}"),
    *("10.0.0.0/24{5,7-9}", "10.0.0.5:255.255.0.255"),
)
ENDS6 = (HOST6, *JAILS6, "fd00::/64", *OUTSIDE6)
OPTIONS = (
    *("in", "out", "in", "out", "in", "out", "via re0", "via lo0", "via lo*", "recv re0", "xmit lo0"),
    *(
        "in recv re0",
        "out xmit re0",
        f"via {HOST}",
        "{ in or via lo0 }",
        "proto udp",
        "{ proto tcp or proto icmp }",
    ),
    *("tagged 7", "frag", "frag mf", "frag !mf", "ipttl 64", "iplen 60-1500", "verrevpath", "antispoof"),
    *("versrcreach", "lookup src-ip some", "lookup dst-ip some", "layer2", "established"),
)
OPTIONS4 = (f"src-ip {JAIL_NET}", f"dst-ip {OUTSIDE[0]}", "dst-ip me", "ipid 1-7")
TCP_OPTIONS = (
    *("setup", "setup", "established", "established", "tcpflags syn,!ack", "tcpflags fin", "tcpflags !rst"),
    "{ setup or established }",
)
OWN_OPTIONS = {
    "tcp": TCP_OPTIONS,
    "icmp": ("icmptypes 0,8", "icmptypes 8", "icmptypes 3,11"),
    "ipv6-icmp": ("icmp6types 128,129",),
}
ALONE = (
    "in via lo0",
    "via lo0",
    "out xmit re0",
    "established",
    "frag",
    "in recv re0",
    "setup",
    "icmptypes 8",
)
MODES = {
    "same_ports": 0.8, "unreg_only": 0.5, "deny_in": 0.4, "log": 0.1, "reset": 0.2, "proxy_only": 0.03,
    "unreg_cgn": 0.05, "skip_global": 0.1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What a host's firewall is told.

    Args:
        rules: As typed after `ipfw add`, in the order of their numbers.
        nats: As typed after `ipfw`: `nat 1 config …`.
        tables: Name, key and value of each entry.
        one_pass: net.inet.ip.fw.one_pass.
        allows: What the default rule does.
        disabled: Sets that are switched off.
        forwards: net.inet.ip.forwarding.
    """

    rules: tuple[str, ...]
    nats: tuple[str, ...] = ()
    tables: tuple[tuple[str, str, str], ...] = ()
    one_pass: bool = False
    allows: bool = False
    disabled: tuple[int, ...] = ()
    forwards: bool = False


def rule_set(chance: random.Random) -> RuleSet:
    """Make a rule set.

    Args:
        chance: What decides everything.
    """
    numbers = sorted(chance.choice(range(10, 1000, 10)) for _ in range(chance.randint(4, 30)))
    return RuleSet(
        rules=tuple(f"{number} {_rule(chance, numbers)}" for number in numbers),
        nats=tuple(_nat(chance, number) for number in NATS if chance.random() < 0.9),
        tables=_tables(chance, numbers),
        one_pass=chance.random() < 0.4,
        allows=chance.random() < 0.5,
        disabled=(5,) if chance.random() < 0.5 else (),
        forwards=chance.random() < 0.2,
    )


def _tables(chance: random.Random, numbers: list[int]) -> tuple[tuple[str, str, str], ...]:
    keys = (
        *(f"{JAILS[0]}/32", JAIL_NET, f"{OUTSIDE[0]}/32", "198.51.100.0/24"),
        *(f"{JAILS6[0]}/128", "2001:db8:1::/48"),
    )
    chosen = chance.sample(keys, chance.randint(1, 4))
    return tuple(("some", key, str(chance.choice((0, 1, 2, *numbers)))) for key in chosen)


def _rule(chance: random.Random, numbers: list[int]) -> str:
    in_set = chance.choice(IN_SETS)
    action = _action(chance, numbers)
    if action.startswith("check-state"):
        return in_set + action
    body = chance.choice(ALONE) if chance.random() < 0.05 else _body(chance)
    return f"{in_set}{action}{chance.choice(MARKS)} {body}{_state(chance)}"


def _action(chance: random.Random, numbers: list[int]) -> str:
    (word,) = chance.choices(list(ACTIONS), list(ACTIONS.values()))
    if word in ("skipto", "call"):
        return f"{word} {chance.choice(numbers) + chance.choice((0, 0, 1))}"
    if word == "nat":
        return f"nat {chance.choice((*NATS, *NATS, *NATS, *NATS, 9))}"
    return word + (chance.choice((" :any", *STATE_NAMES)) if word == "check-state" else "")


def _body(chance: random.Random) -> str:
    proto = chance.choice(PROTOS)
    ends = [_end(chance, proto), _end(chance, proto)]
    options = [_option(chance, proto) for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3)))]
    return " ".join([proto, "from", ends[0], "to", ends[1], *options])


def _end(chance: random.Random, proto: str) -> str:
    ports = f" {chance.choice(PORTS)}" if proto in WITH_PORTS and chance.random() < 0.3 else ""
    return _address(chance, is_six=_is_six(proto)) + ports


def _is_six(proto: str) -> bool:
    return proto in ("ip6", "ipv6-icmp")


def _address(chance: random.Random, *, is_six: bool) -> str:
    if chance.random() < 0.45:
        return "any"
    plain = ENDS6 if is_six else ENDS4
    found = chance.choice(("me", "me", "table(some)", "table(some,1)", "me6" if is_six else "me", *plain))
    if chance.random() < 0.15:
        return f"not {found}"
    return f"{{ {found} or {chance.choice(plain)} }}" if chance.random() < 0.08 else found


def _option(chance: random.Random, proto: str) -> str:
    if proto in ("tcp", "udp") and chance.random() < 0.2:
        ports = chance.choice(PORTS).removeprefix("not ")
        return f"{chance.choice(('', 'not '))}{chance.choice(('src', 'dst'))}-port {ports}"
    own = OWN_OPTIONS.get(proto, ())
    word = chance.choice((*OPTIONS, *(() if _is_six(proto) else OPTIONS4), *own, *own, *own))
    can_be_turned = not word.startswith(("{", "in", "out"))
    return f"not {word}" if can_be_turned and chance.random() < 0.1 else word


def _state(chance: random.Random) -> str:
    name = chance.choice(STATE_NAMES)
    (kind,) = chance.choices(list(STATES), list(STATES.values()))
    if kind in ("limit", "set-limit"):
        return f" {kind} {chance.choice(MASKS)} {chance.choice((1, 2, 3))}{name}"
    if kind == "deferred":
        return f" {chance.choice(('keep-state', 'record-state'))}{name} defer-immediate-action"
    return f" {kind}{name}" if kind else ""


def _nat(chance: random.Random, number: int) -> str:
    where = chance.choice((f"ip {HOST}", f"ip {HOST}", f"ip {PUBLIC2}", "if re0"))
    modes = [mode for mode, weight in MODES.items() if chance.random() < weight]
    own = PUBLIC2 if PUBLIC2 in where else HOST
    redirects = (
        f"redirect_port tcp {JAILS[0]}:80 80",
        f"redirect_port tcp {JAILS[1]}:8000-8009 {own}:8000-8009",
        f"redirect_port udp {JAILS[1]}:53 {HOST}:53",
        f"redirect_port tcp {JAILS[2]}:22 443 {OUTSIDE[0]}",
        f"redirect_port tcp {JAILS[2]}:443 {PUBLIC2}:443",
        f"redirect_addr {chance.choice(JAILS[1:])} {PUBLIC2}",
        f"redirect_proto gre {JAILS[0]}",
    )
    chosen = chance.sample(redirects, chance.choice((0, 0, 1, 1, 2, 3)))
    return " ".join([f"nat {number} config", where, *modes, *chosen])
