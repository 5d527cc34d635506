"""Plans for the image of a jail. Pure."""

from __future__ import annotations

from apps.freebsd.commands import images
from apps.freebsd.values import JailName
from apps.jails.models import Jail, Kind
from apps.jobs.plan import Plan

IMAGES = (Kind.IMAGE, Kind.GBDE, Kind.GELI)
ENCRYPTED = (Kind.GBDE, Kind.GELI)


def asks(jail: Jail) -> bool:
    """Tell whether attaching a jail's image, and so its start, may ask for a passphrase."""
    return jail.kind in ENCRYPTED


def attach_plan(jail: Jail) -> Plan:
    """Return the plan that attaches a jail's image."""
    command = images.attach(JailName.parse(jail.name), encrypted=asks(jail))
    checks = (f"its file system is mounted at {jail.root}",)
    return Plan("jails.image_attach", f"Attach the image of {jail.name}", (command,), checks)


def detach_plan(jail: Jail) -> Plan:
    """Return the plan that detaches a jail's image."""
    command = images.detach(JailName.parse(jail.name))
    checks = (f"nothing is mounted at {jail.root}",)
    return Plan("jails.image_detach", f"Detach the image of {jail.name}", (command,), checks)


def fsck_plan(jail: Jail) -> Plan:
    """Return the plan that checks a jail's image."""
    command = images.fsck(JailName.parse(jail.name), encrypted=asks(jail))
    checks = (f"nothing is mounted at {jail.root} any more",)
    return Plan("jails.image_fsck", f"Check the image of {jail.name}", (command,), checks)
