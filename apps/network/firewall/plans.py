"""From the firewall that a host is to have to the exact steps. Pure: values in, plans out, nothing looked up.

Source: reference ipfw §8, §10, §11; docs/decisions/0014.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from apps.freebsd.commands import PlanStep, ipfw
from apps.freebsd.commands.guarded import AGENT, SETS, switch
from apps.freebsd.errors import Conflict
from apps.freebsd.firewall.model import HIGHEST_SET, Firewall
from apps.freebsd.firewall.script import firewall_script
from apps.jobs.plan import Plan
from apps.network.firewall.drift import BY_HAND

KIND = "network.firewall_apply"
BOOT = {"firewall_enable": "YES", "firewall_script": AGENT, "firewall_type": ipfw.FIREWALL_TYPE}
BOTH_SETS = (
    "Sets 17 and 18 both hold rules that are in force, and the panel needs one of them. Switch one off on "
    "the host first (ipfw set disable 17), or delete it."
)
CUTS_STATES = (
    "Connections that only a state of the old rules lets through are cut when these are deleted. The panel's "
    "own needs none."
)
LOADS = (
    "ipfw is not loaded yet. It is loaded with a default rule that lets everything through, so that nothing "
    "is cut off; until the next boot the last of the new rules does what the default rule would do."
)
OLD_NAT = "NAT instance {number} is not wanted. It goes, and with it the conversations that it translates."
OTHERS = "Rules of {sets} were not made by the panel. They go."


@dataclass(frozen=True, slots=True)
class Ground:
    """A host as it was last seen.

    Args:
        live: Its firewall; None when ipfw is not loaded.
        has_nat: Whether NAT is loaded.
        files: The panel's files for ipfw that lie there.
        boot_text: What is kept for the next boot; None when nothing is.
        rc: What rc.conf says of the firewall; a name that is not in it is not set.
    """

    live: Firewall | None = None
    has_nat: bool = False
    files: tuple[str, ...] = ()
    boot_text: str | None = None
    rc: Mapping[str, str] = field(default_factory=dict)

    @property
    def used_sets(self) -> tuple[int, ...]:
        """The sets that are on and hold rules, without the one that nothing changes."""
        if self.live is None:
            return ()
        on = {rule.set_number for rule in self.live.rules} - self.live.disabled_sets - {HIGHEST_SET}
        return tuple(sorted(on))


def next_set(ground: Ground) -> int:
    """Return the one of the panel's two sets that is not in force.

    Raises:
        Conflict: Both are.
    """
    spare = [number for number in SETS if number not in ground.used_sets]
    if not spare:
        raise Conflict(BOTH_SETS)
    return spare[0]


def apply_plan(wanted: Firewall, ground: Ground, seconds: int) -> Plan:
    """Return the steps that put a firewall in force and keep it for boot.

    Args:
        wanted: The firewall; its rules' sets do not count.
        ground: The host.
        seconds: How long the host waits to hear that the panel still reaches it.

    Raises:
        InvalidInput: A rule cannot be written so that ipfw reads just that, or the time cannot be so long.
        Conflict: The host has no spare set.
    """
    new = next_set(ground)
    script = firewall_script(wanted, new)
    old = (*(number for number in ground.used_sets if number != BY_HAND), BY_HAND)
    steps: tuple[PlanStep, ...] = (
        *_load(wanted, ground),
        *_clear(ground),
        ipfw.write_next_rules(None, script.rules),
        ipfw.write_next_globals(None, script.globals),
        ipfw.disable_set(new),
        ipfw.delete_set(
            new, f"Empty set {new}, which is off, of what an earlier change may have left in it."
        ),
        ipfw.check_rules(),
        ipfw.load_rules(),
        switch(new, old, seconds),
        *_keep(boot_text(wanted, new), ground),
        *(ipfw.delete_set(number, f"Delete the rules of set {number}, which are off.") for number in old),
        ipfw.enable_set_zero(),
        *(ipfw.delete_nat(number) for number in _unwanted_nat(wanted, ground)),
        ipfw.remove_next(ipfw.NEXT_RULES),
        ipfw.remove_next(ipfw.NEXT_GLOBALS),
    )
    return Plan(KIND, "Apply the firewall", steps, _checks(new), tuple(_warnings(wanted, ground)))


def boot_text(wanted: Firewall, number: int) -> str:
    """Return what the file for the next boot is to hold.

    Raises:
        InvalidInput: A rule cannot be written so that ipfw reads just that.
    """
    script = firewall_script(wanted, number)
    return script.globals + script.rules


def placed(firewall: Firewall, number: int) -> Firewall:
    """Return a firewall with all of its rules in one set."""
    return replace(firewall, rules=tuple(replace(rule, set_number=number) for rule in firewall.rules))


def _load(wanted: Firewall, ground: Ground) -> Iterator[PlanStep]:
    if ground.live is None:
        yield ipfw.accept_by_default()
        yield ipfw.load_ipfw()
    if wanted.nat and not ground.has_nat:
        yield ipfw.load_nat()


def _clear(ground: Ground) -> Iterator[PlanStep]:
    """Take away what a change that was cut short left."""
    for path in (ipfw.NEXT_RULES, ipfw.NEXT_GLOBALS):
        if path.rpartition("/")[2] in ground.files:
            yield ipfw.remove_next(path)


def _keep(text: str, ground: Ground) -> Iterator[PlanStep]:
    if ground.boot_text != text:
        yield ipfw.keep_rules(ground.boot_text, text)
    make = {
        "firewall_enable": ipfw.enable_at_boot,
        "firewall_script": ipfw.script_at_boot,
        "firewall_type": ipfw.type_at_boot,
    }
    for name, value in BOOT.items():
        if ground.rc.get(name) != value:
            yield make[name](ground.rc.get(name))


def _checks(new: int) -> tuple[str, ...]:
    return (
        f"the rules in force are these, in this order, in set {new}",
        "NAT instances, tables and one_pass are these",
        "the host loads the same at its next boot",
    )


def _unwanted_nat(wanted: Firewall, ground: Ground) -> list[int]:
    numbers = {nat.number for nat in wanted.nat}
    there = ground.live.nat if ground.live else ()
    return [nat.number for nat in there if nat.number not in numbers]


def _warnings(wanted: Firewall, ground: Ground) -> Iterator[str]:
    if ground.live is None:
        yield LOADS
        return
    others = [str(number) for number in ground.used_sets if number not in SETS]
    if others:
        yield OTHERS.format(sets=f"set{'s' if len(others) > 1 else ''} {' and '.join(others)}")
    for number in _unwanted_nat(wanted, ground):
        yield OLD_NAT.format(number=number)
    if ground.used_sets:
        yield CUTS_STATES
