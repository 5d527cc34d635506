"""Let both walkers loose on generated rule sets: python -m tests.fuzz --sets 1000 --packets 110 --seed 7."""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.fuzz.conversations import conversation
from tests.fuzz.duel import differences, fight
from tests.fuzz.minimise import Case, as_text, minimised
from tests.fuzz.rule_sets import rule_set

CHUNK = 100


def case_of(seed: str, packets: int) -> Case:
    """Make the case of a seed.

    Args:
        seed: Of the run and the number of the rule set.
        packets: How many are sent.
    """
    chance = random.Random(seed)  # noqa: S311  a test's dice
    return rule_set(chance), conversation(chance, packets)


def run_chunk(chunk: range, *, seed: int, packets: int) -> tuple[int, list[str]]:
    """Try some rule sets; give how many packets were compared, and each difference, made small, as text."""
    compared, texts = 0, []
    for number in chunk:
        rules, said = case_of(f"{seed} {number}", packets)
        duel = fight(rules, said)
        compared += duel.compared
        if duel.difference is not None:
            small = minimised(rules, said)
            texts.append(f"# seed {seed}, rule set {number}\n{as_text(*small, differences(*small))}\n")
    return compared, texts


def say(text: str) -> None:
    """Print at once, since it runs for minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Run, print what was found and how long it took; 1 when the walkers differ."""
    options = _options(argv)
    say(f"seed {options.seed}: {options.sets} rule sets, {options.packets} packets each")
    began = time.monotonic()
    chunks = [range(at, min(at + CHUNK, options.sets)) for at in range(0, options.sets, CHUNK)]
    work = partial(run_chunk, seed=options.seed, packets=options.packets)
    found: list[str] = []
    total = 0
    with ProcessPoolExecutor(options.workers) as pool:
        for chunk, (compared, texts) in zip(chunks, pool.map(work, chunks), strict=True):
            say(f"rule sets {chunk.start} to {chunk.stop - 1}: {compared} packets, {len(texts)} differences")
            total += compared
            found += texts
    say("\n".join(found))
    say(f"{total} packets, {len(found)} differences, {time.monotonic() - began:.0f} s")
    return 1 if found else 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--packets", type=int, default=110)
    parser.add_argument("--seed", type=lambda text: int(text) if text else None, default=None)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    options.seed = random.randrange(10**6) if options.seed is None else options.seed  # noqa: S311
    return options


if __name__ == "__main__":
    sys.exit(main())
