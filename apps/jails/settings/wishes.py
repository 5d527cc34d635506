"""What someone wants a jail to be, and what that comes to: files, rights that it takes, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.freebsd.errors import Conflict, InvalidInput, ParseError
from apps.freebsd.jail_file import LOST, JailFile
from apps.freebsd.jail_file_edit import as_typed, check_plain, edited
from apps.freebsd.parsers.fstab import JailPlaces, added_entries, check_entry, is_harmless
from apps.jails.models import Jail
from apps.jails.settings import policy, rules
from apps.jails.settings.addresses import check_addresses, jail_network
from apps.jails.settings.catalogue import ON_THE_HOST
from apps.jails.settings.plans import Edit, edit_plan
from apps.jobs.plan import Plan

CHANGE, CHANGE_HOST = "jails.change", "jails.change_host"
NOTHING = "Nothing is changed: this is what the host has."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to change of a jail.

    Args:
        values: Variables of its file; None takes one out.
        text: The whole file as someone edited it; instead of values.
        fstab: The whole fstab as someone edited it.
        runs_at_boot: Whether it is to start at boot; None when that stays.
        restart: Whether to restart it where it runs.
        public_first_reason: Why its first address may be public, if it becomes so.
    """

    values: Mapping[str, str | None] = field(default_factory=dict)
    text: str | None = None
    fstab: str | None = None
    runs_at_boot: bool | None = None
    restart: bool = False
    public_first_reason: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A wish against what the host has.

    Args:
        plan: The steps.
        needs: What it takes besides the right to change jails.
        intent: What was asked for, as JSON values.
        notes: What a person should know of the addresses.
    """

    plan: Plan
    needs: list[policy.Need]
    intent: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def file_of(jail: Jail) -> JailFile:
    """Return ezjail's file of a jail as it was last seen."""
    return JailFile(jail.safe_name, jail.config_text)


def prepare(jail: Jail, wish: Wish) -> Prepared:
    """Plan a wish.

    Raises:
        InvalidInput: A rule is broken; `field` is a variable, a part of an address row, text or restart.
        Conflict: The file cannot be changed with certainty, or nothing would change.
    """
    before = file_of(jail)
    after = _after(before, wish)
    changed = policy.changed_variables(before, after)
    notes = _check(jail, before, after, wish)
    wanted = [*policy.needs(before, after), *_fstab_needs(jail, wish)]
    boot = None if wish.runs_at_boot == jail.runs_at_boot else wish.runs_at_boot
    edit = Edit(
        kind=CHANGE_HOST if any(need.perm == ON_THE_HOST for need in wanted) else CHANGE,
        title=f"Change the jail {jail.name}",
        file=None if after.text == before.text else after.text,
        fstab=None if wish.fstab in (None, jail.fstab_text) else wish.fstab,
        runs_at_boot=boot,
        restart=wish.restart,
        changed=tuple(changed),
    )
    if edit.file is None and edit.fstab is None and boot is None:
        raise Conflict(NOTHING)
    return Prepared(edit_plan(jail, edit), wanted, _intent(jail, before, after, edit, wish), notes)


def _after(before: JailFile, wish: Wish) -> JailFile:
    if wish.text is not None:
        check_editable(before.text)
        return edited(before, as_typed(wish.text))
    if not wish.values:
        return before
    if before.problem:
        raise Conflict(before.problem)
    try:
        return before.changed(wish.values)
    except ParseError as error:
        raise Conflict(error.message) from None


def check_editable(text: str) -> None:
    """Refuse to edit a file as text that a browser would not send back as it is.

    Raises:
        Conflict: It was not seen, or holds what a text field loses.
    """
    if not text:
        raise Conflict("The panel has not seen this file yet.")
    if LOST in text or "\r" in text:
        raise Conflict("This file holds bytes that are no text, or carriage returns: edit it by hand.")


def _check(jail: Jail, before: JailFile, after: JailFile, wish: Wish) -> list[str]:
    """Hold the settings against the host; return what a person should know of the addresses."""
    findings = check_addresses(before, after, jail_network(jail), wish.public_first_reason)
    for name, message in [*rules.problems(jail, before, after), *findings.errors]:
        raise InvalidInput(message, field="text" if wish.text is not None else name)
    return findings.warnings


def _fstab_needs(jail: Jail, wish: Wish) -> list[policy.Need]:
    if wish.fstab is None:
        return []
    check_editable(jail.fstab_text or "\n")
    check_plain(wish.fstab, "The fstab")
    settings = jail.host.facts.get("ezjail", {}).get("settings", {})
    places = JailPlaces(jail.root, settings.get("jailbase") or "/usr/jails/basejail")
    found = []
    for entry in added_entries(jail.fstab_text, wish.fstab):
        check_entry(entry, places)
        if not is_harmless(entry, places):
            why = f"Line {entry.number} gives the jail {entry.source} of the host"
            found.append(policy.Need(ON_THE_HOST, "text", why))
    return found


def _intent(jail: Jail, before: JailFile, after: JailFile, edit: Edit, wish: Wish) -> dict[str, Any]:
    """Return what the record keeps: each variable as it was and as it is to be, never a whole file."""
    return {
        "jid": jail.jid,
        "root": jail.root,
        "was": {name: _value(before, name) for name in edit.changed},
        "changes": {name: _value(after, name) for name in edit.changed},
        "as_text": wish.text is not None or wish.fstab is not None,
        "runs_at_boot": edit.runs_at_boot,
        "restart": edit.restart and jail.is_running,
        "public_first_reason": wish.public_first_reason,
    }


def _value(file: JailFile, variable: str) -> str | None:
    return file.value(variable) if variable in file.variables else None
