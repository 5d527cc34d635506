"""ezjail.conf, setting by setting: what may be changed, to what, and the change of the file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.freebsd.commands import FileChange
from apps.freebsd.errors import Conflict, InvalidInput, ParseError
from apps.freebsd.ezjail_settings import IMAGE_TYPES, SETTINGS, Setting, setting, unknown_settings
from apps.freebsd.jail_variables import check_jail_value
from apps.freebsd.setting_kinds import Kind, read_value
from apps.freebsd.shellfile import Reading, ShellFile
from apps.jails.ezjail.situation import CONF, HANDS_OFF, Situation
from apps.jobs.plan import Plan

Changes = dict[str, str | None]
LONGEST = 1000
NO_EFFECT = "ezjail_imagetype"
_PLACES = "jaildir jailbase jailtemplate jailfull jailtemp flavours_dir archivedir sourcetree"
_NEW_JAILS = (
    "default_flavour exec_start exec_stop mount_enable devfs_enable devfs_ruleset procfs_enable "
    "fdescfs_enable parameters cpuset fib zfs_datasets retention_policy post_start_script imagetype"
)
_GROUPS = (
    ("Places", _PLACES),
    ("ZFS", "use_zfs use_zfs_for_jails jailzfs zfs_properties zfs_jail_properties"),
    ("Basejail", "ftphost uglyperlhack"),
    ("New jails", _NEW_JAILS),
    ("Console and snapshots", "default_execute default_retention_policy"),
)
GROUPS: tuple[tuple[str, tuple[Setting, ...]], ...] = tuple(
    (label, tuple(setting(f"ezjail_{name}") for name in names.split())) for label, names in _GROUPS
)
# What people regret: said in the plan as well as beside the field.
_DANGEROUS = frozenset(
    f"ezjail_{name}"
    for name in (
        "jaildir",
        "jailbase",
        "jailtemplate",
        "jailfull",
        "jailtemp",
        "use_zfs_for_jails",
        "jailzfs",
    )
) | {"ezjail_post_start_script", "ezjail_default_flavour"}
_OF_ZFS = frozenset({"ezjail_use_zfs", "ezjail_use_zfs_for_jails", "ezjail_jailzfs"})


@dataclass(frozen=True, slots=True)
class Row:
    """One setting on a host.

    Args:
        setting: Which.
        in_effect: Its value as ezjail sees it; None when the host could not say.
        words: As the file has it, quotes and all; empty where the file does not set it.
        text: The file's value; empty where it is computed or not set.
        default: What ezjail takes without it; empty where it then goes without.
        locked: Why the panel does not change it, or empty.
    """

    setting: Setting
    in_effect: str | None
    words: str
    text: str
    default: str
    locked: str

    @property
    def name(self) -> str:
        """Its name in ezjail.conf."""
        return self.setting.name

    @property
    def is_set(self) -> bool:
        """Whether the file sets it."""
        return bool(self.words)

    @property
    def is_odd(self) -> bool:
        """Whether something other than the file's value, or the default, is in effect."""
        expected = self.text if self.is_set else self.default
        return self.in_effect is not None and not self.locked and self.in_effect != expected

    def matches(self, query: str) -> bool:
        """Tell whether a word of the search is in its name, its meaning or its value."""
        found = f"{self.name} {self.setting.meaning} {self.setting.trap} {self.in_effect}".lower()
        return all(word in found for word in query.lower().split())


def rows(seen: Situation) -> dict[str, Row]:
    """Return all settings of a host, by name."""
    file = seen.file
    return {item.name: _row(item, file, seen) for item in SETTINGS}


def unknown(seen: Situation) -> list[tuple[str, str]]:
    """Return the variables of ezjail.conf that ezjail does not know, with their values as written."""
    file = seen.file
    readings = [(name, file.reading(name)) for name in unknown_settings(file)]
    return [(name, reading.words if reading else "") for name, reading in readings]


def kept_shell(seen: Situation) -> tuple[str, ...]:
    """Return what else ezjail.conf holds: shell that only a shell can run."""
    return seen.file.kept


def _row(item: Setting, file: ShellFile, seen: Situation) -> Row:
    reading = file.reading(item.name)
    return Row(
        setting=item,
        in_effect=seen.in_effect.get(item.name),
        words=(reading.words or "''") if reading else "",
        text=(reading.text or "") if reading else "",
        default=item.default_for(seen.setting("ezjail_jaildir")),
        locked=_locked(item, file, seen),
    )


def _locked(item: Setting, file: ShellFile, seen: Situation) -> str:
    if item.name == NO_EFFECT:
        return "It has no effect, so there is nothing to set."
    if seen.config_is in HANDS_OFF:
        return HANDS_OFF[seen.config_is]
    if file.problem:
        return f"sh may not get to the end of ezjail.conf: {file.problem}. Mend it by hand."
    reading = file.reading(item.name)
    return _unclear(reading) if reading else ""


def _unclear(reading: Reading) -> str:
    if reading.text is None:
        return "The shell computes it. Change it by hand."
    if not reading.text.isprintable():
        return "Its value holds a control character. Change it by hand."
    return reading.doubt


def settings_plan(
    seen: Situation, changes: Mapping[str, str | None], flavours: Iterable[str] | None = None
) -> Plan:
    """Return the plan that changes settings in ezjail.conf; all else in it stays to the byte.

    Args:
        seen: The host.
        changes: The new value by setting; None takes it out of the file.
        flavours: Those that the host has; None when that is not known.

    Raises:
        InvalidInput: A value cannot be; `field` is the setting.
        Conflict: The file holds all of this already.
    """
    if not seen.installed and seen.config_is == "missing":
        raise Conflict("ezjail is not installed on this host: set it up first.")
    if found := complaints(seen, changes, flavours):
        field, sentence = found[0]
        raise InvalidInput(sentence, field=field)
    after = _changed(seen, changes)
    if after == seen.config_text:
        raise Conflict("ezjail.conf says all of this already: there is nothing to change.")
    change = FileChange(
        path=CONF,
        before=seen.config_text if seen.config_is == "text" else None,
        after=after,
        purpose="Change what ezjail goes by; every other byte of the file stays as it is.",
    )
    names = ", ".join(changes)
    title = "Change ezjail’s settings" if len(changes) > 1 else f"Change {names}"
    return Plan(
        "jails.ezjail_settings", title, (change,), tuple(_checks(changes)), tuple(_warnings(seen, changes))
    )


def _checks(changes: Mapping[str, str | None]) -> list[str]:
    return [
        f"{name} is not set any more" if value is None else f"{name} is {value or 'empty'}"
        for name, value in changes.items()
    ]


def _warnings(seen: Situation, changes: Mapping[str, str | None]) -> list[str]:
    traps = [f"{name}: {setting(name).trap}" for name in changes if name in _DANGEROUS and setting(name).trap]
    if "ezjail_jaildir" in changes and seen.jail_count:
        traps.insert(0, f"Jails on this host: {seen.jail_count}. Each keeps its root where it is.")
    return traps


def _changed(seen: Situation, changes: Mapping[str, str | None]) -> str:
    file = seen.file
    for name, value in changes.items():
        try:
            file = file.unset(name) if value is None else file.set(name, value, beside="ezjail_")
        except (ParseError, InvalidInput) as error:
            raise InvalidInput(error.message, field=name) from error
    return file.render().decode()


# -- what a value may be ----------------------------------------------------------------------------------


def complaints(
    seen: Situation, changes: Mapping[str, str | None], flavours: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """Return what keeps values from being set on this host, each with its setting."""
    known = rows(seen)
    locked = [(name, known[name].locked) for name in changes if name in known and known[name].locked]
    wrong = [
        (name, reason)
        for name, value in changes.items()
        if value is not None and (reason := _why_not(name, value, flavours))
    ]
    return [*locked, *wrong, *_zfs(seen, changes)]


def _why_not(name: str, value: str, flavours: Iterable[str] | None) -> str:
    kind = setting(name).kind
    try:
        check_jail_value(value)
        read_value(kind, value, IMAGE_TYPES)
    except InvalidInput as error:
        return error.message
    if len(value) > LONGEST:
        return f"Take at most {LONGEST} characters."
    if kind is Kind.PATH and not value:
        return "An empty path leads nowhere: go back to the default instead."
    if name == "ezjail_default_flavour" and flavours is not None:
        lacking = [word for word in value.split() if word not in flavours]
        return f"The host has no flavour {lacking[0]}: every create would fail." if lacking else ""
    return ""


def _zfs(seen: Situation, changes: Mapping[str, str | None]) -> list[tuple[str, str]]:
    touched = sorted(_OF_ZFS & {*changes})
    after = {
        **{name: seen.setting(name) for name in _OF_ZFS},
        **{name: changes[name] or "" for name in touched},
    }
    if not touched or "YES" not in (after["ezjail_use_zfs"], after["ezjail_use_zfs_for_jails"]):
        return []
    dataset = after["ezjail_jailzfs"]
    where = "ezjail_jailzfs" if "ezjail_jailzfs" in changes else touched[0]
    if not seen.pools:
        return [(where, "The host has no ZFS pool, or ZFS is not loaded there.")]
    if not dataset:
        return [(where, "ZFS needs a dataset to work in: set ezjail_jailzfs as well.")]
    pool = dataset.partition("/")[0]
    return [] if pool in seen.pools else [(where, f"The host has no pool {pool}.")]


def not_as_wanted(seen: Situation, changes: Mapping[str, str | None]) -> list[str]:
    """Return a sentence for each setting that did not become what was asked for."""
    file, found = seen.file, []
    for name, value in changes.items():
        if value is None and file.reading(name) is not None:
            found.append(f"ezjail.conf still sets {name}.")
        elif value is not None and seen.in_effect.get(name) != value:
            found.append(f"{name} is {seen.in_effect.get(name) or 'empty'}, not {value or 'empty'}.")
    return found
