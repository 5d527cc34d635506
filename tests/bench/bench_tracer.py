"""How long the tracer takes for 2,000 rules: `python -m tests.bench.bench_tracer`.

The goal: one packet in well under 50 ms, the first one, for which the rules are made ready, included.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import perf_counter

from apps.freebsd.firewall.compare import changed_fates
from apps.freebsd.firewall.model import Firewall, NatInstance, Rule
from apps.freebsd.firewall.packet import SYN, Interface, JailPlace, Packet, World, from_jail
from apps.freebsd.firewall.parse import parse_rules
from apps.freebsd.firewall.telling import telling_packets
from apps.freebsd.firewall.trace import trace

RULES = 2000
GOAL_MS = 50


def many_rules(count: int = RULES) -> Firewall:
    """Return a firewall whose rules mostly say something of their own, and all miss the packet below."""
    lines = ["10 allow ip from any to any via lo0", "20 check-state"]
    for place in range(count - 4):
        address = f"10.{place // 250 % 250}.{place % 250}.7"
        lines.append(f"{100 + place} allow tcp from any to {address} {1000 + place} in setup keep-state")
    lines += [
        "40000 skipto 50000 tcp from 10.0.0.0/24 to any 80,443 out setup keep-state",
        "50000 nat 123 ip4 from 10.0.0.0/24 to not 10.0.0.0/24 out",
    ]
    rules, problems = parse_rules("\n".join(lines))
    assert not problems
    nat = NatInstance(123, "192.0.2.10", options=frozenset({"same_ports"}))
    return Firewall(rules, (nat,), one_pass=True)


WORLD = World(
    (Interface("re0", ("192.0.2.10/24",)), Interface("lo0", ("127.0.0.1/8",))),
    (JailPlace("web", ("10.0.0.5",)),),
    "re0",
)
PACKET = Packet(from_jail("web"), dst="198.51.100.7", sport=51000, dport=80, flags=SYN)


def _ms(begin: float) -> float:
    return (perf_counter() - begin) * 1000


def first_and_next_ms(firewall: Firewall, times: int = 20) -> tuple[float, float]:
    """Return how long the first packet takes, and the median of those after it, in milliseconds."""
    begin = perf_counter()
    trace(firewall, WORLD, [PACKET])
    first = _ms(begin)
    taken = []
    for _ in range(times):
        begin = perf_counter()
        trace(firewall, WORLD, [PACKET])
        taken.append(_ms(begin))
    return first, median(taken)


def comparing_ms(firewall: Firewall) -> tuple[int, float, float]:
    """Return how many conversations are compared, and how long making and comparing them takes."""
    added = Rule(number=45000, action="deny")
    changed = replace(firewall, rules=(*firewall.rules[:-1], added, firewall.rules[-1]))
    begin = perf_counter()
    conversations = telling_packets(firewall, changed, WORLD)
    made = _ms(begin)
    begin = perf_counter()
    changed_fates(firewall, changed, WORLD, conversations)
    return len(conversations), made, _ms(begin)


def main() -> None:
    """Print the measurements."""
    firewall = many_rules()
    first, later = first_and_next_ms(firewall)
    print(f"\ntracer, {len(firewall.rules)} rules, all lines: goal {GOAL_MS} ms a packet")
    print(f"  first packet (rules made ready)  {first:8.1f} ms  {'met' if first < GOAL_MS else 'MISSED'}")
    print(f"  packets after it                 {later:8.1f} ms  {'met' if later < GOAL_MS else 'MISSED'}")
    count, made, compared = comparing_ms(firewall)
    print(f"  {count} telling conversations    made in {made:.0f} ms, compared in {compared:.0f} ms")


if __name__ == "__main__":
    main()
