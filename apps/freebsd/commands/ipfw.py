"""ipfw, and what it takes to have it: exact calls, in the one form that the host agent's allow-list knows.

Rules never stand in a call: they come in files (apps.freebsd.firewall.script), and only the guarded switch
(apps.freebsd.commands.guarded) puts them in force.

Source: reference ipfw §1, §8, §10, §11.
"""

from __future__ import annotations

import shlex

from apps.freebsd.commands import Command, FileChange
from apps.freebsd.commands.guarded import AGENT, SETS
from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.model import HIGHEST_SET

IPFW, KLDLOAD, KENV = "/sbin/ipfw", "/sbin/kldload", "/bin/kenv"
SYSRC, UNLINK = "/usr/sbin/sysrc", "/bin/unlink"
DIRECTORY = "/usr/local/etc/jailpanel"
NEXT_RULES = f"{DIRECTORY}/next.rules"
NEXT_GLOBALS = f"{DIRECTORY}/next.globals"
KEPT_RULES = f"{DIRECTORY}/ipfw.rules"
DEFAULT_ACCEPTS = "net.inet.ip.fw.default_to_accept=1"
FIREWALL_TYPE = "load-firewall"
_QUICK_S = 60
_LOADING_S = 300  # thousands of rules on a slow machine


def accept_by_default() -> Command:
    """Build the call that keeps the host reachable at the moment when ipfw is loaded."""
    purpose = (
        "Have ipfw let everything through when it is loaded: loaded without this, it would deny everything, "
        "this connection too, until it has rules."
    )
    return Command((KENV, DEFAULT_ACCEPTS), purpose, undo=f"{KENV} -u net.inet.ip.fw.default_to_accept")


def load_ipfw() -> Command:
    """Build the call that loads ipfw."""
    return _kldload("ipfw", "Load ipfw. It has only its default rule then, which lets everything through.")


def load_nat() -> Command:
    """Build the call that loads ipfw's NAT."""
    return _kldload("ipfw_nat", "Load ipfw's NAT: without it, each rule with nat would deny.")


def disable_set(number: int) -> Command:
    """Build the call that switches the spare set off, before rules go into it.

    Raises:
        InvalidInput: It is none of the panel's own sets.
    """
    if number not in SETS:
        raise InvalidInput(f"Set {number} is none of the panel's own.")
    purpose = f"Switch set {number} off, so that what is put in it counts for nothing yet."
    return Command((IPFW, "-q", "set", "disable", str(number)), purpose, timeout_s=_QUICK_S)


def delete_set(number: int, purpose: str) -> Command:
    """Build the call that deletes all rules of a set, and with them the states that they made.

    Args:
        number: 0 to 30.
        purpose: One sentence for the person who reads the plan.

    Raises:
        InvalidInput: There is no such set, or it is the default rule's.
    """
    if not 0 <= number < HIGHEST_SET:
        raise InvalidInput(f"Sets that can be deleted are 0 to {HIGHEST_SET - 1}, and {number} is none.")
    return Command((IPFW, "-q", "delete", "set", str(number)), purpose, timeout_s=_QUICK_S)


def delete_nat(number: int) -> Command:
    """Build the call that deletes a NAT instance, and with it all conversations that it translates.

    Raises:
        InvalidInput: There can be no instance of this number.
    """
    if not 1 <= number < 2**31:
        raise InvalidInput(f"There is no NAT instance {number}.")
    purpose = f"Delete NAT instance {number}, which nobody wants and no rule in force uses any more."
    return Command((IPFW, "-q", "nat", str(number), "delete"), purpose, timeout_s=_QUICK_S)


def enable_set_zero() -> Command:
    """Build the call that switches set 0 on, where rules go that are typed by hand."""
    purpose = (
        "Switch set 0 on, so that a rule that somebody types by hand counts at once, and is seen as drift."
    )
    return Command((IPFW, "-q", "set", "enable", "0"), purpose, timeout_s=_QUICK_S)


def check_rules() -> Command:
    """Build the call that has ipfw read the new rules without adding them.

    Only the rules are asked about: with -n ipfw makes tables all the same.
    """
    purpose = "Have ipfw read the new rules and change nothing: it stops at the first line that it refuses."
    return Command((IPFW, "-n", NEXT_RULES), purpose, timeout_s=_LOADING_S)


def load_rules() -> Command:
    """Build the call that puts the new rules into the spare set, which is off."""
    purpose = "Put the new rules into the spare set. It is off, so no packet sees them yet."
    return Command((IPFW, "-q", NEXT_RULES), purpose, timeout_s=_LOADING_S)


def write_next_rules(before: str | None, after: str) -> FileChange:
    """Build the writing of the rules that come next."""
    return FileChange(
        NEXT_RULES, before, after, "Bring the new rules to the host, one command of ipfw's a line."
    )


def write_next_globals(before: str | None, after: str) -> FileChange:
    """Build the writing of what belongs to no set."""
    purpose = "Bring the NAT instances, the tables and one_pass to the host, which belong to no set."
    return FileChange(NEXT_GLOBALS, before, after, purpose)


def keep_rules(before: str | None, after: str) -> FileChange:
    """Build the writing of the file that is loaded at boot."""
    return FileChange(KEPT_RULES, before, after, "Keep the rules for the next boot.")


def remove_next(path: str) -> Command:
    """Build the call that takes away a file that has served.

    Raises:
        InvalidInput: It is none of the two files of the panel's own.
    """
    if path not in (NEXT_RULES, NEXT_GLOBALS):
        raise InvalidInput(f"{path} is no file of the panel's own for ipfw.")
    return Command((UNLINK, path), "Take away the file that brought the rules.", timeout_s=_QUICK_S)


def enable_at_boot(before: str | None = None) -> Command:
    """Build the call that has the firewall started at boot; `before` is what rc.conf says now."""
    return _sysrc("firewall_enable=YES", "Have the firewall started when the host boots.", before)


def script_at_boot(before: str | None = None) -> Command:
    """Build the call that names who loads the rules at boot; `before` is what rc.conf says now."""
    purpose = (
        "Have the host's agent load the rules at boot: it lets SSH in when the file cannot be loaded whole."
    )
    return _sysrc(f"firewall_script={AGENT}", purpose, before)


def type_at_boot(before: str | None = None) -> Command:
    """Build the call that tells the agent what it is called for; `before` is what rc.conf says now."""
    purpose = "Tell the agent what it is called for at boot: rc.d/ipfw gives it this word."
    return _sysrc(f"firewall_type={FIREWALL_TYPE}", purpose, before)


def _kldload(module: str, purpose: str) -> Command:
    return Command((KLDLOAD, module), purpose, undo=f"/sbin/kldunload {module}", timeout_s=_QUICK_S)


def _sysrc(assignment: str, purpose: str, before: str | None) -> Command:
    name = assignment.partition("=")[0]
    back = f"-x {name}" if before is None else shlex.quote(f"{name}={before}")
    return Command((SYSRC, assignment), purpose, undo=f"{SYSRC} {back}", timeout_s=_QUICK_S)
