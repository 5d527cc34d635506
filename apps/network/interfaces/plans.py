"""From an address that a host is to have to the steps that it lacks. Pure but for the rules that it asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_interface

from apps.freebsd.commands import PlanStep, host_setup
from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.values import is_private
from apps.hosts.models import Host
from apps.jobs.plan import Plan
from apps.network.interfaces import rules
from apps.network.interfaces.boot import NOT_READ, Boot
from apps.network.interfaces.rules import IpInterface

KIND = "network.address_add"
NOTHING_LEFT = "The host has this address, and rc.conf gives it again at boot: there is nothing left to do."
WORLD = "{ip} is public: what listens on every address of the host listens there too."


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a host lacks.

    Args:
        step: What brings it.
        sentence: That it is missing.
        check: What must be true afterwards.
    """

    step: PlanStep
    sentence: str
    check: str


def address_plan(host: Host, interface: str, address: IpInterface) -> Plan:
    """Return the steps that give a host an address of its own, now and at each boot.

    Raises:
        InvalidInput: It cannot have it, or rc.conf has no place for it; `field` says where.
        Conflict: The host was never read, or lacks nothing.
    """
    if host.seen_at is None:
        raise Conflict(f"{host.name} has not been read yet.")
    rules.check(host, interface, address)
    missing = list(lacks(host, interface, address))
    if not missing:
        raise Conflict(NOTHING_LEFT)
    warnings = () if is_private(address.ip) else (WORLD.format(ip=address.ip),)
    return Plan(
        KIND,
        f"Add {address} to {interface}",
        tuple(lack.step for lack in missing),
        tuple(dict.fromkeys(lack.check for lack in missing)),
        warnings,
    )


def lacks(host: Host, interface: str, address: IpInterface) -> Iterator[Lack]:
    """Give what a host lacks of an address, in the order in which it has to come.

    Raises:
        InvalidInput: rc.conf cannot be told what it should.
    """
    boot = Boot.of(host.facts)
    if not boot.is_known:
        raise InvalidInput(f"{NOT_READ}: the address could not be kept. Set it by hand.", field="interface")
    yield from _at_boot(boot, interface)
    if address.ip not in _there(host, interface):
        yield Lack(
            host_setup.add_address(interface, address),
            f"{interface} does not have {address.ip}.",
            f"{interface} has {address.ip}",
        )
    kept = boot.keeps(interface, address.ip)
    if not kept.is_kept:
        yield Lack(
            host_setup.keep_address(_variable(boot, interface), address),
            f"rc.conf does not give {interface} {address.ip} at boot.",
            f"rc.conf gives {interface} {address.ip} at boot",
        )


def _at_boot(boot: Boot, interface: str) -> Iterator[Lack]:
    """Have a cloned loopback interface made at boot."""
    name = "cloned_interfaces"
    if not interface.startswith("lo") or interface == "lo0" or interface in boot.values.get(name, "").split():
        return
    if name in boot.unclear:
        raise InvalidInput(
            f"The shell computes {name} in rc.conf: set the address by hand.", field="interface"
        )
    yield Lack(
        host_setup.clone_at_boot(interface),
        f"rc.conf does not make {interface} at boot.",
        f"rc.conf makes {interface} at boot",
    )


def _variable(boot: Boot, interface: str) -> str:
    variable = boot.next_alias(interface)
    if not variable:
        raise InvalidInput("rc.conf has a hundred aliases of it: set the address by hand.", field="interface")
    return variable


def _there(host: Host, interface: str) -> list[object]:
    found = host.facts.get("interfaces") or []
    texts = [text for one in found if one["name"] == interface for text in one["addresses"]]
    return [ip_interface(text).ip for text in texts]
