"""From what is asked of a flavour to the exact commands. Pure: values in, plans out."""

from __future__ import annotations

from apps.freebsd.commands import FileChange, PlanStep, flavours
from apps.freebsd.values import FlavourName, JailName
from apps.freebsd.values.flavour_path import FlavourPath
from apps.jobs.plan import Plan

EDIT, NEW, DELETE = "jails.flavour_edit", "jails.flavour_new", "jails.flavour_delete"

FROZEN = (
    "Look through the flavour before a jail is made with it: it holds all that the jail has changed, such as "
    "sshd's host keys, passwords, logs and the histories of shells, and each new jail would get the same."
)
EXAMPLE = (
    "Each installation of the basejail writes the flavour example anew, and what is changed here is gone. "
    "A copy under another name stays."
)
IS_DEFAULT = "It is the host's default for new jails: once it is gone, each new jail without a choice fails."


def write_plan(
    directory: str, flavour: FlavourName, path: FlavourPath, before: str | None, after: str
) -> Plan:
    """Return the plan that writes a text file of a flavour.

    Args:
        directory: Where the host keeps its flavours.
        flavour: Which one.
        path: The file.
        before: What it holds now; None for a new one.
        after: What it is to hold.
    """
    steps: list[PlanStep] = []
    if before is None and path.folder:
        steps.append(flavours.make_directory(directory, flavour, path.folder))
    purpose = f"{'Add' if before is None else 'Change'} {path} in the flavour {flavour}, for new jails."
    undo = f"removing the file {path}" if before is None else "writing the old text again"
    steps.append(FileChange(f"{directory}/{flavour}/{path}", before, after, purpose, undo))
    title = f"{'Add' if before is None else 'Change'} {path} in the flavour {flavour}"
    checks = (f"{directory}/{flavour}/{path} is a file of {len(after.encode())} bytes",)
    return Plan(EDIT, title, tuple(steps), checks, _example(flavour))


def remove_plan(directory: str, flavour: FlavourName, path: FlavourPath) -> Plan:
    """Return the plan that removes a file of a flavour."""
    title = f"Remove {path} from the flavour {flavour}"
    checks = (f"{directory}/{flavour}/{path} is gone",)
    return Plan(EDIT, title, (flavours.remove_file(directory, flavour, path),), checks, _example(flavour))


def mode_plan(directory: str, flavour: FlavourName, path: FlavourPath, *, executable: bool) -> Plan:
    """Return the plan that makes a file executable, or a plain one."""
    title = f"Make {path} {'executable' if executable else 'a plain file'} in the flavour {flavour}"
    step = flavours.set_mode(directory, flavour, path, executable=executable)
    checks = (f"the mode of {directory}/{flavour}/{path} is {'rwxr-xr-x' if executable else 'rw-r--r--'}",)
    return Plan(EDIT, title, (step,), checks, _example(flavour))


def new_plan(
    directory: str, name: FlavourName, *, source: FlavourName | None = None, jail: JailName | None = None
) -> Plan:
    """Return the plan that makes a flavour: empty, as a copy of another, or frozen from a jail."""
    step = flavours.make_directory(directory, name)
    warnings: tuple[str, ...] = ()
    if source:
        step = flavours.copy(directory, source, name)
    elif jail:
        step, warnings = flavours.freeze(jail, name), (FROZEN,)
    return Plan(NEW, f"Make the flavour {name}", (step,), (f"{directory}/{name} is a directory",), warnings)


def delete_plan(directory: str, name: FlavourName, *, is_default: bool) -> Plan:
    """Return the plan that removes a flavour as a whole."""
    warnings = (IS_DEFAULT,) if is_default else ()
    step = flavours.remove(directory, name)
    return Plan(DELETE, f"Delete the flavour {name}", (step,), (f"{directory}/{name} is gone",), warnings)


def _example(flavour: FlavourName) -> tuple[str, ...]:
    return (EXAMPLE,) if str(flavour) == "example" else ()
