"""Flavours: trees that are copied over a new jail's root, and the jail that is frozen into one.

Source: reference ezjail.md §1.5, §5; captures/ezjail.json (create-flavour, freeze-no-zfs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import pool
from apps.simulator.tools.ezjail.copying import cpio
from apps.simulator.tools.ezjail.jailfile import load
from apps.simulator.tools.ezjail.session import Exit
from apps.simulator.tools.ezjail.zfs import SNAPSHOT

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.jailfile import EzJail
    from apps.simulator.tools.ezjail.session import Session

COPY_SECONDS = 0.3
FIRST_START = """#!/bin/sh
#
# BEFORE: DAEMON
# PROVIDE: ezjail-config
#

. /etc/rc.subr

name="ezjail-config"
start_cmd="ezjail_config_start"

ezjail_config_start() {
  for script in /ezjail.flavour.*; do "${script}" && rm -f "${script}"; done
  rm -f /etc/rc.d/ezjail-config
}

run_rc_command "$1"
"""


async def apply_flavours(session: Session, root: str, flavours: tuple[str, ...]) -> None:
    """Copy flavours over a root, one after the other; what goes wrong is a warning."""
    files, scripts = session.files, 0
    for flavour in flavours:
        source = f"{session.get('flavours_dir')}/{flavour}"
        if not await cpio(session, source, ".", root, COPY_SECONDS):
            await session.say(f"Warning: Could not fully install flavour {flavour}.")
        if files.is_dir(f"{root}/pkg"):
            _resolve_packages(session, source, root)
        else:
            await session.complain(f"find: {root}/pkg/: No such file or directory")
        if files.is_file(f"{root}/ezjail.flavour"):
            await _keep_script(session, root, flavour, scripts)
            scripts += 1


def _resolve_packages(session: Session, source: str, root: str) -> None:
    """Put copies in the place of links below pkg/, as they would lead nowhere inside of the jail."""
    for below in list(session.files.walk(f"{root}/pkg")):
        place = f"{root}/pkg/{below}"
        if session.files.is_link(place) and session.files.is_file(f"{source}/pkg/{below}"):
            data = session.files.read_bytes(f"{source}/pkg/{below}")
            session.files.remove(place)
            session.files.write_bytes(place, data)


async def _keep_script(session: Session, root: str, flavour: str, number: int) -> None:
    """Keep a flavour's script under its number, with the rc script that will run it once."""
    files = session.files
    files.rename(f"{root}/ezjail.flavour", f"{root}/ezjail.flavour.{number:04d}")
    script = files.read_bytes(f"{root}/ezjail.flavour.{number:04d}")
    files.write_bytes(f"{root}/ezjail.flavour.{number:04d}", script, 0o755)
    if number == 0:
        files.write_text(f"{root}/etc/rc.d/ezjail-config", FIRST_START, 0o755)
        await session.say(
            f"Note: Shell scripts for flavour {flavour} installed, flavourizing on jails first startup."
        )


async def freeze(session: Session, words: list[str]) -> None:
    """Make a flavour of what a zfs jail has changed since it was created with -k."""
    if len(words) != 2 or not all(words):
        raise session.usage("freeze")
    jail, flavour = load(session, words[0]), words[1]
    if not jail.config:
        raise Exit(f"Error: Nothing known about jail {jail.name}.")
    if not jail.zfs:
        if not jail.imagetype:
            await session.complain("[: =: unexpected operator")
        raise Exit(
            f"Error: Can only freeze zfs based jails into a flavour.\n  {jail.name} is not a zfs jail."
        )
    snapshot = pool.find_snapshot(session.machine, f"{jail.dataset}@{SNAPSHOT}")
    if snapshot is None:
        raise Exit(
            f"Error: Jail {jail.name} did not keep a snapshot when it was first created.\n"
            "  Use ezjail-admin create with the -k option to keep a snapshot to diff."
        )
    place = f"{session.get('flavours_dir')}/{flavour}"
    if session.files.lexists(place):
        raise Exit(f"Error: A flavour already exists at {place}.")
    session.files.mkdir(place, parents=True)
    dataset = pool.find(session.machine, jail.dataset)
    await _copy_changes(session, jail, pool.changed(session.machine, dataset, snapshot), place)


async def _copy_changes(session: Session, jail: EzJail, names: list[str], place: str) -> None:
    """Copy what is new or changed; what was deleted or renamed is not seen (§1.5)."""
    files, done = session.files, 0
    for below in names:
        parent = below.rpartition("/")[0]
        if parent:
            files.mkdir(f"{place}/{parent}", parents=True)
        files.copy_entry(f"{jail.rootdir}/{below}", f"{place}/{below}")
        await session.complain(f"{place}/{below}")
        done += 1
    await session.complain(f"{done} blocks")
