"""The short run of the fuzz: the same rule sets each time, so that it says the same on every machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fuzz.__main__ import case_of
from tests.fuzz.duel import by_simulator, by_tracer, differences
from tests.fuzz.minimise import as_text, minimised

SEED, SETS, PACKETS = "short", 80, 40


@pytest.mark.parametrize("chunk", range(4))
def test_two_walkers_written_apart_agree(chunk):
    for number in range(chunk * SETS // 4, (chunk + 1) * SETS // 4):
        rules, said = case_of(f"{SEED} {number}", PACKETS)
        found = differences(rules, said)
        assert found is None, as_text(*(small := minimised(rules, said)), differences(*small))


def test_generated_packets_meet_every_fate_and_are_translated():
    fates, translated = set(), 0
    for number in range(10):
        rules, said = case_of(f"{SEED} {number}", PACKETS)
        told = by_simulator(rules, said)
        fates |= {one.fate for one in told}
        translated += sum(
            1
            for packet, one in zip(said, told, strict=True)
            if one.ends[0] not in ("", packet.src, packet.dst)
        )
    assert {"delivered", "sent", "lost", "not sent"} <= fates
    assert translated > 5


def test_a_difference_is_made_small():
    rules, said = case_of(f"{SEED} 1", PACKETS)
    wanted = rules.rules[2]
    small, few = minimised(rules, said, lambda case: wanted in case[0].rules and len(case[1]) > 1)
    assert small.rules == (wanted,)
    assert (small.nats, small.tables, len(few)) == ((), (), 2)
    assert f"ipfw add {wanted}" in as_text(small, few, None)


def test_both_hear_of_a_change():
    """A duel that could not tell one rule set from another would prove nothing."""
    rules, said = case_of(f"{SEED} 1", PACKETS)
    other = replace(rules, rules=("10 deny ip from any to any",))
    assert by_tracer(rules, said) != by_tracer(other, said)
    assert by_simulator(rules, said) != by_simulator(other, said)
