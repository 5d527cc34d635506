"""A whole probe: the agent's sections in, one tree of what is true on the host out.

What the panel acts on (jails, interfaces, the basejail, versions) must be whole, or the probe is refused: an
error of a tool never reads as "there is none". What is only shown (disks, pools, mounts) may fail on its own;
`problems` then has a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers import leftovers
from apps.freebsd.parsers.archives import (
    ArchiveFacts,
    DatasetFacts,
    SnapshotFacts,
    parse_archives,
    parse_jail_datasets,
)
from apps.freebsd.parsers.basejail import BasejailFacts, parse_basejail
from apps.freebsd.parsers.df import Filesystem, parse_df_json
from apps.freebsd.parsers.ezjail_settings import EzjailSettings, parse_ezjail_settings, parse_in_effect
from apps.freebsd.parsers.firewall import (
    FirewallFacts,
    PanelClient,
    has_ipfw,
    parse_client,
    parse_firewall,
)
from apps.freebsd.parsers.flavours import FlavourFile, parse_flavour_files
from apps.freebsd.parsers.host_setup import SetupFacts, parse_setup
from apps.freebsd.parsers.ifconfig import Interface, parse_ifconfig
from apps.freebsd.parsers.jails import JailFacts, config_names, jail_facts, parse_roots
from apps.freebsd.parsers.jls import RunningJail, parse_jls_json
from apps.freebsd.parsers.leftovers import Leftovers
from apps.freebsd.parsers.lines import excerpt, split_lines
from apps.freebsd.parsers.mounts import parse_mounts
from apps.freebsd.parsers.releases import parse_ezjail_version, parse_freebsd_version, parse_uname
from apps.freebsd.parsers.sysctl import parse_boottime, parse_loadavg, parse_sysctl
from apps.freebsd.parsers.upkeep import NOTHING_UNDER_WAY, Upkeep, parse_upkeep
from apps.freebsd.parsers.zfs import ZfsPool, parse_zfs_list, parse_zpool_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.freebsd.parsers.jails import Roots
    from apps.freebsd.parsers.sections import FactSections, Section

T = TypeVar("T")

_NOT_FOUND = 127
_YES = ("yes", "true", "on", "1")  # rc.subr's checkyesno


@dataclass(frozen=True, slots=True)
class EzjailFacts:
    """ezjail itself.

    Args:
        installed: Whether ezjail-admin is there.
        version: Such as 3.4.2; empty when it is not there.
        enabled: Whether it starts jails at boot; None when the host could not say.
        settings: In effect.
        config_text: /usr/local/etc/ezjail.conf, empty when there is none.
        config_is: `text`, `bytes` where it is no text, `other` where it is no regular file, or `missing`.
        in_effect: All settings by their names in ezjail.conf.
    """

    installed: bool
    version: str
    enabled: bool | None
    settings: EzjailSettings
    config_text: str
    config_is: str
    in_effect: dict[str, str]


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What is true on a host, all seen in one round trip.

    Args:
        now: The host's clock.
        uid: Who the agent runs as; 0 is root.
        release: The running kernel's release as the host names it, such as 13.2-RELEASE-p3.
        kernel_installed: The kernel that the next boot starts.
        userland: The base system's release.
        machine: Such as amd64.
        hostname: Its name.
        hostuuid: Its identity, which cloned machines may share.
        boot_at: When it was started.
        ncpu: Number of CPUs.
        memory_bytes: Physical memory.
        load: Of the last 1, 5 and 15 minutes.
        racct: Whether the kernel accounts for resources, so that limits work.
        interfaces: With all their addresses, jails' included.
        filesystems: How full they are; None when the host could not say.
        zpools: None when the host has no ZFS or could not say.
        ezjail: ezjail itself.
        basejail: The basejail and the template.
        flavours: Names of the flavours there are.
        flavour_files: What they hold, the first few hundred; None when the host could not say.
        jails: Those that ezjail has files for, by name.
        running: All jails of the kernel, ezjail's or not.
        leftovers: What belongs to no jail.
        problems: Why something that is only shown could not be read.
        upkeep: What is under way with the basejail, or was cut short.
        archives: The archives of jails; None when the host could not say.
        datasets: Those below ezjail's; None when there are none, or the host could not say.
        snapshots: Theirs; None likewise.
        setup: What it has of what ezjail needs.
        has_ipfw: Whether ipfw is loaded.
        firewall: Its firewall; None where it has none, or could not say.
        client: Where the panel's own connection comes from; None where that is not known.
    """

    now: datetime
    uid: int
    release: str
    kernel_installed: str
    userland: str
    machine: str
    hostname: str
    hostuuid: str
    boot_at: datetime
    ncpu: int
    memory_bytes: int
    load: tuple[float, float, float]
    racct: bool
    interfaces: tuple[Interface, ...]
    filesystems: tuple[Filesystem, ...] | None
    zpools: tuple[ZfsPool, ...] | None
    ezjail: EzjailFacts
    basejail: BasejailFacts
    flavours: tuple[str, ...]
    flavour_files: tuple[FlavourFile, ...] | None
    jails: tuple[JailFacts, ...]
    running: tuple[RunningJail, ...]
    leftovers: Leftovers
    problems: tuple[str, ...]
    archives: tuple[ArchiveFacts, ...] | None = None
    datasets: tuple[DatasetFacts, ...] | None = None
    snapshots: tuple[SnapshotFacts, ...] | None = None
    setup: SetupFacts | None = None
    upkeep: Upkeep = NOTHING_UNDER_WAY
    has_ipfw: bool = False
    firewall: FirewallFacts | None = None
    client: PanelClient | None = None


def parse_facts(sections: FactSections) -> HostFacts:
    """Read a probe.

    Args:
        sections: From `parse_sections`.

    Raises:
        ParseError: Something that the panel acts on is missing or not understood. Nothing may be concluded.

    Source: reference jail-tools §10, ezjail §11, §12.
    """
    probe = _Probe(sections)
    kernel = _kernel_values(probe.output("sysctl"))
    versions = parse_freebsd_version(probe.output("version"))
    uname = parse_uname(probe.output("uname"))
    running = _running(probe)
    ezjail = _ezjail(probe)
    roots = parse_roots(probe.output("jail-roots"))
    jails = _jails(probe, roots, running)
    datasets, snapshots = _datasets(probe, ezjail.settings)
    firewall = _firewall(probe)
    return HostFacts(
        now=_time(_number(probe.output("now"), "date")),
        uid=_number(probe.output("id"), "id"),
        release=uname.release,
        kernel_installed=versions.installed_kernel,
        userland=versions.userland,
        machine=uname.machine,
        hostname=kernel["kern.hostname"],
        hostuuid=kernel.get("kern.hostuuid", ""),
        boot_at=_time(parse_boottime(kernel["kern.boottime"])),
        ncpu=_number(kernel["hw.ncpu"], "hw.ncpu"),
        memory_bytes=_number(kernel["hw.physmem"], "hw.physmem"),
        load=parse_loadavg(kernel["vm.loadavg"]),
        racct=kernel.get("kern.racct.enable") == "1",
        interfaces=parse_ifconfig(probe.output("interfaces")),
        filesystems=probe.shown("df", parse_df_json),
        zpools=probe.shown("zpool", parse_zpool_list) if "zpool" in sections else None,
        ezjail=ezjail,
        basejail=parse_basejail(probe.output("basejail"), probe.output("basejail-release")),
        flavours=tuple(split_lines(probe.output("flavours"))),
        flavour_files=(
            probe.shown("flavour-files", parse_flavour_files) if "flavour-files" in sections else None
        ),
        jails=jails,
        running=running,
        leftovers=_leftovers(probe, ezjail.settings, roots, jails, running),
        archives=probe.shown("archives", parse_archives) if "archives" in sections else None,
        datasets=datasets,
        snapshots=snapshots,
        setup=parse_setup(sections, ezjail.settings.jailzfs),
        problems=tuple(probe.problems),
        upkeep=parse_upkeep(*(_said(probe, key) for key in ("update-marks", "sets", "pkgbase"))),
        has_ipfw=has_ipfw(sections),
        firewall=firewall,
        client=parse_client(sections),
    )


class _Probe:
    """The sections, and what went wrong with those that are only shown."""

    def __init__(self, sections: FactSections) -> None:
        self.sections = sections
        self.problems: list[str] = []

    def section(self, key: str) -> Section:
        """Return a section that must be there, whatever its status."""
        try:
            return self.sections[key]
        except KeyError as error:
            raise ParseError(f"The host's answer has no section “{key}”.") from error

    def output(self, key: str) -> str:
        """Return what a command printed that must have worked."""
        section = self.section(key)
        if section.status != 0:
            raise ParseError(
                f"“{key}” failed on the host with status {section.status}: {excerpt(section.error_text)}"
            )
        return section.text

    def shown(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Parse what is only shown; when that fails the probe still counts."""
        try:
            return parse(self.output(key))
        except ParseError as error:
            self.problems.append(error.message)
            return None

    def named(self, prefix: str) -> dict[str, Section]:
        """Return the sections whose key begins with `prefix`, by the rest of it."""
        return {
            key.removeprefix(prefix): part for key, part in self.sections.items() if key.startswith(prefix)
        }


def _firewall(probe: _Probe) -> FirewallFacts | None:
    """Read the firewall, which is only shown: what cannot be read of it keeps no probe from counting."""
    if not has_ipfw(probe.sections):
        return None
    try:
        return parse_firewall(probe.sections)
    except ParseError as error:
        probe.problems.append(error.message)
        return None


def _running(probe: _Probe) -> tuple[RunningJail, ...]:
    """Take the short form of jls where a kernel lacks one of the long one's parameters."""
    key = "jails" if probe.section("jails").status == 0 else "jailsv"
    return parse_jls_json(probe.output(key))


def _kernel_values(text: str) -> dict[str, str]:
    values = parse_sysctl(text)
    for name in ("kern.hostname", "kern.boottime", "hw.ncpu", "hw.physmem", "vm.loadavg"):
        if name not in values:
            raise ParseError(f"sysctl said nothing of {name}.")
    return values


def _ezjail(probe: _Probe) -> EzjailFacts:
    program = probe.section("ezjail-version")
    installed = program.status != _NOT_FOUND
    version = probe.shown("ezjail-version", parse_ezjail_version) if installed else None
    config = probe.section("ezjail-conf")
    return EzjailFacts(
        installed=installed,
        version=version or "",
        enabled=_is_enabled(probe),
        settings=parse_ezjail_settings(probe.output("ezjail-settings")),
        config_text=config.text.replace("\0", "\N{REPLACEMENT CHARACTER}") if config.status == 0 else "",
        config_is=_kind_of_text(config, probe.sections.get("ezjail-conf-kind")),
        in_effect=parse_in_effect(probe.output("ezjail-settings")),
    )


def _kind_of_text(section: Section, kind: Section | None) -> str:
    if section.status:
        return "other" if kind and kind.text.strip() not in ("", "conf missing") else "missing"
    try:
        section.stdout.decode()
    except UnicodeDecodeError:
        return "bytes"
    return "bytes" if b"\0" in section.stdout else "text"


def _is_enabled(probe: _Probe) -> bool | None:
    section = probe.section("ezjail-enable")
    if section.status != 0 and "unknown variable" in section.error_text:
        return False
    return probe.shown("ezjail-enable", lambda text: text.strip().lower() in _YES)


def _jails(probe: _Probe, roots: Roots, running: tuple[RunningJail, ...]) -> tuple[JailFacts, ...]:
    """Go by the files themselves: their list in `jail-files` was taken a moment earlier."""
    probe.output("jail-files")
    files, fstabs = probe.named("file:"), probe.named("fstab:")
    in_kernel = {jail.name: jail for jail in running}
    ids = _id_files(probe.output("id-files"))
    jails = [
        jail_facts(
            safe,
            name,
            files[name],
            fstab=fstabs.get(safe),
            roots=roots,
            running=in_kernel.get(safe),
            id_jid=ids.get(safe),
            is_double=name != safe and safe in files,
        )
        for safe, name in config_names(list(files)).items()
    ]
    return tuple(sorted(jails, key=lambda jail: jail.safe_name))


def _id_files(text: str) -> dict[str, int]:
    ids: dict[str, int] = {}
    for line in split_lines(text):
        safe, _, jid = line.rpartition(" ")
        ids[safe] = _number(jid, "id-files")
    return ids


def _leftovers(
    probe: _Probe,
    settings: EzjailSettings,
    roots: Roots,
    jails: tuple[JailFacts, ...],
    running: tuple[RunningJail, ...],
) -> Leftovers:
    fstabs: Mapping[str, str] = {name: part.text for name, part in probe.named("fstab:").items()}
    datasets = probe.shown("zfs", parse_zfs_list) if "zfs" in probe.sections else None
    images = leftovers.orphan_images(roots, jails, settings)
    return Leftovers(
        files=leftovers.stray_files(probe.named("file:"), jails),
        odd_files=_number(probe.output("jail-files-odd"), "jail-files-odd"),
        roots=leftovers.orphan_roots(roots, jails, running, settings),
        fstabs=leftovers.orphan_fstabs(fstabs, jails, settings),
        datasets=leftovers.orphan_datasets(datasets or (), jails, settings),
        mounts=leftovers.left_mounts(probe.shown("mounts", parse_mounts) or (), jails),
        jails=leftovers.unknown_jails(running, jails),
        images=images,
        attached=leftovers.attached_images(_said(probe, "discs"), images),
        unmarked=leftovers.unmarked_jails(jails),
        snapshots=leftovers.left_snapshots(_template_snapshots(probe)),
        restores=leftovers.left_restores(_said(probe, "restores")),
        archives=leftovers.unfinished_archives(_said(probe, "archives")),
    )


def _datasets(
    probe: _Probe, settings: EzjailSettings
) -> tuple[tuple[DatasetFacts, ...] | None, tuple[SnapshotFacts, ...] | None]:
    """Take a host without a dataset for jails, and an older agent, for one that says nothing of it."""
    if not settings.jailzfs or "zfs-jails" not in probe.sections:
        return None, None
    if "does not exist" in probe.section("zfs-jails").error_text:
        return (), ()  # ezjail makes it when it first installs
    return probe.shown("zfs-jails", parse_jail_datasets) or (None, None)


def _template_snapshots(probe: _Probe) -> str:
    """Take a host without such a dataset, and an older agent, for one without snapshots of it."""
    section = probe.sections.get("zfs-template")
    return section.text if section and section.status == 0 else ""


def _said(probe: _Probe, key: str) -> str:
    """Return what a section says that an older agent does not have."""
    section = probe.sections.get(key)
    return section.text if section and section.status == 0 else ""


def _number(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ParseError(f"{what} gave “{excerpt(text)}” where a whole number belongs.") from error


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ParseError(f"The host gave {seconds} for a time.") from error
