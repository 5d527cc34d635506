"""The command line: `python -m jailpanel.launch [--demo]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jailpanel.environment import BASE_DIR, state_dir
from jailpanel.launch.errors import AlreadyRunning, LaunchError
from jailpanel.launch.ledger import Ledger, end_stale
from jailpanel.launch.lock import describe, only_one
from jailpanel.launch.logs import Logs
from jailpanel.launch.panel import Panel
from jailpanel.launch.places import Places
from jailpanel.launch.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def main() -> int:
    """Run the panel until it is told to stop; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="jailpanel.launch", description="Run the whole panel on this machine."
    )
    parser.add_argument("--demo", action="store_true", help="with simulated hosts and ready accounts")
    demo = parser.parse_args().demo
    if demo:
        # Accounts with known passwords and hosts that do not exist must never end up in a real panel.
        os.environ.setdefault("JAILPANEL_VAR", str(BASE_DIR / "var" / "demo"))
    places = Places(state_dir())
    places.run.mkdir(mode=0o700, exist_ok=True)
    try:
        with only_one(places.run / "lock") as lock:
            return _run(places, lock, demo=demo)
    except AlreadyRunning as error:
        return _refuse(f"The panel runs already: {error}.")
    except LaunchError as error:
        return _refuse(str(error))


def _run(places: Places, lock: int, *, demo: bool) -> int:
    for name in end_stale(places.run):
        _say(f"Ended {name}, which an earlier start had left running.")
    places.make()
    ledger = Ledger(places.run)
    logs = Logs(places.logs)
    supervisor = Supervisor(folder=BASE_DIR, logs=logs, ledger=ledger, say=_say)

    def announce(url: str) -> None:
        describe(lock, f"process {os.getpid()}, {url}")

    panel = Panel(places, supervisor, logs, _say, announce, demo)
    _say(f"Starting; state and logs are in {places.state}")
    with _keeper(ledger.path):
        return asyncio.run(_until_told(panel))


async def _until_told(panel: Panel) -> int:
    """Run until a signal; a second one ends everything at once."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(panel.run())

    def stop() -> None:
        if running.cancelling():
            panel.supervisor.kill()
            return
        _say("Stopping …")
        running.cancel()

    for number in _stop_signals():
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        _say("Stopped.")
    return 0


def _stop_signals() -> list[signal.Signals]:
    """INT and TERM always; HUP unless nohup asked to ignore it."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


@contextmanager
def _keeper(record: Path) -> Iterator[None]:
    """Have a second process at hand that cleans up, should this one be killed."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "jailpanel.launch.keeper", str(record)],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        keeper.communicate()


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read along has gone; the panel goes on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
