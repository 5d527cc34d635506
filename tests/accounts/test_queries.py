"""The actor that a signed-in person is."""

from __future__ import annotations

from apps.accounts.actor import Grant
from apps.accounts.permissions import Role
from apps.accounts.queries import actor_for
from tests.conftest import make_person


def test_an_actor_carries_name_address_and_grants(host, django_assert_num_queries):
    user = make_person("ada", (Role.VIEWER, None), (Role.MANAGER, host)).user
    with django_assert_num_queries(1):
        actor = actor_for(user, address="192.0.2.1", request_id="r1")
    assert (actor.name, actor.user_id, actor.address, actor.request_id) == ("ada", user.pk, "192.0.2.1", "r1")
    assert set(actor.grants) == {Grant(Role.VIEWER, None), Grant(Role.MANAGER, host.pk)}


def test_a_disabled_account_has_no_grants_left(db):
    user = make_person("ada", (Role.ADMIN, None)).user
    user.is_active = False
    assert actor_for(user).grants == ()


def test_grants_of_others_do_not_count(host):
    make_person("grace", (Role.ADMIN, None))
    assert actor_for(make_person("ada").user).grants == ()
