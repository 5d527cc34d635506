"""In which order a subject's limits are changed, so that it is at no moment without one that it keeps.

What is new is added first (the kernel may refuse it, and then all is as it was), then the file for the next
boot is written, and what is left over of the old is removed at last. Of two `deny` rules that differ in the
amount the kernel keeps the new one, so that nothing is left over; of all other actions both rules are there
for a moment, and the lower amount counts.

Source: reference rctl §4, §7, §8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.freebsd.commands import PlanStep
from apps.freebsd.commands import rctl as commands
from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import DENY, Subject
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rctl_conf import RctlConf

Rules = Iterable[LimitRule]


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What a host has when a change is planned.

    Args:
        rules: All that are in force.
        conf: What /etc/rctl.conf holds; None where there is none.
    """

    rules: tuple[LimitRule, ...] = ()
    conf: str | None = None

    def of(self, subject: Subject, subject_id: str) -> tuple[LimitRule, ...]:
        """Return the rules of one subject that are in force."""
        return tuple(rule for rule in self.rules if rule.is_about(subject, subject_id))


def change(host: HostLimits, before: Rules, after: Rules) -> tuple[PlanStep, ...]:
    """Return the steps that give a subject other limits.

    Args:
        host: What is there now.
        before: The rules that are to go unless they are among `after`; others that are there stay.
        after: The rules that are to be there.

    Raises:
        InvalidInput: Of two wanted rules the kernel would keep only one; `field` is action.
    """
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    _check_one_deny_each(new)
    adds = [rule for rule in new if rule not in host.rules]
    replaced = {rule.key for rule in new if rule.action == DENY}
    removals = [rule for rule in old if rule in host.rules and rule not in new and rule.key not in replaced]
    conf = RctlConf.parse(host.conf or "").edited(remove=old, add=new)
    return _steps(host, adds, conf, removals)


def before_renaming(host: HostLimits, jail: str, new: str) -> tuple[PlanStep, ...]:
    """Return the steps before a jail gets another name: its limits are there under both names then.

    Args:
        host: What is there now.
        jail: Its name in the kernel.
        new: The name that it will have there.

    Raises:
        InvalidInput: The new name cannot stand in a rule.
    """
    in_force = [rule.renamed(new) for rule in host.of(Subject.JAIL, jail)]
    conf = RctlConf.parse(host.conf or "")
    adds = [rule for rule in in_force if rule not in host.rules]
    return _steps(host, adds, conf.copied(Subject.JAIL, jail, new), [])


def left_of(host: HostLimits, jail: str) -> tuple[LimitRule, ...]:
    """Return the rules that a jail of this name would find, in force or at boot: they outlive their jail."""
    at_boot = RctlConf.parse(host.conf or "").rules_of(Subject.JAIL, jail)
    return tuple(dict.fromkeys((*host.of(Subject.JAIL, jail), *at_boot)))


def forget(host: HostLimits, jail: str) -> tuple[PlanStep, ...]:
    """Return the steps once a jail of this name is no more: it was deleted, or has another name now.

    Args:
        host: What is there now.
        jail: The name in the kernel that it had.
    """
    conf = RctlConf.parse(host.conf or "")
    lines = [line.rule for line in conf.lines if line.rule and line.rule.is_about(Subject.JAIL, jail)]
    return _steps(host, [], conf.edited(remove=lines), host.of(Subject.JAIL, jail))


def _steps(host: HostLimits, adds: list[LimitRule], conf: RctlConf, removals: Rules) -> tuple[PlanStep, ...]:
    gone, denied = tuple(removals), {rule.key for rule in adds if rule.action == DENY}
    replaced = [rule for rule in host.rules if rule.key in denied]
    steps: list[PlanStep] = [commands.add(adds, replaced)] if adds else []
    if conf.text != (host.conf or ""):
        steps.append(commands.write_rules(host.conf, conf.text))
    if gone:
        steps.append(commands.remove(gone))
    return tuple(steps)


def _check_one_deny_each(rules: Rules) -> None:
    denied = [rule for rule in rules if rule.action == DENY]
    twice = next((one for one in denied if [rule.key for rule in denied].count(one.key) > 1), None)
    if twice is not None:
        raise InvalidInput(
            f"{twice.resource} is denied at two amounts; the kernel would keep only one of them.",
            field="action",
        )
