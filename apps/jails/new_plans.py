"""The plan for a new jail: create, then what create has no option for. Pure."""

from __future__ import annotations

from dataclasses import replace

from apps.freebsd.commands import FileChange, PlanStep, ezjail, images
from apps.freebsd.commands.new_jail import Storage
from apps.freebsd.commands.zfs_properties import set_property
from apps.freebsd.jail_params import Parameters
from apps.freebsd.new_jail_file import (
    CONTROL,
    Defaults,
    changed,
    file_text,
    foretell,
    is_dataset,
    root_of,
)
from apps.freebsd.values import FlavourName, JailAddresses, JailName
from apps.jails.new_options import NewJailOptions
from apps.jobs.plan import Plan

PLAIN = NewJailOptions()
_HARMLESS = ("false", "0", "disable", "new")
_WHY = {
    "exec_stop": "its processes get to end by themselves (/etc/rc.shutdown) where ezjail would kill them",
    "parameters": "parameters of jail(8)",
    "cpuset": "the CPUs that it may use",
    "fib": "the routing table of its processes",
}


def create_plan(
    name: JailName,
    addresses: JailAddresses,
    flavour: FlavourName | None,
    options: NewJailOptions = PLAIN,
    defaults: Defaults | None = None,
) -> Plan:
    """Return the plan that makes a jail.

    Args:
        name: The new jail.
        addresses: Its addresses.
        flavour: Its first flavour, if any.
        options: What else is asked for.
        defaults: What the host's ezjail.conf gives to a jail; needed by most options.

    Raises:
        InvalidInput: What create will write cannot be foretold.
    """
    create = ezjail.create(name, addresses, flavour=flavour, options=options.create)
    commands: list[PlanStep] = [create]
    if options.properties and defaults:
        commands += [set_property(dataset_of(name, options, defaults), *pair) for pair in options.properties]
    if options.settings and defaults:
        commands.append(_settings_change(name, addresses, options, defaults))
    if options.starts:
        start = ezjail.onestart(name)
        commands.append(images.in_terminal(start) if options.create.storage is Storage.ELI else start)
    if not options.runs_at_boot:
        commands.append(_norun(name, starts=options.starts))
    checks = _checks(name, addresses, options, defaults)
    return Plan("jails.create", f"Create the jail {name}", tuple(commands), checks, _dangers(options))


def all_flavours(flavour: FlavourName | None, options: NewJailOptions) -> str:
    """Return a new jail's flavours in order, with blanks between them."""
    return " ".join(map(str, (*((flavour,) if flavour else ()), *options.create.more_flavours)))


def dataset_of(name: JailName, options: NewJailOptions, defaults: Defaults) -> str:
    """Return the dataset that a jail on ZFS will be."""
    return f"{options.create.parent or defaults.jailzfs}/{name.hostname}"


def _settings_change(
    name: JailName, addresses: JailAddresses, options: NewJailOptions, defaults: Defaults
) -> FileChange:
    before = file_text(name, foretell(name, addresses, options.create, defaults))
    what = "; ".join(f"{key} for {_WHY[key]}" for key, _value in options.settings)
    purpose = f"Set in its file what create has no option for: {what}."
    path = f"{CONTROL}/{name.safe_name}"
    return FileChange(path, before, changed(before, name, options.settings), purpose)


def _norun(name: JailName, *, starts: bool) -> PlanStep:
    """Mark it last: ezjail starts no jail that is marked."""
    command = ezjail.config_run(name, run=False)
    if not starts:
        return command
    purpose = f"Keep {name} from starting at boot; last, since ezjail starts no jail that is marked so."
    return replace(command, purpose=purpose)


def _dangers(options: NewJailOptions) -> tuple[str, ...]:
    """Say what a jail can do with its parameters that it could not do without them."""
    words = Parameters.parse(dict(options.settings).get("parameters", "")).words
    return tuple(
        f"{word.name}: {word.parameter.danger}"
        for word in words
        if word.parameter and word.parameter.danger and word.value not in _HARMLESS
    )


def _checks(
    name: JailName, addresses: JailAddresses, options: NewJailOptions, defaults: Defaults | None
) -> tuple[str, ...]:
    checks = [f"ezjail's file for {name} is whole and holds {addresses}", "its root directory is there"]
    if defaults and is_dataset(options.create, defaults):
        root = root_of(name, options.create, defaults.jaildir)
        checks.append(f"its dataset is mounted at {root}, which ezjail does not look after")
    checks += [f"its file says {key}={value}" for key, value in options.settings]
    if options.starts:
        checks.append(f"jls shows {name.safe_name} running")
    if not options.runs_at_boot:
        checks.append("the host does not start it when it boots")
    return tuple(checks)
