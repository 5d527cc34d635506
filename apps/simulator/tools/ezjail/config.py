"""`ezjail-admin config`.

Source: reference ezjail.md §3.5; captures/ezjail.json (config-…).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.simulator.tools.ezjail import image
from apps.simulator.tools.ezjail.jailfile import NORUN, EzJail, load, text_of
from apps.simulator.tools.ezjail.rename import rename
from apps.simulator.tools.ezjail.session import CONTROL, Exit

if TYPE_CHECKING:
    from apps.simulator.tools.ezjail.session import Session

MALFORMED = "Error: The defined cpuset is malformed."


async def config(session: Session, words: list[str]) -> None:
    """Change a jail's settings."""
    options, operands = session.options("config", "c:f:i:n:r:z:", words)
    options = {letter: value for letter, value in options.items() if value}
    if len(operands) != 1 or not operands[0] or not options:
        raise session.usage("config")
    jail = load(session, operands[0])
    if not jail.config:
        raise Exit(f"Error: Nothing known about jail {jail.name}.")
    if jail.jid and "n" in options:
        raise Exit(
            f"Error: Jail {jail.name} appears to be still running.\n"
            f"  'ezjail-admin stop {jail.name}' it first."
        )
    if jail.jid and {"z", "f"} & set(options):
        await session.say(
            f"Warning: New settings for running jail {jail.name} will only take effect when next "
            "restarting it."
        )
    await _set(session, jail, options)
    if {"n", "z", "f", "c"} & set(options):
        await _rewrite(session, jail, options.get("n", ""))
    if "r" in options:
        await _run(session, load(session, options.get("n") or jail.name), options["r"])
    if "i" in options:
        await _image(session, jail, options["i"])


async def _set(session: Session, jail: EzJail, options: dict[str, str]) -> None:
    """Take new values over."""
    if "z" in options:
        jail.values["zfs_datasets"] = options["z"]
    if "f" in options:
        if not re.fullmatch(r"-?\d+", options["f"]):
            await session.complain(f"[: {options['f']}: bad number")  # sh's own complaint [inferred]
            raise Exit("Error: fib number has to be an integer.")
        jail.values["fib"] = options["f"]
    if "c" in options:
        if not jail.jid or not valid_cpus(options["c"], session.machine.spec.ncpu):
            raise Exit(MALFORMED)  # a stopped jail always ends here: `A && B || error` (§0.4)
        jail.values["cpuset"] = options["c"]


def valid_cpus(text: str, ncpu: int) -> bool:
    """Tell whether cpuset(1) takes a list for -l."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        return False
    return all(int(number) < ncpu for number in re.findall(r"\d+", text))


async def _rewrite(session: Session, jail: EzJail, new: str) -> None:
    """Write the jail's file anew: comments and the known variables stay, everything else is lost (§0.7)."""
    files, old = session.files, jail.config
    header = "".join(line for line in files.read_text(old).splitlines(keepends=True) if line.startswith("#"))
    safe_name = jail.safe_name
    if new and new != jail.name:
        safe_name = await rename(session, jail, new)
    target = f"{CONTROL}/{safe_name}{NORUN if jail.norun else ''}"
    temporary = files.make_temporary(f"{CONTROL}/{safe_name}")
    await session.call.pause(0.05)
    files.write_text(temporary, text_of(safe_name, jail.values, header), 0o644)
    files.rename(temporary, target)
    if target != old:
        files.remove(old)


async def _run(session: Session, jail: EzJail, value: str) -> None:
    """Let a jail be started or not, or tell; any other word is passed over in silence."""
    plain = f"{CONTROL}/{jail.safe_name}"
    if value == "test":
        await session.say(f"Jail {jail.name} is {'not ' if jail.norun else ''}runnable")
    elif value == "run" and jail.norun:
        session.files.rename(plain + NORUN, plain)
    elif value == "norun" and not jail.norun:
        session.files.rename(plain, plain + NORUN)


async def _image(session: Session, jail: EzJail, action: str) -> None:
    """Attach, detach or check an image."""
    if action not in {"attach", "detach", "fsck"}:
        raise session.usage("config")
    if not image.is_image(jail):
        raise Exit(f"Error: Jail {jail.name} not an image jail.")
    device = image.attached_device(session, jail)
    if action == "detach":
        _check_detach(jail, device)
        image.detach(session, jail.rootdir)
        return
    if device:
        raise Exit(f"Error: Jail image file {jail.image} already attached as {device}.")
    await image.attach(session, jail)
    if action == "fsck":
        await session.say(f"** {image.new_device(session)}\nFILE SYSTEM CLEAN; SKIPPING CHECKS")
        image.detach(session, jail.rootdir)


def _check_detach(jail: EzJail, device: str) -> None:
    if jail.jid:
        raise Exit(
            f"Error: Jail {jail.name} still running\n  Can not detach.\n"
            f"  'ezjail-admin stop {jail.name}' it first."
        )
    if not device:
        raise Exit(f"Error: Jail image file {jail.name} is not attached.")
