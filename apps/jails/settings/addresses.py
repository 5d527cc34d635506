"""The addresses of a jail that is there: rows to edit, and the rules for those that are new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import JailFile
from apps.freebsd.values import InterfaceAddress
from apps.jails import rules
from apps.jails.models import Jail
from apps.jails.queries import host_network
from apps.jails.rows import AddressRow


def jail_network(jail: Jail) -> rules.HostNetwork:
    """Return what the rules need of the jail's host, as if the jail and its addresses were not there."""
    network = host_network(jail.host, without=jail.safe_name)
    mine = {address.address for address in jail.addresses.all()}
    without = {
        name: tuple(one for one in addresses if str(one.ip) not in mine)
        for name, addresses in network.interfaces.items()
    }
    return replace(network, interfaces=without)


def parts_of(text: str) -> list[str]:
    """Return the addresses in a variable's value, each to the byte."""
    return [part for part in text.split(",") if part]


def row_of(number: int, part: str) -> AddressRow:
    """Return the row that shows an address, whatever the file holds there."""
    interface, bar, rest = part.rpartition("|")
    address, _, prefix = rest.partition("/")
    return AddressRow(number, interface if bar else "", address, prefix)


def text_of(rows: Iterable[AddressRow], was: Sequence[str]) -> str:
    """Return the value that rows stand for; those that are as they were stay to the byte.

    Args:
        rows: As they were typed, none of them empty.
        was: The addresses that the file has.

    Raises:
        InvalidInput: A new one is no address; `field` is its field.
    """
    known = {_cells(row_of(0, part)): part for part in was}
    return ",".join(known.get(_cells(row)) or _new(row) for row in rows)


def _cells(row: AddressRow) -> tuple[str, str, str]:
    return row.interface.strip(), row.address.strip(), row.prefix.strip()


def _new(row: AddressRow) -> str:
    try:
        return str(row.parsed())
    except InvalidInput as error:
        raise InvalidInput(error.message, field=f"{error.field or 'address'}-{row.number}") from None


@dataclass(frozen=True, slots=True)
class Addresses:
    """All that a file says of addresses, in order.

    Args:
        parts: Those of `ip`, then those of `ip_multi0` and so on, each to the byte.
        own: How many of them are those of `ip`.
    """

    parts: tuple[str, ...]
    own: int

    @classmethod
    def of(cls, file: JailFile) -> Addresses:
        """Return what a file says."""
        own = parts_of(file.value("ip"))
        more = [part for name in file.numbered("ip_multi") for part in parts_of(file.value(name))]
        return cls((*own, *more), len(own))

    @property
    def firsts(self) -> tuple[str, ...]:
        """The addresses that 127.0.0.1 could mean inside: the first, and the first of IPv4."""
        found = [item for part in self.parts if (item := observed(part))]
        fours = [item for item in found if item.ip.version == 4]
        return tuple(str(item.ip) for item in (*found[:1], *fours[:1]))


def observed(part: str) -> InterfaceAddress | None:
    """Return the address that a part is, or None when it is none."""
    try:
        return InterfaceAddress.parse_observed(part)
    except InvalidInput:
        return None


def check_addresses(
    before: JailFile, after: JailFile, network: rules.HostNetwork, reason: str
) -> rules.Findings:
    """Check what is new among a jail's addresses against its host, and the order of all of them.

    Args:
        before: The file as it is.
        after: The file as it is to be.
        network: As `jail_network` gives it.
        reason: Why the first address may be public, where it is; or empty.
    """
    was, now = Addresses.of(before), Addresses.of(after)
    findings = rules.Findings()
    if was == now:
        return findings
    new: list[tuple[int, InterfaceAddress]] = []
    for row, part in enumerate(now.parts):
        if part not in was.parts:
            _parse_new(row, part, new, findings)
    found = rules.check_addresses(new, network)
    findings.errors += [*found.errors, *_doubles(now)]
    findings.warnings += found.warnings
    if now.firsts != was.firsts and not reason and not all(_is_private(text) for text in now.firsts):
        findings.errors.append(("public_first", rules.PUBLIC_FIRST))
    return findings


def _parse_new(
    row: int, part: str, new: list[tuple[int, InterfaceAddress]], findings: rules.Findings
) -> None:
    try:
        new.append((row, InterfaceAddress.parse(part)))
    except InvalidInput as error:
        findings.errors.append((f"{error.field or 'address'}-{row}", error.message))


def _doubles(now: Addresses) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for row, part in enumerate(now.parts):
        item = observed(part)
        if item is not None and str(item.ip) in seen:
            row = min(row, now.own - 1)  # noqa: PLW2901  those of ip_multi have no row of their own
            yield f"address-{row}", f"{item.ip} is given twice; a jail has each address once."
        seen.add(str(item.ip) if item else part)


def _is_private(text: str) -> bool:
    item = InterfaceAddress(None, ip_address(text), None)
    return item.is_private
