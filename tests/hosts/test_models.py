"""What a host's row says by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.hosts.models import Host, HostState
from tests.places import make_host


@pytest.mark.parametrize("state", HostState)
def test_nothing_is_sent_while_a_key_is_in_doubt(state):
    in_doubt = {HostState.NEW, HostState.UNVERIFIED, HostState.KEY_CHANGED}
    assert Host(state=state).may_be_contacted == (state not in in_doubt)
    assert Host(state=state).is_online == (state == HostState.ONLINE)


def test_uptime_is_that_of_the_last_look():
    now = timezone.now()
    assert Host(seen_at=now, boot_at=now - timedelta(hours=2)).uptime == timedelta(hours=2)
    assert Host(boot_at=now).uptime is None
    assert Host(seen_at=now).uptime is None


def test_what_is_older_than_ten_minutes_is_stale():
    now = timezone.now()
    assert Host().is_stale
    assert Host(seen_at=now - timedelta(minutes=11)).is_stale
    assert not Host(seen_at=now - timedelta(minutes=9)).is_stale


def test_names_and_addresses_are_there_once(host):
    for values in ({"name": "alpha", "address": "192.0.2.200"}, {"name": "beta", "address": host.address}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_host(**values)


def test_machines_without_an_address_do_not_get_in_each_others_way(db):
    make_host("panel", address="", channel="doas")
    make_host("panel2", address="", channel="sudo")


def test_a_state_that_nobody_knows_is_refused(host):
    with pytest.raises(IntegrityError), transaction.atomic():
        Host.objects.update(state="fine")
