"""Which hosts one may see."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.http import Http404

from apps.accounts.permissions import Perm
from apps.freebsd.errors import NotAllowed
from apps.hosts.queries import host_get, host_list


def test_one_sees_the_hosts_that_one_was_granted(host, other_host, owner, viewer, outsider):
    assert list(host_list(owner.actor)) == [host, other_host]
    assert list(host_list(viewer.actor)) == [host]
    assert list(host_list(outsider.actor)) == [other_host]


def test_a_list_may_ask_for_more_than_seeing(host, other_host, operator, viewer):
    assert list(host_list(operator.actor, Perm.JAIL_START)) == [host]
    assert list(host_list(viewer.actor, Perm.JAIL_START)) == []


def test_a_host_out_of_sight_is_not_there(host, owner, outsider):
    for actor, host_id in ((outsider.actor, host.pk), (owner.actor, uuid4())):
        with pytest.raises(Http404):
            host_get(actor=actor, host_id=host_id)


def test_a_host_that_one_sees_may_still_be_none_of_ones_business(host, viewer, operator):
    assert host_get(actor=viewer.actor, host_id=host.pk) == host
    assert host_get(actor=operator.actor, host_id=host.pk, need=Perm.HOST_PROBE) == host
    with pytest.raises(NotAllowed):
        host_get(actor=viewer.actor, host_id=host.pk, need=Perm.HOST_PROBE)
