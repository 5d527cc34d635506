"""Version and facts: what every look at a host rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.parsers.facts import parse_facts
from apps.hosts.host_check import host_check

if TYPE_CHECKING:
    from tests.contract.trial import Trial

# In the order in which the agent sends them; those of ZFS only where that is loaded.
SECTIONS = (
    "now", "id", "uname", "version", "sysctl", "jails", "jailsv", "interfaces", "mounts", "df",
    "ezjail-version", "ezjail-enable", "ezjail-conf", "ezjail-settings", "jail-files", "jail-files-odd",
    "id-files", "jail-roots", "flavours", "archives", "basejail", "basejail-release",
)  # fmt: skip
ZFS_SECTIONS = ("zpool", "zfs", "zfs-template", "zfs-jails")
MAY_FAIL = ("ezjail-conf", "sysctl", "ezjail-enable", "zfs-template", "zfs-jails")


async def harmless_checks_hold(trial: Trial) -> None:
    for check in await host_check(trial.agent):
        trial.expect(check.check, "holds", "holds" if check.ok else check.detail)


async def a_probe_has_all_sections(trial: Trial) -> None:
    sections = await trial.agent.facts()
    for key in SECTIONS:
        trial.expect(f"section {key} is there", True, key in sections)
    for key in (*SECTIONS, *ZFS_SECTIONS):
        if key in sections and key not in MAY_FAIL:
            section = sections[key]
            trial.expect(f"section {key} worked", "0", f"{section.status} {section.error_text}".strip())
    trial.expect("zpool and zfs come together", "zpool" in sections, "zfs" in sections)
    facts = parse_facts(sections)
    trial.expect("nothing that is only shown failed", (), facts.problems)


async def two_probes_tell_the_same(trial: Trial) -> None:
    first, second = await trial.facts(), await trial.facts()
    trial.expect("the clock does not go back", True, first.now <= second.now)
    for name in ("release", "userland", "hostname", "hostuuid", "boot_at", "memory_bytes", "interfaces"):
        trial.expect(f"{name} is the same twice", getattr(first, name), getattr(second, name))
    trial.expect("the jails are the same twice", first.jails, second.jails)
