"""Rule sets made by chance over the whole of the reference's grammar, dense enough that packets meet them.

Left out is what the reference does not settle: `prob`, pools of servers (they take turns), instances in
`reverse` mode (how a packet goes on whose destination changes on its way out), two redirect_addr for one
public address.

Source: reference ipfw §2, §5.1, §8, §9.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.fuzz.cast import HOST, HOST6, JAIL_NET, JAILS, JAILS6, OUTSIDE, OUTSIDE6, PUBLIC2

PORTS = ("22", "53", "80", "443", "8000-8009", "22,80", "53,443", "1-1023", "40000-60000", "80,8000-8004")
STATE_NAMES = ("", "", "", " :default", " :dns", " :web")
NATS = (1, 2)


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
        f"{JAILS[0]}/32",
        JAIL_NET,
        f"{OUTSIDE[0]}/32",
        "198.51.100.0/24",
        f"{JAILS6[0]}/128",
        "2001:db8:1::/48",
    )
    chosen = chance.sample(keys, chance.randint(1, 4))
    return tuple(("some", key, str(chance.choice((0, 1, 2, *numbers)))) for key in chosen)


def _rule(chance: random.Random, numbers: list[int]) -> str:
    in_set = chance.choice(("", "", "", "", "set 5 ", "set 6 "))
    action = _action(chance, numbers)
    if action.startswith("check-state"):
        return in_set + action
    marks = chance.choice((" log", " tag 7", " untag 7", "", "", "", "", "", "", ""))
    body = _options_only(chance) if chance.random() < 0.05 else _body(chance)
    return f"{in_set}{action}{marks} {body}{_state(chance)}"


def _action(chance: random.Random, numbers: list[int]) -> str:
    words = {
        "allow": 24, "deny": 8, "count": 8, "skipto": 14, "nat": 18, "check-state": 10, "call": 4,
        "return": 4, "reject": 1, "reset": 1, "unreach host-prohib": 1, "reass": 1, "divert 8668": 1,
        "fwd 10.0.0.6,80": 1, "fwd 198.51.100.80": 1, "pipe 1": 1, "setfib 1": 1, "skipto tablearg": 1,
    }  # fmt: skip
    (word,) = chance.choices(list(words), list(words.values()))
    if word in ("skipto", "call"):
        return f"{word} {chance.choice(numbers) + chance.choice((0, 0, 1))}"
    if word == "nat":
        return f"nat {chance.choice((*NATS, *NATS, *NATS, *NATS, 9))}"
    return word + (chance.choice((" :any", *STATE_NAMES)) if word == "check-state" else "")


def _body(chance: random.Random) -> str:
    proto = chance.choice(
        (
            "ip",
            "ip",
            "ip",
            "ip4",
            "ip4",
            "ip6",
            "tcp",
            "tcp",
            "tcp",
            "udp",
            "icmp",
            "gre",
            "ipv6-icmp",
            "{ tcp or udp }",
        )
    )
    six = proto in ("ip6", "ipv6-icmp")
    has_ports = proto in ("tcp", "udp", "{ tcp or udp }")
    ends = []
    for _ in range(2):
        ports = f" {chance.choice(PORTS)}" if has_ports and chance.random() < 0.3 else ""
        ends.append(_end(chance, six=six) + ports)
    options = [_option(chance, proto) for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3)))]
    return " ".join([proto, "from", ends[0], "to", ends[1], *options])


def _end(chance: random.Random, *, six: bool) -> str:
    if chance.random() < 0.45:
        return "any"
    plain4 = (
        HOST,
        PUBLIC2,
        *JAILS,
        JAIL_NET,
        *OUTSIDE,
        f"{JAILS[0]},{JAILS[1]}",
        "10.0.0.0/24{5,7-9}",
        "10.0.0.5:255.255.0.255",
    )
    plain6 = (HOST6, *JAILS6, "fd00::/64", *OUTSIDE6)
    found = chance.choice(
        ("me", "me", "table(some)", "table(some,1)", "me6" if six else "me", *(plain6 if six else plain4))
    )
    if chance.random() < 0.15:
        return f"not {found}"
    if chance.random() < 0.08:
        return f"{{ {found} or {chance.choice(plain6 if six else plain4)} }}"
    return found


def _option(chance: random.Random, proto: str) -> str:
    everywhere = (
        *(
            "in",
            "out",
            "in",
            "out",
            "in",
            "out",
            "via re0",
            "via lo0",
            "via lo*",
            "in recv re0",
            "out xmit re0",
            "recv re0",
        ),
        *(
            "tagged 7",
            "frag",
            "verrevpath",
            "antispoof",
            "versrcreach",
            "{ in or via lo0 }",
        ),
        *("proto udp", "ipttl 64", "iplen 60-1500", "xmit lo0", f"via {HOST}"),
        *(() if proto in ("ip6", "ipv6-icmp") else (f"src-ip {JAIL_NET}", f"dst-ip {OUTSIDE[0]}")),
    )
    of_tcp = (
        "setup",
        "setup",
        "established",
        "established",
        "tcpflags syn,!ack",
        "tcpflags fin",
        "{ setup or established }",
    )
    of_icmp = ("icmptypes 0,8", "icmptypes 8", "icmptypes 3,11")
    own = {"tcp": of_tcp, "icmp": of_icmp, "ipv6-icmp": ("icmp6types 128,129",)}.get(proto, ())
    if proto in ("tcp", "udp") and chance.random() < 0.2:
        return f"{chance.choice(('src', 'dst'))}-port {chance.choice(PORTS)}"
    word = chance.choice((*everywhere, *own, *own, *own))
    return f"not {word}" if chance.random() < 0.08 and " " not in word and word not in ("in", "out") else word


def _options_only(chance: random.Random) -> str:
    return chance.choice(("in via lo0", "via lo0", "out xmit re0", "established", "frag", "in recv re0"))


def _state(chance: random.Random) -> str:
    name = chance.choice(STATE_NAMES)
    (kind,) = chance.choices(
        ("", "keep-state", "limit", "record-state", "set-limit", "deferred"), (70, 22, 4, 2, 1, 1)
    )
    if kind in ("limit", "set-limit"):
        masks = chance.choice(("src-addr", "dst-addr", "src-addr dst-port", "dst-port"))
        return f" {kind} {masks} {chance.choice((1, 2, 3))}{name}"
    if kind == "deferred":
        return f" {chance.choice(('keep-state', 'record-state'))}{name} defer-immediate-action"
    return f" {kind}{name}" if kind else ""


def _nat(chance: random.Random, number: int) -> str:
    where = chance.choice((f"ip {HOST}", f"ip {HOST}", f"ip {PUBLIC2}", "if re0"))
    weights = {
        "same_ports": 0.8, "unreg_only": 0.5, "deny_in": 0.4, "log": 0.1, "reset": 0.2, "proxy_only": 0.03,
        "unreg_cgn": 0.05,
    }  # fmt: skip
    modes = [mode for mode, weight in weights.items() if chance.random() < weight]
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
