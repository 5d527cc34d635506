"""Strike a running panel at moments of chance and see what holds: `make faults`.

python -m tests.faults [--database sqlite|postgresql] [--fault NAME,…] [--seed N] [--rounds N] [--hosts N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.faults import rounds, world
from tests.faults.strikes import BOTH, FAULTS, Fault, why_not_here
from tests.faults.table import table

ROUNDS = 2


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--database", choices=(*BOTH, ""), help="on this one only (one after the other)")
    parser.add_argument("--fault", default="", metavar="NAME,…", help="only these")
    parser.add_argument("--seed", type=_number, help="repeat what was struck under it")
    parser.add_argument("--rounds", type=_number, help="of each fault on each database (2)")
    parser.add_argument("--hosts", type=int, default=2, help="how many hosts are at work at once (2)")
    parser.add_argument("--short", action="store_true", help="a few faults, short commands and outages")
    parser.add_argument("--json", action="store_true", help="one line a round, for programs")
    return parser.parse_args(argv)


def _number(text: str) -> int | None:
    """Read a number; make gives an empty text for what was not said."""
    return int(text) if text else None


def seed_of(options: argparse.Namespace) -> int:
    return options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)


def chosen(options: argparse.Namespace, database: str) -> list[Fault]:
    known = {fault.name: fault for fault in FAULTS if not why_not_here(fault)}
    names = [name for name in options.fault.split(",") if name]
    if unknown := set(names) - set(known):
        sys.exit(f"There is no fault {', '.join(unknown)}. There are: {', '.join(known)}.")
    if names:
        return [known[name] for name in names if database in known[name].on]
    return [fault for fault in known.values() if database in (fault.in_short if options.short else fault.on)]


def play(options: argparse.Namespace) -> Iterator[rounds.Result]:
    """Play all rounds on one database: its world is made once."""
    seed = seed_of(options)
    faults = chosen(options, options.database)
    if not faults:
        return
    if options.short:
        os.environ["FAULTS_SHORT"] = "1"
    panel = world.build(options.database, options.hosts)
    panel.is_short = options.short
    try:
        order = [(repeat, fault) for repeat in range(options.rounds or ROUNDS) for fault in faults]
        for number, (repeat, fault) in enumerate(order):
            yield rounds.play(panel, fault, seed + repeat, number)
    finally:
        # Whoever is in a hurry now would leave processes behind.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        world.end(panel)


def play_each(options: argparse.Namespace) -> Iterator[rounds.Result]:
    """Play on both databases: a process knows one only."""
    seed = seed_of(options)
    for database in BOTH:
        if not chosen(options, database):
            continue
        command = [sys.executable, "-m", "tests.faults", "--json", "--database", database]
        command += ["--seed", str(seed), "--rounds", str(options.rounds or ROUNDS)]
        command += ["--hosts", str(options.hosts), "--fault", options.fault]
        command += ["--short"] * options.short
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                yield from (rounds.Result(**json.loads(line)) for line in process.stdout)
            finally:
                process.terminate()
        if process.returncode not in {0, 1}:
            raise RuntimeError(f"the rounds on {database} ended with {process.returncode}")


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, results = time.monotonic(), []
    for result in play(options) if options.database else play_each(options):
        results.append(result)
        line = json.dumps(result.to_json()) if options.json else _line(result)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    if not options.json:
        sys.stdout.write(f"\n{table(results)}\n{time.monotonic() - began:.0f} s for all of it\n")
    return 1 if any(result.violations for result in results) or not results else 0


def _line(result: rounds.Result) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(result.states.items()))
    where = f"{result.database:<10} {result.fault:<22} seed {result.seed:<7} at {result.moment_s:4.1f} s"
    lines = [f"{where} {result.seconds:6.1f} s  {states}; {result.takeovers} taken over; {result.seen}"]
    lines += [f"    VIOLATION: {sentence}" for sentence in result.violations]
    if result.violations:
        again = f"make faults FAULT={result.fault} SEED={result.seed} DATABASE={result.database}"
        lines.append(f"    again: {again}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
