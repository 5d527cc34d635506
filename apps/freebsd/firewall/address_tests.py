"""Tests on addresses and ports, as functions on what is seen of a packet.

Source: reference ipfw §2, §6.4.
"""

from __future__ import annotations

from collections.abc import Callable

from apps.freebsd.firewall.places import read_address
from apps.freebsd.firewall.sight import Sight

Test = Callable[[Sight], bool]
_FULL = {4: 0xFFFFFFFF, 6: (1 << 128) - 1}


def address_test(value: str, *, is_source: bool) -> Test:
    """Return the test of a source or destination as ipfw prints it.

    Raises:
        ValueError: It is not understood.
    """
    if value.startswith("table("):
        return _table_test(value, is_source=is_source)
    tests = [_one_address(part.strip(), is_source=is_source) for part in _split_list(value)]
    return tests[0] if len(tests) == 1 else lambda sight: any(test(sight) for test in tests)


def _split_list(value: str) -> list[str]:
    """Split at commas that are not within braces: `10.0.0.0/24{1,5-9}` is one."""
    if "{" not in value:
        return value.split(",")
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(value):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            parts.append(value[start:place])
            start = place + 1
    return [*parts, value[start:]]


def _one_address(text: str, *, is_source: bool) -> Test:
    if text == "any":
        return lambda _sight: True
    if text in ("me", "me4", "me6"):
        return _me_test(text, is_source=is_source)
    if "{" in text:
        return _some_of_net(text, is_source=is_source)
    family, net, mask = _net_and_mask(text)
    return _net_test(family, net, mask, is_source=is_source)


def _me_test(word: str, *, is_source: bool) -> Test:
    wanted = {"me": (4, 6), "me4": (4,), "me6": (6,)}[word]
    if is_source:
        return lambda sight: sight.family in wanted and sight.src in sight.places.mine[sight.family]
    return lambda sight: sight.family in wanted and sight.dst in sight.places.mine[sight.family]


def _net_and_mask(text: str) -> tuple[int, int, int]:
    """Return family, network and mask of `10.0.0.0/24`, `10.0.0.1`, `10.0.0.1:255.0.255.0`, `fd00::/64`."""
    address, colon, mask_text = text.partition(":")
    if colon and "." in address:
        mask = read_address(mask_text)[1]
        return 4, read_address(address)[1] & mask, mask
    address, _, length = text.partition("/")
    family, number = read_address(address)
    bits = 32 if family == 4 else 128
    prefix = int(length or bits)
    if not 0 <= prefix <= bits:
        raise ValueError(text)
    mask = _FULL[family] ^ ((1 << (bits - prefix)) - 1)
    return family, number & mask, mask


def _net_test(family: int, net: int, mask: int, *, is_source: bool) -> Test:
    if mask == _FULL[family]:
        if is_source:
            return lambda sight: sight.src == net and sight.family == family
        return lambda sight: sight.dst == net and sight.family == family
    if is_source:
        return lambda sight: sight.src & mask == net and sight.family == family
    return lambda sight: sight.dst & mask == net and sight.family == family


def _some_of_net(text: str, *, is_source: bool) -> Test:
    """`10.0.0.0/24{1,5-9}`: these last bytes within the network."""
    net_text, _, rest = text.partition("{")
    _family, net, mask = _net_and_mask(net_text)
    base = net & 0xFFFFFF00
    chosen = frozenset(
        base + last
        for low, high in read_ranges(rest.rstrip("}"))
        for last in range(low, high + 1)
        if (base + last) & mask == net
    )
    if is_source:
        return lambda sight: sight.family == 4 and sight.src in chosen
    return lambda sight: sight.family == 4 and sight.dst in chosen


def table_parts(value: str) -> tuple[str, str]:
    """Return name and value of `table(jails)` or `table(jails,5)`.

    Raises:
        ValueError: It is no table.
    """
    if not (value.startswith("table(") and value.endswith(")")):
        raise ValueError(value)
    name, _, wanted = value[6:-1].partition(",")
    return name.strip(), wanted.strip()


def _table_test(value: str, *, is_source: bool) -> Test:
    name, wanted = table_parts(value)

    def test(sight: Sight) -> bool:
        number = sight.src if is_source else sight.dst
        return found_in_table(sight, sight.tables.address_value(name, sight.family, number), wanted)

    return test


def found_in_table(sight: Sight, found: str | None, wanted: str) -> bool:
    """Say whether a table's answer is what a rule wants, and keep it for `tablearg`."""
    if found is None or (wanted and found != wanted):
        return False
    sight.table_value = found
    return True


def port_test(value: str, *, is_source: bool) -> Test:
    """Return the test of a list of ports: tcp, udp, udplite and sctp only, and no later fragments.

    Raises:
        ValueError: It is not understood.
    """
    ranges = read_ranges(value)
    if all(low == high for low, high in ranges):
        ports = frozenset(low for low, _high in ranges)
        if is_source:
            return lambda sight: sight.has_ports and sight.sport in ports
        return lambda sight: sight.has_ports and sight.dport in ports
    if is_source:
        return lambda sight: sight.has_ports and any(low <= sight.sport <= high for low, high in ranges)
    return lambda sight: sight.has_ports and any(low <= sight.dport <= high for low, high in ranges)


def read_ranges(value: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of `80,8000-8009`.

    Raises:
        ValueError: It is no list of numbers.
    """
    found = []
    for part in value.split(","):
        low, dash, high = part.strip().partition("-")
        found.append((int(low), int(high) if dash else int(low)))
    return tuple(found)
