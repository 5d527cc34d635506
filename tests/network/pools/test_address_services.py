"""Addresses that people reserve, keep by hand, let go or take over."""

from __future__ import annotations

import pytest

from apps.accounts.actor import PANEL
from apps.audit.models import AuditEvent
from apps.freebsd.errors import Conflict, InvalidInput
from apps.network.models import HeldAddress, ReservedRange
from apps.network.pools.address_services import address_keep, address_release, range_reserve, seen_take_over
from tests.network.pools.places import make_pool, see


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("10.0.1.1", "", "first"),
        ("10.0.0.9", "10.0.0.1", "last"),
        ("10.0.0.9", "10.0.9.1", "last"),
        ("fd00::1", "", "first"),
        ("10.0.0.60", "10.0.0.70", "first"),
        ("x", "", "first"),
        ("10.0.0.1", "\0", "last"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(db, first, last, field):
    pool = make_pool()
    range_reserve(actor=PANEL, pool=pool, first="10.0.0.50", last="10.0.0.60", note="DHCP")
    with pytest.raises(InvalidInput) as caught:
        range_reserve(actor=PANEL, pool=pool, first=first, last=last, note="")
    assert caught.value.field == field
    assert ReservedRange.objects.count() == 1


def test_an_address_is_kept_by_hand_and_let_go(host):
    pool = make_pool()
    row = address_keep(actor=PANEL, pool=pool, address="10.0.0.9", host=None, note="printer")
    with pytest.raises(InvalidInput, match="already, for printer"):
        address_keep(actor=PANEL, pool=pool, address="10.0.0.9", host=None, note="again")
    with pytest.raises(InvalidInput, match=r"not in 10\.0\.0\.0/24"):
        address_keep(actor=PANEL, pool=pool, address="10.0.1.9", host=None, note="again")
    address_release(actor=PANEL, held=row)
    with pytest.raises(Conflict, match="not held any more"):
        address_release(actor=PANEL, held=row)
    actions = AuditEvent.objects.filter(action__startswith="address.").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == ["address.held", "address.released"]


def test_what_is_seen_is_taken_over_once_and_doubles_are_left(host, other_host):
    pool = make_pool(interface="em0")
    see(host, "10.0.0.1")
    see(host, "10.0.0.2", "web")
    see(host, "10.0.0.3", "db")
    see(other_host, "10.0.0.3", "other")
    see(host, "192.0.2.7", "web")
    assert seen_take_over(actor=PANEL, pool=pool) == (1, 1)
    assert seen_take_over(actor=PANEL, pool=pool) == (0, 1)
    assert list(HeldAddress.objects.values_list("address", "host", "jail")) == [("10.0.0.2", host.pk, "web")]
