"""Make a difference small, and print it as text that can be pasted.

What is left after every rule, instance, entry and packet that does not matter has been taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.conversations import Said
from tests.fuzz.duel import Difference, differences
from tests.fuzz.rule_sets import RuleSet

Case = tuple[RuleSet, tuple[Said, ...]]
PARTS = ("rules", "nats", "tables", "disabled")


def minimised(rules: RuleSet, said: tuple[Said, ...], differ: Callable[[Case], bool] | None = None) -> Case:
    """Take away what the walkers differ without.

    Args:
        rules: Of a case of which they differ.
        said: Its packets.
        differ: Tells whether they still do.
    """
    is_kept = differ or _differ
    case = rules, said
    while smaller := next((other for other in _smaller(*case) if is_kept(other)), None):
        case = smaller
    return case


def _differ(case: Case) -> bool:
    return differences(*case) is not None


def _smaller(rules: RuleSet, said: tuple[Said, ...]) -> Iterator[Case]:
    """Give every case that has one thing less, big pieces first."""
    for part in PARTS:
        for rest in _without(getattr(rules, part)):
            yield replace(rules, **{part: rest}), said
    for rest in _without(said):
        yield rules, rest
    for place, packet in enumerate(said):
        if packet.pause_s:
            yield rules, (*said[:place], replace(packet, pause_s=0), *said[place + 1 :])


def _without(things: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    size = len(things) // 2
    while size:
        for start in range(0, len(things), size):
            yield things[:start] + things[start + size :]
        size //= 2
    if len(things) == 1:
        yield ()


def as_text(rules: RuleSet, said: tuple[Said, ...], found: Difference | None) -> str:
    """Print a case: lines for ipfw, then the case as Python, then what the two say."""
    lines = [f"ipfw add {rule}" for rule in rules.rules]
    lines += [f"ipfw {line}" for line in rules.nats]
    lines += [f"ipfw table {name} add {key} {value}" for name, key, value in rules.tables]
    lines += [
        f"sysctl net.inet.ip.fw.one_pass={int(rules.one_pass)}",
        "",
        f"rules = {rules!r}",
        f"said = {said!r}",
    ]
    if found is not None:
        lines += ["", f"of packet {found.place}", f"  the tracer says    {found.tracer}"]
        lines.append(f"  the simulator says {found.simulator}")
    return "\n".join(lines)
