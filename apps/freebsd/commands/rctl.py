"""rctl, and what it takes to have limits at boot: exact calls and the files.

Rules come as LimitRule only, so that none can become a second argument. A removal names the whole rule: a
shorter filter would take away what others added meanwhile. `service rctl` is never called: its stop and its
restart remove every rule of the host.

Source: reference rctl §1, §5, §7, §9.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from apps.freebsd.commands import Command, FileChange
from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits import loader_conf, rctl_conf
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rules import filter_text, rule_text

RCTL, SYSRC = "/usr/bin/rctl", "/usr/sbin/sysrc"
_TIMEOUT_S = 60


def list_rules() -> Command:
    """Build the call that lists all rules of the host."""
    return Command((RCTL,), "List all rules that are in force.", timeout_s=_TIMEOUT_S)


def add(rules: Sequence[LimitRule], replaced: Sequence[LimitRule] = ()) -> Command:
    """Build the call that adds rules; a `deny` takes the place of the one with another amount.

    Args:
        rules: What is added.
        replaced: The rules in force whose place is taken, so that taking it back means adding those.

    Raises:
        InvalidInput: There is nothing to add.
    """
    _some(rules)
    keys = {rule.key for rule in replaced}
    calls = (
        ("-a", [*map(rule_text, replaced)]),
        ("-r", [filter_text(one) for one in rules if one.key not in keys]),
    )
    undo = " && ".join(shlex.join((RCTL, flag, *texts)) for flag, texts in calls if texts)
    purpose = (
        "Put these limits in force now. A deny with a new amount takes the place of the old one at once."
    )
    return Command((RCTL, "-a", *map(rule_text, rules)), purpose, undo=undo, timeout_s=_TIMEOUT_S)


def remove(rules: Sequence[LimitRule]) -> Command:
    """Build the call that removes exactly these rules.

    Raises:
        InvalidInput: There is nothing to remove.
    """
    _some(rules)
    undo = shlex.join((RCTL, "-a", *map(rule_text, rules)))
    purpose = "Take exactly these limits away, each by its whole text, and leave all others."
    return Command((RCTL, "-r", *map(filter_text, rules)), purpose, undo=undo, timeout_s=_TIMEOUT_S)


def usage(jails: Sequence[str]) -> Command:
    """Build the call that tells what jails use now.

    Args:
        jails: Names in the kernel of jails that run: of one that does not, the kernel would say zeros.

    Raises:
        InvalidInput: There are none, or one cannot stand in a rule.
    """
    _some(jails)
    # A rule of such a jail can be made, so that its name can be asked for.
    subjects = [f"jail:{LimitRule.of_jail(name, 'maxproc', 'log', 0).subject_id}" for name in jails]
    return Command((RCTL, "-u", *subjects), "Ask what these jails use now.", timeout_s=_TIMEOUT_S)


def enable_at_boot(before: str | None = None) -> Command:
    """Build the call that has the rules loaded at boot; `before` is what rc.conf says now."""
    back = "-x rctl_enable" if before is None else shlex.quote(f"rctl_enable={before}")
    return Command(
        (SYSRC, "rctl_enable=YES"),
        f"Have the limits in {rctl_conf.PATH} loaded when the host boots.",
        undo=f"{SYSRC} {back}",
        timeout_s=_TIMEOUT_S,
    )


def write_rules(before: str | None, after: str) -> FileChange:
    """Build the writing of the rules that are loaded at boot."""
    purpose = "Keep the limits for the next boot. What others wrote in the file stays as it is."
    return FileChange(rctl_conf.PATH, before, after, purpose)


def switch_accounting_on(before: str | None) -> FileChange:
    """Build the writing of the tunable that switches accounting on at the next boot.

    Args:
        before: What loader.conf holds now; None where there is none.
    """
    purpose = "Have the kernel count what is used from the next boot on. Without that it limits nothing."
    return FileChange(loader_conf.PATH, before, loader_conf.with_tunable(before or ""), purpose)


def _some(things: Sequence[object]) -> None:
    if not things:
        raise InvalidInput("There is nothing to call rctl for.")
