"""Tags for pools: `{% load pools %}`."""

from __future__ import annotations

from ipaddress import ip_network

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.network.models import AddressPool
from apps.network.pools.entries import State
from apps.network.pools.map import Block

register = template.Library()

# From here on a number is told by its power of two.
_LONG = 1 << 24
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


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
    """Return a number that people can take in: 1,024, or about 2⁶⁴."""
    if number < _LONG:
        return f"{number:,}"
    power = number.bit_length() - 1
    words = f"2{str(power).translate(_RAISED)}"
    return words if number == 1 << power else f"about {words}"


@register.simple_tag
def map_fields(block: Block, may_change: bool) -> SafeString:
    """Show the addresses of a block: links, each with its state as a class, a sign and words.

    As code, since a page has up to 1024 of them: a free one leads to keeping it, another to its row.
    """
    rows = (
        (
            field.state.key,
            "keep/?address=" if may_change and field.state is State.FREE else "?q=",
            field.address,
            field.address,
            field.words,
            field.state.symbol,
        )
        for field in block.fields
    )
    return format_html_join("", '<a class="m-{}" href="{}{}" aria-label="{} {}">{}</a>', rows)
