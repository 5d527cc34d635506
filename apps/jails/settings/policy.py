"""What someone must hold to change a jail's file in some way: one place for form, text, retry and rename.

Source: SECURITY (allow-lists for parameters and hooks; free text with a privilege of its own).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from apps.accounts.actor import Actor
from apps.accounts.permissions import REASON, Perm
from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import JailFile
from apps.freebsd.jail_params import Parameters, Word
from apps.freebsd.jail_variables import jail_variable
from apps.freebsd.shellfile import Kind, ShellFile
from apps.jails.settings.catalogue import (
    HOST_PARAMETERS,
    HOST_VARIABLES,
    IN_THE_JAIL,
    JAIL_COMMANDS,
    ON_THE_HOST,
    USUAL_COMMANDS,
    USUAL_RULESETS,
)

# In jail.conf a value that holds more than this could end the statement and begin another.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/,@%+-]*")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a change asks for besides the right to change jails.

    Args:
        perm: What one must hold.
        field: The variable, or `text` where it is none of the jail's own.
        why: What it is about, as the beginning of a sentence.
    """

    perm: Perm
    field: str
    why: str

    @property
    def sentence(self) -> str:
        """What someone is told who does not hold it."""
        return f"{self.why}: that takes the right to {REASON[self.perm]}. An administrator can grant it."


def changed_variables(before: JailFile, after: JailFile) -> list[str]:
    """Return the jail's own variables that are not the same in both files, in the order of the second."""
    names = dict.fromkeys((*after.variables, *before.variables))
    return [name for name in names if _said(before, name) != _said(after, name)]


def _said(file: JailFile, variable: str) -> tuple[str | None, str] | None:
    found = file.shell.reading(file.prefix + variable)
    return None if found is None else (found.text, found.words if found.text is None else "")


def needs(before: JailFile, after: JailFile) -> list[Need]:
    """Return what a change asks for besides the right to change jails."""
    found = [
        need for name in changed_variables(before, after) for need in _variable_needs(before, after, name)
    ]
    if _others(before.shell, before.prefix) != _others(after.shell, after.prefix):
        found.append(Need(ON_THE_HOST, "text", "Shell that is no variable of the jail is changed"))
    return found


def parameter_needs(before: str, after: str) -> list[Need]:
    """Return what new parameters ask for besides the right to make or change a jail."""
    return list(_parameter_needs(Parameters.parse(before), Parameters.parse(after)))


def check(actor: Actor, host_id: object, wanted: list[Need]) -> None:
    """Refuse a change that the actor lacks a right for.

    Raises:
        InvalidInput: They do; `field` says where.
    """
    for need in wanted:
        if not actor.may(need.perm, host_id):  # type: ignore[arg-type]
            raise InvalidInput(need.sentence, field=need.field)


def _others(file: ShellFile, prefix: str) -> Counter[str]:
    """Return what the file says that is no variable of the jail, and no comment."""
    said = Counter(text.strip() for text in file.kept)
    for piece in file.pieces:
        if piece.kind is Kind.SETS:
            foreign = [made for made in piece.assignments if not made.name.decode().startswith(prefix)]
            said.update(f"{made.name!r}={made.text!r}" for made in foreign)
    return said


def _variable_needs(before: JailFile, after: JailFile, variable: str) -> Iterator[Need]:
    known, value = jail_variable(variable), after.value(variable)
    if known is None:
        yield Need(ON_THE_HOST, variable, f"{variable} is a variable that the panel does not know")
    elif known.name in HOST_VARIABLES:
        yield Need(ON_THE_HOST, variable, f"Root of the host goes by {variable}")
    elif known.name in JAIL_COMMANDS and value not in USUAL_COMMANDS:
        yield Need(IN_THE_JAIL, variable, f"{variable} is a command of your own that root of the jail runs")
    elif known.name == "devfs_ruleset" and value not in USUAL_RULESETS:
        yield Need(ON_THE_HOST, variable, f"The ruleset {value} may show the jail the host's disks")
    elif known.name == "parameters":
        yield from _parameter_needs(Parameters.parse(before.value(variable)), Parameters.parse(value))


def _parameter_needs(before: Parameters, after: Parameters) -> Iterator[Need]:
    for word in after.words:
        if word in before.words:
            continue
        if word.parameter is None or not _PLAIN.fullmatch(word.value) or _is_the_hosts(word):
            yield Need(ON_THE_HOST, "parameters", f"{word.text} is a parameter that can reach the host")


def _is_the_hosts(word: Word) -> bool:
    return word.name in HOST_PARAMETERS or (word.name == "devfs_ruleset" and word.value not in USUAL_RULESETS)
