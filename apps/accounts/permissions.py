"""What can be permitted, and the roles that come ready."""

from __future__ import annotations

from enum import StrEnum


class Perm(StrEnum):
    """One thing a person may be allowed to do, named as `app.verb`."""

    HOST_VIEW = "hosts.view"
    HOST_ADD = "hosts.add"
    HOST_CHANGE = "hosts.change"
    HOST_PROBE = "hosts.probe"
    BASEJAIL_INSTALL = "jails.basejail_install"
    JAIL_VIEW = "jails.view"
    JAIL_CREATE = "jails.create"
    JAIL_START = "jails.start"
    JAIL_STOP = "jails.stop"
    JAIL_DELETE = "jails.delete"
    JOB_VIEW = "jobs.view"
    JOB_CANCEL = "jobs.cancel"
    JOB_APPROVE = "jobs.approve"
    POLICY_CHANGE = "jobs.policy_change"
    SCHEDULE_CHANGE = "jobs.schedule_change"
    AUDIT_VIEW = "audit.view"


class Role(StrEnum):
    """A ready set of permissions."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMIN = "admin"
    AUDITOR = "auditor"


_VIEW = frozenset({Perm.HOST_VIEW, Perm.JAIL_VIEW, Perm.JOB_VIEW})
_OPERATE = _VIEW | {Perm.HOST_PROBE, Perm.JAIL_START, Perm.JAIL_STOP, Perm.JOB_CANCEL}
_MANAGE = _OPERATE | {
    Perm.BASEJAIL_INSTALL,
    Perm.JAIL_CREATE,
    Perm.JAIL_DELETE,
    Perm.JOB_APPROVE,
    Perm.SCHEDULE_CHANGE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Perm]] = {
    Role.VIEWER: _VIEW,
    Role.OPERATOR: _OPERATE,
    Role.MANAGER: _MANAGE,
    Role.ADMIN: frozenset(Perm),
    Role.AUDITOR: _VIEW | {Perm.AUDIT_VIEW},
}

REASON: dict[Perm, str] = {
    Perm.HOST_VIEW: "see this host",
    Perm.HOST_ADD: "add hosts",
    Perm.HOST_CHANGE: "change how this host is reached",
    Perm.HOST_PROBE: "probe this host",
    Perm.BASEJAIL_INSTALL: "install the basejail",
    Perm.JAIL_VIEW: "see jails here",
    Perm.JAIL_CREATE: "create jails here",
    Perm.JAIL_START: "start jails here",
    Perm.JAIL_STOP: "stop or restart jails here",
    Perm.JAIL_DELETE: "delete jails here",
    Perm.JOB_VIEW: "see jobs here",
    Perm.JOB_CANCEL: "cancel jobs here",
    Perm.JOB_APPROVE: "approve jobs here",
    Perm.POLICY_CHANGE: "change which jobs need a second person",
    Perm.SCHEDULE_CHANGE: "change schedules here",
    Perm.AUDIT_VIEW: "read the record",
}


def denial(perm: Perm) -> str:
    """Return the sentence that tells a person what they lack."""
    return f"You may not {REASON[perm]}. An administrator can grant it."
