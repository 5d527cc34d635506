"""Reads of a host's NAT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from django.db.models import QuerySet
from django.http import Http404

from apps.freebsd.values import is_private
from apps.hosts.models import Host
from apps.network.models import NatInstance, PortForward, SeenAddress

# What a database can look up as a row's number.
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class JailAddress:
    """A private IPv4 address of a jail, to which a forward can lead."""

    jail: str
    address: str

    @property
    def key(self) -> str:
        """What stands for it in a form."""
        return f"{self.jail}|{self.address}"


def instances(host: Host) -> QuerySet[NatInstance]:
    """Return a host's instances with their forwards, by number."""
    return NatInstance.objects.filter(host=host).prefetch_related("forwards").order_by("number")


def instance_get(host: Host, number: int) -> NatInstance:
    """Return one instance of a host.

    Raises:
        Http404: It has none of this number.
    """
    found = instances(host).filter(number=number).first() if number <= _MOST else None
    if found is None:
        raise Http404
    return found


def forwards(host: Host) -> QuerySet[PortForward]:
    """Return a host's forwards with their instances."""
    return PortForward.objects.filter(nat__host=host).select_related("nat")


def forward_get(host: Host, forward_id: int) -> PortForward:
    """Return one forward of a host.

    Raises:
        Http404: It has none of this number.
    """
    found = forwards(host).filter(pk=forward_id).first() if forward_id <= _MOST else None
    if found is None:
        raise Http404
    return found


def jail_addresses(host: Host) -> Sequence[JailAddress]:
    """Return the IPv4 addresses of a host's jails, private ones first, by jail."""
    rows = SeenAddress.objects.filter(host=host).exclude(jail="").order_by("jail", "key")
    found = dict.fromkeys(JailAddress(*pair) for pair in rows.values_list("jail", "address"))
    of_four = [one for one in found if ":" not in one.address]
    return sorted(of_four, key=lambda one: not is_private(ip_address(one.address)))


def next_number(host: Host, first: int) -> int:
    """Return the first number from `first` on that no instance of the host has."""
    taken = set(NatInstance.objects.filter(host=host).values_list("number", flat=True))
    return next(number for number in range(first, first + len(taken) + 1) if number not in taken)
