"""One row of a form's table of addresses, as it was typed."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.values import InterfaceAddress


@dataclass(slots=True)
class AddressRow:
    """One row of the address table as it was typed.

    Args:
        number: Its place, from 0.
        interface: The interface's name.
        address: The IP address.
        prefix: The prefix length.
        pool: The pool that it comes from, as the number of its row; empty when it is typed by hand.
        filled: The pool that it was filled in from.
        is_fresh: Whether it was filled in just now.
        why_not: Why it could not be.
    """

    number: int
    interface: str = ""
    address: str = ""
    prefix: str = ""
    pool: str = ""
    filled: str = ""
    is_fresh: bool = False
    why_not: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names under which its errors are kept."""
        return tuple(f"{part}-{self.number}" for part in ("interface", "address", "prefix"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed into it."""
        return not self.address.strip()

    def parsed(self) -> InterfaceAddress:
        """Return the address, or raise InvalidInput."""
        return InterfaceAddress.from_parts(self.interface, self.address.strip(), self.prefix.strip())
