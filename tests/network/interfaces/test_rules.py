"""Which address a host may have of its own: never a jail's, nor anybody else's."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import InvalidInput
from apps.network.interfaces.rules import check, note_of, parse
from tests.network.interfaces.places import furnish
from tests.network.pools.places import keep, make_pool, see
from tests.places import make_host


def refused(host, interface: str, text: str) -> str:
    with pytest.raises(InvalidInput) as error:
        check(host, interface, parse(text))
    return str(error.value.message)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.1",
        "10.0.0.0/24",
        "10.0.0.255/24",
        "127.0.0.5/8",
        "fe80::1%lo0/64",
        "0.0.0.0/0",
        "x/24",
        "10.0.0.1/24\0",
    ],
)
def test_what_no_host_gives_itself_is_refused(text):
    with pytest.raises(InvalidInput):
        parse(text)


def test_addresses_of_jails_and_of_other_interfaces_are_refused(host):
    furnish(host)
    assert "The jail jail0 on this host has 10.0.9.2" in refused(host, "lo0", "10.0.9.2/24")
    assert "The host has 192.0.2.1 on re0" in refused(host, "lo0", "192.0.2.1/24")
    assert "192.0.2.0/24 is in use on the host: re0" in refused(host, "lo0", "192.0.2.9/24")
    assert "name" in refused(host, "re0.10", "10.1.0.1/24")
    assert "Choose an interface" in refused(host, "em7", "10.1.0.1/24")
    check(host, "lo0", parse("10.0.9.1/24"))


def test_what_a_pool_holds_for_another_is_refused(host):
    furnish(host)
    pool = make_pool("10.0.9.0/24", interface="lo0", gateway="10.0.9.1")
    keep(pool, "10.0.9.5", host, "web")
    keep(pool, "10.0.9.6", host, note="printer")
    keep(pool, "10.0.9.7", host, note=note_of(host, "lo0"))
    other = make_host("omega", address="198.51.100.9")
    see(other, "10.0.9.8", interface="em0")
    assert "held for the jail web" in refused(host, "lo0", "10.0.9.5/24")
    assert "printer. Release it there first" in refused(host, "lo0", "10.0.9.6/24")
    assert "another host" in refused(host, "lo0", "10.0.9.8/24")
    for text in ("10.0.9.1/24", "10.0.9.7/24"):
        check(host, "lo0", parse(text))
