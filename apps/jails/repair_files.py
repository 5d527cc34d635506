"""What is half made in single files and mounts: a jail's file, ezjail's own for a moment, what a stop left.

Pure, as `repair`. What has no exact command is told with what to do by hand.

Source: reference ezjail §3.5, §8.2, §11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from apps.accounts.permissions import Perm
from apps.freebsd.commands import FileChange, PlanStep, remnants
from apps.freebsd.errors import ParseError
from apps.freebsd.jail_file import LOST, jail_file_path
from apps.freebsd.parsers.ezjail_file import VARIABLES, parse_ezjail_file
from apps.freebsd.values import safe_name
from apps.jails import repair_plans
from apps.jails.models import Jail, Kind
from apps.jails.repair_kinds import FINISH, UNDO, Finding, Known, Repair
from apps.jobs.plan import Plan

STAGING = ("fulljail", "ezjailtemp")
TIDY = {"wish": "tidy"}
FILE_GONE = "ezjail forgets the jail. What is left of it, its root above all, is then shown to be mended."


def slug(text: str) -> str:
    """Return what names a file in a finding's key: it stays when others of its kind are mended."""
    return re.sub(r"[^A-Za-z0-9]", "-", text)


def file_findings(known: Known) -> Iterator[Finding]:
    """Give what is half made of a jail's files and mounts."""
    yield from _unreadable(known)
    yield from _mounts(known)
    yield from _strays(known)
    yield from _endangered(known)


def host_file_findings(known: Known) -> Iterator[Finding]:
    """Give what is half made and no jail's."""
    if paths := known.left.get("restores", ()):
        yield _restores(list(paths))
    for path in known.left.get("images", ()):
        yield _image(known, path)


def _image(known: Known, path: str) -> Finding:
    """Tell of an image that no jail is in; while it is attached there may be a person at it."""
    name, advice = path.rpartition("/")[2], _by_hand(known, path)
    sentence = f"The image file {path} is there, and no jail is in it."
    repairs = () if advice else (_destroy_image(known, path),)
    return Finding(f"image-{slug(name)}", "", sentence, advice, repairs)


def _by_hand(known: Known, path: str) -> str:
    """Return what to do on the host with an image before it can be destroyed here; or nothing."""
    rows = [line.partition(" ") for line in known.left.get("attached", ())]
    units = [unit for unit, _, held in rows if held == path]
    root = path.removesuffix(".img")
    if units:
        return (
            f"It is attached. On the host, once nobody needs it: umount {root}; mdconfig -d -u {units[0]}; "
            f"rm -f {root}.device. Then it can be destroyed here."
        )
    if not remnants.is_image(str(known.settings.get("jaildir") or ""), path):
        return f"Look at {path} on the host, and remove it where nobody needs it."
    return ""


def _destroy_image(known: Known, path: str) -> Repair:
    name = path.rpartition("/")[2]
    command = remnants.remove_image(known.settings["jaildir"], path)
    warning = f"All that is in {path} is destroyed. Nothing brings it back."
    plan = _plan(f"Destroy the image {name}", [command], f"{path} is gone", warning=warning)
    return Repair(UNDO, "Destroy it", plan, Perm.JAIL_DELETE, TIDY, name.removesuffix(".img"))


# -- a jail's file ----------------------------------------------------------------------------------------


def _unreadable(known: Known) -> Iterator[Finding]:
    for safe, jail in known.jails.items():
        if jail.observed_at and jail.problem and not _is_readable(jail):
            repairs = tuple(_file_repairs(jail))
            advice = (
                "ezjail runs that file as it is, so look at it on the host. Once /usr/local/etc/ezjail/"
                f"{safe} is removed there, what is left of the jail can be mended here."
            )
            yield Finding(f"file-{safe}", safe, jail.problem, "" if repairs else advice, repairs)


def _is_readable(jail: Jail) -> bool:
    """Tell whether a jail's file says what it has to; of one that was read before the root is still known."""
    try:
        return bool(jail.root) and bool(parse_ezjail_file(jail.config_text, jail.safe_name))
    except ParseError:
        return False


def _file_repairs(jail: Jail) -> Iterator[Repair]:
    """Offer to write a file that was cut short as it is wanted, or to take it away."""
    path = jail_file_path(jail.safe_name, runs_at_boot=jail.runs_at_boot)
    wanted = str((jail.wanted or {}).get("file") or "")
    known_whole = LOST not in wanted and not is_cut_short(wanted, jail.safe_name)
    if known_whole and LOST not in jail.config_text:
        change = FileChange(path, jail.config_text, wanted, "Write the file as it was, whole, before.")
        plan = _plan(f"Write the file of {jail.safe_name} again", [change], f"{path} can be read again")
        yield Repair(FINISH, "Write it again", plan, Perm.JAIL_CHANGE, TIDY)
    if jail.jid is None and is_cut_short(jail.config_text, jail.safe_name):
        command = remnants.remove_cut_file(path.rpartition("/")[2])
        plan = _plan(f"Remove the file of {jail.safe_name}", [command], f"{path} is gone", warning=FILE_GONE)
        yield Repair(UNDO, "Remove the file", plan, Perm.JAIL_DELETE, TIDY)


def is_cut_short(text: str, safe: str) -> bool:
    """Tell whether a jail's file is not all that ezjail writes, as the host's agent does.

    Args:
        text: The file.
        safe: The jail's safe name.
    """
    lines = text.removesuffix("\n").split("\n")
    held = sum(line.startswith(f"export jail_{safe}_") for line in lines)
    return held < len(VARIABLES) or not re.fullmatch(r'.*=".*"', lines[-1])


def _strays(known: Known) -> Iterator[Finding]:
    """Tell of what is in ezjail's folder of jails and no jail's file: ezjail shows each as a jail."""
    for name in known.left.get("files", ()):
        if not remnants.is_temporary(name):
            advice = f"Look at /usr/local/etc/ezjail/{name} on the host, and move it elsewhere."
            sentence = f"The file {name} lies among the jails' and is none: ezjail takes it for a jail."
            yield Finding(f"stray-{slug(name)}", "", sentence, advice)
            continue
        safe = name.rpartition(".")[0]
        sentence = f"{name} is left of a change of {safe} that was cut short: ezjail takes it for a jail."
        command = remnants.remove_temporary(name)
        plan = _plan(f"Remove what a change of {safe} left", [command], f"{name} is gone")
        repair = Repair(FINISH, "Remove it", plan, Perm.JAIL_CHANGE, TIDY)
        yield Finding(f"temporary-{slug(name)}", safe, sentence, "", (repair,))


def fstab_repair(path: str) -> Repair:
    """Return the way to remove the mounts of a jail that has nothing else."""
    plan = _plan(f"Remove {path}", [remnants.remove_fstab(path)], f"{path} is gone")
    return Repair(FINISH, "Remove it", plan, Perm.JAIL_DELETE, TIDY)


def _restores(paths: list[str]) -> Finding:
    sentence = f"A restore from an archive failed and left its settings: {', '.join(paths)}."
    commands = [remnants.remove_restore(path) for path in paths]
    warning = "A restore that someone runs on the host at this moment needs them."
    plan = _plan("Remove what a restore left", commands, "they are gone", warning=warning)
    return Finding(
        "restores", "", sentence, "", (Repair(FINISH, "Remove them", plan, Perm.JAIL_RESTORE, TIDY),)
    )


# -- mounts and roots -------------------------------------------------------------------------------------


def _mounts(known: Known) -> Iterator[Finding]:
    """Tell of what a stop left mounted, jail by jail; the last mounted goes first."""
    jaildir, roots = str(known.settings.get("jaildir") or ""), dict[str, list[str]]()
    for point in reversed(known.left.get("mounts", ())):
        inside = remnants.is_start_mount(jaildir, point)
        name = point.removeprefix(f"{jaildir}/").partition("/")[0] if inside else ""
        roots.setdefault(name, []).append(point)
    for name, points in roots.items():
        yield _unmounted(jaildir, name, points) if name else _other_mounts(points)


def _unmounted(jaildir: str, name: str, points: list[str]) -> Finding:
    safe = safe_name(name)
    sentence = (
        f"{' and '.join(points)} {'is' if len(points) == 1 else 'are'} still mounted, and {name} does not "
        "run: its stop was cut short."
    )
    commands = [remnants.unmount(jaildir, point) for point in points]
    plan = _plan(f"Unmount what the stop of {name} left", commands, f"nothing is mounted below {name}'s root")
    repair = Repair(FINISH, "Unmount it", plan, Perm.JAIL_STOP, TIDY)
    return Finding(f"mounts-{safe}", safe, sentence, "", (repair,))


def _other_mounts(points: list[str]) -> Finding:
    sentence = (
        "Something is still mounted below the root of a jail that does not run: its stop was cut short."
    )
    commands = "; ".join(f"umount {point}" for point in points)
    return Finding("mounts", "", sentence, f"On the host: {commands}")


def _endangered(known: Known) -> Iterator[Finding]:
    """Tell of jails that live where an installation unpacks."""
    for safe, jail in known.jails.items():
        if jail.observed_at and jail.root.rpartition("/")[2] in STAGING:
            sentence = (
                f"The root of {jail.name} is {jail.root}: an installation of the basejail would wipe it, so "
                "the panel does not install one."
            )
            advice = (
                f"Stop it; on the host: mv {jail.root} to a name of its own; then change rootdir in its file "
                "and the paths in its fstab (Settings, as text)."
            )
            yield Finding(f"endangered-{safe}", safe, sentence, advice)


def lost_roots(known: Known) -> list[str]:
    """Return the names of jails whose directory is gone, and may be where an installation unpacks.

    `ezjail-admin config -n fulljail NAME` moves it there, and then refuses the name.
    """
    return [
        jail.name
        for jail in known.jails.values()
        if jail.observed_at and jail.root and not jail.root_exists and jail.kind == Kind.DIRECTORY
    ]


def _plan(title: str, steps: Sequence[PlanStep], check: str, *, warning: str = "") -> Plan:
    return Plan(repair_plans.KIND, title, tuple(steps), (check,), (warning,) if warning else ())
