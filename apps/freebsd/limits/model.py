"""One rule of RCTL. None can be made that the kernel would refuse, or that its tools would take for two.

Source: reference rctl §2, §3, §4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import Action, Subject, action_named
from apps.freebsd.limits.amounts import check_amount
from apps.freebsd.limits.catalogue import Resource, resource_named

# Nothing that ends a field of a rule (: = / ,), or that a shell, xargs or rctl would take for something else.
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]"
_IDS = {
    Subject.PROCESS: (r"[1-9][0-9]{0,8}", "A process is its number, such as 1234."),
    Subject.USER: (
        _NAME + r"{0,31}\$?",
        "A user is a name or number: up to 32 letters, digits, dots, dashes and underscores.",
    ),
    Subject.LOGINCLASS: (
        _NAME + r"{0,31}",
        "A login class has up to 32 letters, digits, dots, dashes and underscores.",
    ),
    Subject.JAIL: (
        _NAME + r"{0,254}",
        "A jail’s name in a rule has letters, digits, dots, dashes and underscores.",
    ),
}


@dataclass(frozen=True, slots=True)
class LimitKey:
    """What a rule limits, whatever the amount. The kernel has at most one `deny` of each.

    Args:
        subject: Whom the rule is about.
        subject_id: Its name or number.
        resource: Of which resource.
        action: What is done at the amount.
        per: Per whom the amount is.
    """

    subject: Subject
    subject_id: str
    resource: str
    action: str
    per: Subject


@dataclass(frozen=True, slots=True)
class LimitRule:
    """A rule: at this amount of a resource, the kernel does this to a subject.

    Args:
        subject: Whom the rule is about.
        subject_id: A process’s number, a user’s name or number, a login class, or a jail’s name in
            the kernel.
        resource: A name of the catalogue’s.
        action: A name of the catalogue’s.
        amount: In the resource’s unit.
        per: Per whom the amount is.

    Raises:
        InvalidInput: The kernel would refuse it; `field` is the name of the argument that is to blame.
    """

    subject: Subject
    subject_id: str
    resource: str
    action: str
    amount: int
    per: Subject

    def __post_init__(self) -> None:
        form, sentence = _IDS[self.subject]
        if not re.fullmatch(form, self.subject_id):
            raise InvalidInput(sentence, field="subject_id")
        resource = known_resource(self.resource)
        known_action(self.action)
        if why := resource.why_not(self.action):
            raise InvalidInput(why, field="action")
        check_amount(resource, self.amount)
        _check_per(resource, self.subject, self.per)

    @classmethod
    def of_jail(cls, name: str, resource: str, action: str, amount: int) -> Self:
        """Return the rule of a jail as a whole.

        Args:
            name: Its name in the kernel, which is ezjail’s safe name.
            resource: A name of the catalogue’s.
            action: A name of the catalogue’s.
            amount: In the resource’s unit.

        Raises:
            InvalidInput: The kernel would refuse it.
        """
        return cls(Subject.JAIL, name, resource, action, amount, Subject.JAIL)

    @property
    def key(self) -> LimitKey:
        """What it limits, without the amount."""
        return LimitKey(self.subject, self.subject_id, self.resource, self.action, self.per)

    def is_about(self, subject: Subject, subject_id: str) -> bool:
        """Return whether it is a rule of this subject, and of no other with a similar name."""
        return (self.subject, self.subject_id) == (subject, subject_id)

    def renamed(self, subject_id: str) -> Self:
        """Return the same rule about another subject.

        Raises:
            InvalidInput: The name cannot stand in a rule.
        """
        return replace(self, subject_id=subject_id)


def known_resource(name: str) -> Resource:
    """Return what is known of a resource.

    Raises:
        InvalidInput: There is none of this name; `field` is resource.
    """
    resource = resource_named(name)
    if resource is None:
        raise InvalidInput("RCTL has no such resource: choose one of the list.", field="resource")
    return resource


def known_action(name: str) -> Action:
    """Return what is known of an action.

    Raises:
        InvalidInput: There is none of this name; `field` is action.
    """
    action = action_named(name)
    if action is None:
        raise InvalidInput("RCTL has no such action: choose one of the list.", field="action")
    return action


def _check_per(resource: Resource, subject: Subject, per: Subject) -> None:
    if per is Subject.PROCESS and resource.is_shared:
        field = "resource" if subject is Subject.PROCESS else "per"
        raise InvalidInput(
            f"{resource.name} has no account per process, so that a limit cannot be per process.", field=field
        )
