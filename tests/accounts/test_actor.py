"""Who may do what: an actor's grants answer, and nothing else does."""

from __future__ import annotations

from uuid import UUID

import pytest

from apps.accounts.actor import PANEL, Actor, Grant, command_line_actor
from apps.accounts.permissions import REASON, ROLE_PERMISSIONS, Perm, Role, denial
from apps.freebsd.errors import NotAllowed

HERE, THERE = UUID(int=1), UUID(int=2)

SEE = {Perm.HOST_VIEW, Perm.JAIL_VIEW, Perm.NETWORK_VIEW, Perm.JOB_VIEW}
RUN = {
    Perm.HOST_PROBE,
    Perm.JAIL_START,
    Perm.JAIL_STOP,
    Perm.JAIL_ARCHIVE,
    Perm.JAIL_INSIDE,
    Perm.JOB_CANCEL,
}
MAKE = {
    Perm.BASEJAIL_INSTALL,
    Perm.JAIL_CREATE,
    Perm.JAIL_CHANGE,
    Perm.JAIL_DELETE,
    Perm.JAIL_RESTORE,
    Perm.JAIL_MOVE,
    Perm.JAIL_INSIDE_CHANGE,
    Perm.FLAVOUR_CHANGE,
    Perm.PRESET_CHANGE,
    Perm.POOL_CHANGE,
    Perm.ADDRESS_CHANGE,
    Perm.FIREWALL_CHANGE,
    Perm.FIREWALL_APPLY,
    Perm.JOB_APPROVE,
    Perm.SCHEDULE_CHANGE,
}
ROLES = {
    Role.VIEWER: SEE,
    Role.OPERATOR: SEE | RUN,
    Role.MANAGER: SEE | RUN | MAKE,
    Role.AUDITOR: SEE | {Perm.AUDIT_VIEW},
    Role.ADMIN: set(Perm),
}


def actor(*grants: tuple[Role, UUID | None]) -> Actor:
    return Actor("ada", 1, grants=tuple(Grant(role, host_id) for role, host_id in grants))


@pytest.mark.parametrize("role", Role)
def test_a_role_holds_exactly_these_permissions(role):
    assert ROLE_PERMISSIONS[role] == ROLES[role]
    assert {perm for perm in Perm if actor((role, None)).may(perm)} == ROLES[role]


@pytest.mark.parametrize("perm", Perm)
def test_nobody_may_do_anything(perm):
    stranger = Actor("nobody", None)
    assert not stranger.may(perm)
    assert not stranger.may(perm, HERE)
    assert not stranger.may_anywhere(perm)
    assert stranger.scope(perm) == frozenset()


def test_a_grant_on_a_host_counts_on_that_host_alone():
    manager = actor((Role.MANAGER, HERE))
    assert manager.may(Perm.JAIL_DELETE, HERE)
    assert not manager.may(Perm.JAIL_DELETE, THERE)
    assert not manager.may(Perm.JAIL_DELETE)


def test_a_grant_everywhere_counts_on_every_host():
    manager = actor((Role.MANAGER, None))
    assert manager.may(Perm.JAIL_DELETE, HERE)
    assert manager.may(Perm.JAIL_DELETE)


def test_the_scope_is_the_hosts_with_that_permission():
    both = actor((Role.VIEWER, HERE), (Role.OPERATOR, THERE))
    assert both.scope(Perm.HOST_VIEW) == {HERE, THERE}
    assert both.scope(Perm.JAIL_START) == {THERE}
    assert both.scope(Perm.JAIL_DELETE) == frozenset()


def test_the_scope_of_a_grant_everywhere_is_no_limit():
    assert actor((Role.VIEWER, None), (Role.ADMIN, HERE)).scope(Perm.HOST_VIEW) is None
    assert actor((Role.VIEWER, None), (Role.ADMIN, HERE)).scope(Perm.JAIL_DELETE) == {HERE}


def test_grants_add_up():
    both = actor((Role.AUDITOR, None), (Role.OPERATOR, HERE))
    assert both.may(Perm.AUDIT_VIEW, HERE)
    assert both.may(Perm.JAIL_START, HERE)
    assert not both.may(Perm.JAIL_START, THERE)
    assert both.may_anywhere(Perm.JAIL_START)


def test_require_refuses_with_what_is_lacking():
    viewer = actor((Role.VIEWER, HERE))
    viewer.require(Perm.HOST_VIEW, HERE)
    with pytest.raises(NotAllowed, match="You may not start jails here"):
        viewer.require(Perm.JAIL_START, HERE)
    with pytest.raises(NotAllowed, match="You may not see this host"):
        viewer.require(Perm.HOST_VIEW, THERE)


@pytest.mark.parametrize("perm", Perm)
def test_every_permission_has_a_sentence_for_who_lacks_it(perm):
    assert set(REASON) == set(Perm)
    assert denial(perm) == f"You may not {REASON[perm]}. An administrator can grant it."


def test_the_panel_itself_may_do_everything():
    assert all(PANEL.may(perm, HERE) for perm in Perm)
    assert PANEL.user_id is None


def test_grants_stay_out_of_logs():
    assert "admin" not in repr(actor((Role.ADMIN, None)))


def test_the_command_line_is_the_operating_systems_user_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.setattr("os.getuid", lambda: 0)
    actor = command_line_actor()
    assert (actor.name, actor.user_id) == ("root (command line)", None)
    assert all(actor.may(perm) for perm in Perm)


def test_a_user_without_a_name_acts_by_number(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_123)
    assert command_line_actor().name == "uid 4000000123 (command line)"
