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
    HOST_SETUP = "hosts.setup"
    JAIL_CHANGE = "jails.change"
    JAIL_ARCHIVE = "jails.archive"
    JAIL_RESTORE = "jails.restore"
    JAIL_MOVE = "jails.move"
    JAIL_INSIDE = "jails.inside"
    JAIL_INSIDE_CHANGE = "jails.inside_change"
    JAIL_COMMAND = "jails.command"
    FLAVOUR_CHANGE = "jails.flavour_change"
    PRESET_CHANGE = "jails.preset_change"
    NETWORK_VIEW = "network.view"
    POOL_CHANGE = "network.pool_change"
    ADDRESS_CHANGE = "network.address_change"
    FIREWALL_CHANGE = "network.firewall_change"
    FIREWALL_APPLY = "network.firewall_apply"
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


_VIEW = frozenset({Perm.HOST_VIEW, Perm.JAIL_VIEW, Perm.NETWORK_VIEW, Perm.JOB_VIEW})
_OPERATE = (
    _VIEW
    | {Perm.HOST_PROBE, Perm.JAIL_START, Perm.JAIL_STOP, Perm.JOB_CANCEL}
    | {
        Perm.JAIL_ARCHIVE,
        Perm.JAIL_INSIDE,
    }
)
_MANAGE = _OPERATE | {
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
    Perm.HOST_SETUP: "set up ezjail on this host",
    Perm.JAIL_CHANGE: "change jails here",
    Perm.JAIL_ARCHIVE: "archive jails here or take snapshots of them",
    Perm.JAIL_RESTORE: "restore jails here or roll them back",
    Perm.JAIL_MOVE: "move jails from or to this host",
    Perm.JAIL_INSIDE: "look inside jails here",
    Perm.JAIL_INSIDE_CHANGE: "change services and packages inside jails here",
    Perm.JAIL_COMMAND: "run commands inside jails here",
    Perm.FLAVOUR_CHANGE: "change flavours here",
    Perm.PRESET_CHANGE: "change presets for new jails",
    Perm.NETWORK_VIEW: "see addresses and the firewall here",
    Perm.POOL_CHANGE: "change address pools",
    Perm.ADDRESS_CHANGE: "change this host's own addresses",
    Perm.FIREWALL_CHANGE: "change NAT and firewall rules here",
    Perm.FIREWALL_APPLY: "apply firewall rules on this host",
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
