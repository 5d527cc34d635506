"""Tags for pools: `{% load pools %}`."""

from __future__ import annotations

from ipaddress import ip_network

from django import template

from apps.network.models import AddressPool

register = template.Library()

# From here on a number is told by its power of two.
_LONG = 1 << 24


@register.filter
def size(pool: AddressPool) -> int:
    """Return how many addresses a pool has."""
    return ip_network(pool.network).num_addresses


@register.filter
def size_words(pool: AddressPool) -> str:
    """Return how many addresses a pool has, in words."""
    return number_words(size(pool))


@register.filter
def number_words(number: int) -> str:
    """Return a number that people can take in: 1,024, or about 2^64."""
    if number < _LONG:
        return f"{number:,}"
    power = number.bit_length() - 1
    return f"2^{power}" if number == 1 << power else f"about 2^{power}"
