"""`make contract HOST=address PORT=22 KEY=file`: hold a real FreeBSD machine against the contract.

The machine must have been set aside for it: it installs a basejail, makes and destroys jails, and leaves a
jail's root and small files behind. It must hold the file /etc/jailpanel-scratch-host, and its agent must be
this checkout's.
"""

# ruff: noqa: T201  a program that prints

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from apps.freebsd.channel import loop
from apps.freebsd.channel.agent import Agent, NoSuchFile
from apps.freebsd.channel.ssh import SshChannel, SshTarget, fingerprint, scan_host_key
from apps.freebsd.errors import InvalidInput, PanelError
from apps.freebsd.values import DEFAULT_MIRROR, Mirror
from tests.contract.conduct import conduct_all, summary, table
from tests.contract.trial import Trial

SCRATCH_FILE = "/etc/jailpanel-scratch-host"
SCAN_TIMEOUT_S = 15
HELD, DIFFERED, NOT_TRIED = 0, 1, 2


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        return loop.run(_try(options))
    except PanelError as error:
        print(error.message, file=sys.stderr)
        return NOT_TRIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make contract", description=__doc__)
    parser.add_argument("--host", required=True, help="name or address of the scratch host")
    parser.add_argument("--port", default="", help="TCP port of its SSH server (22)")
    parser.add_argument("--key", required=True, help="private key whose entry there is forced to the agent")
    parser.add_argument("--user", default="", help="user to sign in as (root)")
    parser.add_argument("--mirror", default="", help="where it installs its basejail from")
    parser.add_argument("--fingerprint", default="", help="SHA256:… that its host key must have")
    return parser


async def _try(options: argparse.Namespace) -> int:
    target = await _target(options)
    mirror = Mirror.parse(options.mirror) if options.mirror else DEFAULT_MIRROR
    channel = SshChannel(target)
    try:
        await _insist_on_scratch(Agent(channel))
        trial = Trial(channel, mirror)
        await conduct_all(trial)
    finally:
        await channel.close()
    print("\n".join(table(trial.rows)))
    print(f"\n{options.host}: {summary(trial.rows)}")
    return DIFFERED if trial.differences else HELD


async def _target(options: argparse.Namespace) -> SshTarget:
    if not options.host or not options.key:
        raise InvalidInput("Say which machine and which key: make contract HOST=address PORT=22 KEY=file")
    port = int(options.port or 22)
    host_key = await scan_host_key(options.host, port, SCAN_TIMEOUT_S)
    print(f"{options.host} shows the host key {fingerprint(host_key)}")
    if options.fingerprint and fingerprint(host_key) != options.fingerprint:
        raise InvalidInput("That is not the key that was asked for; nothing was sent.")
    return SshTarget(options.host, port, options.user or "root", host_key, Path(options.key))


async def _insist_on_scratch(agent: Agent) -> None:
    try:
        await agent.read(SCRATCH_FILE)
    except NoSuchFile:
        raise InvalidInput(
            f"This machine was not set aside for this: it has no file {SCRATCH_FILE}. Nothing was done."
        ) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
