"""Serve simulated FreeBSD hosts: `python -m apps.simulator --dir DIR --hosts 3`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from apps.simulator.hosts import HISTORY, demo_hosts
from apps.simulator.mirrors import write_manifests
from apps.simulator.patches import RELEASES
from apps.simulator.simulation import AlreadyServed, Simulation

ONE_PORT_HELP = "listen on 127.0.1.1, 127.0.1.2, … at this port instead of on free ports of 127.0.0.1"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m apps.simulator", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where the hosts live; made when missing")
    parser.add_argument("--hosts", type=int, default=3, help="how many (3)")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="1.0 is as slow as real hosts, 0 takes no time"
    )
    parser.add_argument("--panel-key", type=Path, help="a public key that may run the agent on every host")
    parser.add_argument("--in-process", action="store_true", help="answer probes without processes")
    parser.add_argument("--mirror", type=Path, help="a folder that is to get releases' MANIFESTs and sets")
    parser.add_argument("--one-port", type=int, metavar="PORT", help=ONE_PORT_HELP)
    return parser.parse_args(argv)


def simulation_of(options: argparse.Namespace) -> Simulation:
    """Make the simulation that the command line asks for."""

    def address_of(index: int) -> tuple[str, int]:
        if options.one_port is None:
            return "127.0.0.1", 0
        return f"127.0.{1 + index // 250}.{1 + index % 250}", options.one_port

    return Simulation(
        options.dir,
        pace=options.pace,
        panel_key=options.panel_key.read_text() if options.panel_key else "",
        in_process=options.in_process,
        address_of=address_of,
    )


async def serve(options: argparse.Namespace) -> None:
    """Serve until TERM or INT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.mirror:
        write_manifests(options.mirror, RELEASES, sets=True)
    simulation = simulation_of(options)
    try:
        await simulation.start(demo_hosts(options.hosts), HISTORY)
        sys.stdout.write(f"{len(simulation.hosts)} simulated hosts are ready: {options.dir / 'hosts.json'}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await simulation.stop()


if __name__ == "__main__":
    try:
        asyncio.run(serve(arguments()))
    except AlreadyServed as error:
        sys.exit(str(error))
