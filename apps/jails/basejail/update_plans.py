"""From what is to be done to a basejail that is there to the exact steps. Pure: nothing is looked up.

Source: reference ezjail §6.4, §6.5, §9, §11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.freebsd.commands import Command, PlanStep, ezjail_update, freebsd_update, sets, zfs_snapshots
from apps.freebsd.errors import Conflict
from apps.freebsd.values import AbsolutePath, Release
from apps.jails.archives.moments import snapshot_label
from apps.jails.basejail.plans import OVERLAY_WARNING, Ground, InstallWish, has_portsnap, prove, set_names
from apps.jobs.plan import Plan

KIND = "jails.basejail_update"
SEEN_AT_ONCE = (
    "Running jails see the new files at once and go on with the old programs in memory: restart them "
    "afterwards."
)
HOURS = (
    "Building the world takes hours and all of the host's processors. While it is laid over the basejail, "
    "programs and libraries of different age are mixed in the running jails: stop them first where that "
    "matters."
)
NOT_PROVEN = "Nobody proves what is built here: the basejail becomes what lies in the source tree."


class Way(StrEnum):
    """What can be done to a basejail that is there."""

    PATCH = "patch"
    FINISH = "finish"
    PORTS = "ports"
    SOURCES = "sources"
    BUILD = "build"
    WORLD = "world"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Trees:
    """A host's basejail and template.

    Args:
        jailbase: The basejail's directory.
        jailtemplate: The template's.
        release: What the basejail says that it is; None when it says nothing understood.
        dataset: The basejail's dataset; empty where it is none.
        pending: Trees for which freebsd-update has fetched what it has not installed: basejail, newjail.
        snapshot: The newest snapshot of the basejail, when it is one that can be gone back to.
    """

    jailbase: AbsolutePath
    jailtemplate: AbsolutePath
    release: Release | None
    dataset: str = ""
    pending: tuple[str, ...] = ()
    snapshot: str = ""


def patch_plan(trees: Trees, at: str) -> Plan:
    """Return the plan that brings basejail and template to the newest patch level of their release.

    Args:
        trees: Which.
        at: The moment in the snapshot's name, as moments.now gives it.

    Raises:
        Conflict: The basejail does not say its release.
        InvalidInput: FreeBSD publishes no patches for it.
    """
    if trees.release is None:
        raise Conflict("The basejail does not say which release it is, so nobody knows its patches.")
    steps = (
        *snapshot(trees, at),
        freebsd_update.patch(trees.jailbase, trees.release, "the basejail"),
        freebsd_update.patch(trees.jailtemplate, trees.release, "the template for new jails"),
    )
    checks = (
        f"the basejail is {trees.release} or newer, and of no other release",
        "freebsd-update has nothing left to install",
    )
    return Plan(KIND, f"Patch the basejail {trees.release.name}", steps, checks, (SEEN_AT_ONCE,))


def finish_plan(trees: Trees) -> Plan:
    """Return the plan that installs what freebsd-update has fetched and not installed.

    Raises:
        Conflict: There is nothing.
    """
    if not trees.pending:
        raise Conflict("freebsd-update has nothing left to install: there is nothing to finish.")
    steps = finishes(trees)
    checks = ("freebsd-update has nothing left to install",)
    return Plan(KIND, "Finish freebsd-update's installation", steps, checks, (SEEN_AT_ONCE,))


def finishes(trees: Trees) -> tuple[Command, ...]:
    """Return the commands that install what waits."""
    named = (("basejail", trees.jailbase, "the basejail"), ("newjail", trees.jailtemplate, "the template"))
    return tuple(freebsd_update.finish(tree, what) for leaf, tree, what in named if leaf in trees.pending)


def ports_plan(trees: Trees, host_release: Release, ground: Ground | None) -> Plan:
    """Return the plan that brings the ports tree: with portsnap, or from the release's own set.

    Args:
        trees: Where.
        host_release: What the host runs: portsnap is gone since 14.
        ground: What is known of the release's sets, where they are needed.

    Raises:
        InvalidInput: The release has no ports set.
        Conflict: The basejail does not say its release.
    """
    checks, title = ("it holds the ports tree",), "Bring the basejail's ports tree"
    if has_portsnap(host_release):
        return Plan(KIND, title, (ezjail_update.ports(host_release),), checks)
    return Plan(KIND, title, _from_set(trees, ground, "ports"), checks)


def sources_plan(trees: Trees, ground: Ground | None) -> Plan:
    """Return the plan that brings the sources of the basejail's release.

    Args:
        trees: Where.
        ground: What is known of the release's sets.

    Raises:
        InvalidInput: The release has no set of sources.
        Conflict: The basejail does not say its release.
    """
    steps = _from_set(trees, ground, "src")
    return Plan(KIND, "Bring the basejail's sources", steps, ("it holds the sources",))


def _from_set(trees: Trees, ground: Ground | None, name: str) -> tuple[PlanStep, ...]:
    """Return the steps that prove one of the release's sets and unpack it into the basejail."""
    if trees.release is None or ground is None:
        raise Conflict("The basejail does not say which release it is, so nobody knows its sets.")
    wish = InstallWish(trees.release, ports=name == "ports", sources=name == "src")
    names = [wanted for wanted in set_names(wish, ground) if wanted == name]
    steps: list[PlanStep] = prove(wish, ground, names)
    return (*steps, sets.unpack(trees.release, name, trees.jailbase), sets.remove(trees.release, name))


def world_plan(trees: Trees, sources: AbsolutePath, at: str, *, build: bool) -> Plan:
    """Return the plan that installs the basejail from a source tree of the host's.

    Args:
        trees: The basejail that is there.
        sources: The source tree.
        at: The moment in the snapshot's name.
        build: Whether the world is built first.
    """
    steps = (*snapshot(trees, at), ezjail_update.from_sources(sources, build=build))
    title = "Build the basejail from sources" if build else "Install the basejail from a built world"
    checks = ("the basejail is complete", "no half-made fulljail or ezjailtemp is left behind")
    warnings = (*((HOURS,) if build else ()), NOT_PROVEN, OVERLAY_WARNING)
    return Plan(KIND, title, steps, checks, warnings)


def back_plan(trees: Trees) -> Plan:
    """Return the plan that brings the basejail back to its newest snapshot.

    Raises:
        Conflict: It has none.
    """
    if not trees.snapshot:
        raise Conflict("The basejail has no snapshot that it could be brought back to.")
    steps = (zfs_snapshots.roll_back(trees.dataset, trees.snapshot, past_newer=False),)
    lost = f"All that changed in the basejail since {trees.snapshot} was taken is lost."
    checks = ("the basejail is complete",)
    return Plan(KIND, "Bring the basejail back", steps, checks, (lost, SEEN_AT_ONCE))


def snapshot(trees: Trees, at: str) -> Sequence[Command]:
    """Return the command that makes a way back, where the basejail is a dataset."""
    label = snapshot_label(at)
    if not trees.dataset or label == trees.snapshot:
        return ()
    return (zfs_snapshots.take(trees.dataset, label),)
