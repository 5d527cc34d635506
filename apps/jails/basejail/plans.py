"""From what is asked of a basejail to the exact steps. Pure: values in, plans out, nothing looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.freebsd.commands import PlanStep, ezjail, sets
from apps.freebsd.commands.ezjail import PORTSNAP_GONE
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.manifest import ManifestSet
from apps.freebsd.values import DEFAULT_MIRROR, AbsolutePath, Mirror, Release
from apps.jobs.plan import Plan
from apps.updates.sets import store_name

KIND = "jails.basejail_install"
OVERLAY_WARNING = (
    "A basejail is there already: the new one is laid over it in place, so running jails see the new "
    "files at once and need a restart, and the template for new jails is replaced."
)
OFF_MIRROR = "The sets come from another mirror than the MANIFEST that they are compared with."


@dataclass(frozen=True, slots=True)
class InstallWish:
    """What is to be installed.

    Args:
        release: Its release, without a patch level.
        sources: Whether with the system's sources.
        ports: Whether with the ports tree.
        mirror: Where the host fetches the sets from, when that is not the panel's mirror.
        brings: Whether the panel brings the sets to a host without a way out.
    """

    release: Release
    sources: bool = False
    ports: bool = False
    mirror: Mirror | None = None
    brings: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What the plan rests on: the host as it was last seen, and the release's MANIFEST.

    Args:
        host_release: What the host runs.
        machine: Such as amd64.
        jailbase: The basejail's directory.
        is_present: Whether a basejail is there already.
        sets: The release's sets by name.
        folder: Where they lie on the panel's mirror.
        place: Their directory below a mirror's root, such as amd64/amd64/13.2-RELEASE.
        spoilt: Sets that lie on the host and failed their proof.
    """

    host_release: Release
    machine: str
    jailbase: AbsolutePath
    is_present: bool
    sets: Mapping[str, ManifestSet] = field(default_factory=dict)
    folder: str = ""
    place: str = ""
    spoilt: tuple[str, ...] = ()


def basejail_install_plan(wish: InstallWish, ground: Ground) -> Plan:
    """Return the plan that proves a release's sets and installs the basejail from them.

    Raises:
        InvalidInput: ezjail cannot install this, or the release lacks a set; `field` says which part.
    """
    release = wish.release
    local = Mirror(f"file://{sets.folder_of(release)}")
    command = ezjail.install(
        release,
        local,
        sources=wish.sources,
        ports=wish.ports and has_portsnap(ground.host_release),
        host_release=ground.host_release,
    )
    names = set_names(wish, ground)
    steps = [*prove(wish, ground, names), command]
    if "ports" in names:
        steps.append(sets.unpack(release, "ports", ground.jailbase))
    steps += [sets.remove(release, name) for name in names]
    title = f"Install the basejail {release.name}"
    return Plan(KIND, title, tuple(steps), _checks(wish), _warnings(wish, ground))


def refuse(release: Release, host_release: Release) -> None:
    """Say why a release cannot be installed on a host, before a mirror is asked about it.

    Raises:
        InvalidInput: Why not.
    """
    ezjail.install(release, DEFAULT_MIRROR, sources=False, ports=False, host_release=host_release)


def set_names(wish: InstallWish, ground: Ground) -> list[str]:
    """Return the sets that are needed, in the order in which they are fetched.

    Raises:
        InvalidInput: The release has no such set.
    """
    names = ["base"]
    # From a directory ezjail takes lib32 where it is there; a release without it is installed all the same.
    names += ["lib32"] if ground.machine == "amd64" and "lib32" in ground.sets else []
    names += ["src"] if wish.sources else []
    names += ["ports"] if wish.ports and not has_portsnap(ground.host_release) else []
    for name, label in (("src", "sources"), ("ports", "ports")):
        if name in names and name not in ground.sets:
            raise InvalidInput(f"{wish.release.name} has no set {name} on the mirror.", field=label)
    return names


def has_portsnap(host_release: Release) -> bool:
    """Return whether a host has portsnap, with which ezjail fetches the ports tree."""
    return host_release.major < PORTSNAP_GONE


def prove(wish: InstallWish, ground: Ground, names: list[str]) -> list[PlanStep]:
    """Return the steps after which the sets lie on the host, each of them proven."""
    release = wish.release
    spoilt = [sets.remove_spoilt(release, name) for name in names if name in ground.spoilt]
    if wish.brings:
        stored = [store_name(release, ground.machine, name) for name in names]
        pairs = zip(names, stored, strict=True)
        return [*spoilt, *(sets.bring(release, name, kept, ground.sets[name].sha256) for name, kept in pairs)]
    source = source_of(wish, ground)
    fetches = [sets.fetch(release, name, source) for name in names]
    checks = [sets.check(release, name, ground.sets[name].sha256) for name in names]
    return [*spoilt, sets.make_folder(release), *fetches, *checks]


def source_of(wish: InstallWish, ground: Ground) -> Mirror:
    """Return the directory that the host fetches the sets from."""
    if wish.mirror is None:
        return Mirror(ground.folder)
    return Mirror(f"{wish.mirror}/releases/{ground.place}")


def _checks(wish: InstallWish) -> tuple[str, ...]:
    more = ("it holds the sources",) * wish.sources + ("it holds the ports tree",) * wish.ports
    return (
        f"the basejail is complete and says that it is {wish.release.name}",
        "the template for new jails has all its links into the basejail",
        "no half-made fulljail or ezjailtemp is left behind",
        *more,
    )


def _warnings(wish: InstallWish, ground: Ground) -> tuple[str, ...]:
    overlay = (OVERLAY_WARNING,) if ground.is_present else ()
    return (*overlay, OFF_MIRROR) if wish.mirror and not wish.brings else overlay
