"""What a host has of what ezjail needs: pkg, lines of rc.conf, and datasets that jails could be in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.zfs import parse_zfs_list
from apps.freebsd.shellfile import ShellFile

if TYPE_CHECKING:
    from apps.freebsd.parsers.sections import FactSections, Section

_WANTED = re.compile(
    r"ezjail_enable|zfs_enable|jail_confwarn|jail_enable|cloned_interfaces"
    r"|firewall_(?:enable|script|type)|(?:ifconfig|ipv4_addrs)_[A-Za-z][A-Za-z0-9_]{0,30}"
)
MOST_DATASETS = 200


@dataclass(frozen=True, slots=True)
class RcConf:
    """What rc.conf sets of what the panel asks for.

    Args:
        values: By name; of the two files the later one counts.
        unclear: Names whose value the shell computes, or may change.
    """

    values: dict[str, str]
    unclear: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetPlace:
    """A dataset that jails could be in.

    Args:
        name: Such as zroot/ezjail.
        mountpoint: Where it is mounted; empty for none, legacy, and what has no mountpoint.
    """

    name: str
    mountpoint: str


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What a host has of what ezjail needs.

    Args:
        has_pkg: Whether the real pkg is there; None when the host did not say.
        rc: rc.conf; None when it could not be read.
        datasets: Pools and datasets, without those below ezjail's own.
    """

    has_pkg: bool | None
    rc: RcConf | None
    datasets: tuple[DatasetPlace, ...]


def parse_setup(sections: FactSections, jailzfs: str) -> SetupFacts:
    """Read the sections `pkg`, `rc-conf`, `rc-conf-local` and `zfs` of a probe.

    What is missing is not known; nothing here keeps a probe from counting.

    Args:
        sections: The probe.
        jailzfs: ezjail's dataset, or empty.

    Source: reference jail-tools §5.3, §7, §9.1.
    """
    return SetupFacts(_has_pkg(sections.get("pkg")), _rc_conf(sections), _datasets(sections, jailzfs))


def _has_pkg(section: Section | None) -> bool | None:
    return section.text.strip() == "pkg file" if section and section.status == 0 else None


def _rc_conf(sections: FactSections) -> RcConf | None:
    main = sections.get("rc-conf")
    if main is None or main.status:
        return None
    values: dict[str, str] = {}
    unclear: dict[str, None] = {}
    for section in (main, sections.get("rc-conf-local")):
        if section is None or section.status:
            continue
        file = ShellFile(section.stdout)
        for name in filter(_WANTED.fullmatch, file.names):
            value = file.value(name)
            unclear.pop(name, None)
            if value is None:
                unclear[name] = None
            else:
                values[name] = _shown(value)
    return RcConf(values, tuple(unclear))


def _shown(value: str) -> str:
    """Return a value as the database can hold it."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _datasets(sections: FactSections, jailzfs: str) -> tuple[DatasetPlace, ...]:
    section = sections.get("zfs")
    if section is None or section.status:
        return ()
    try:
        found = parse_zfs_list(section.text)
    except ParseError:
        return ()  # said of the section itself already
    inside = f"{jailzfs}/"
    places = [
        DatasetPlace(item.name, point if (point := item.mountpoint or "").startswith("/") else "")
        for item in found
        if not (jailzfs and item.name.startswith(inside))
    ]
    return tuple(places[:MOST_DATASETS])
