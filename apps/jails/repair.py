"""What a command that was cut short left half made, and the plans that finish it, undo it or leave it.

Pure: what was last seen and what was wished for come in as values, findings with plans go out. What is
offered is ezjail's own commands alone (and two names of datasets that only ezjail makes); the rest is advice.

Source: reference ezjail §7, §11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apps.accounts.permissions import Perm
from apps.freebsd.commands import sets, zfs_kept
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import CREATE_SNAPSHOT, PARTIAL
from apps.freebsd.values import JailName, safe_name
from apps.jails import plans, repair_plans
from apps.jails.models import Jail, Kind
from apps.jails.repair_files import file_findings, fstab_repair, host_file_findings, lost_roots, slug
from apps.jails.repair_kinds import FINISH, UNDO, Finding, Known, Repair, Wish
from apps.jails.services import NewJail
from apps.jobs.plan import Plan


@dataclass(slots=True)
class Remains:
    """What is there under the name of a jail that ezjail has no file for."""

    name: str = ""
    root: str = ""
    dataset: str = ""
    fstab: str = ""

    @property
    def words(self) -> str:
        """Name them."""
        named = (("directory", self.root), ("dataset", self.dataset), ("mounts in", self.fstab))
        return " and ".join(f"the {what} {path}" for what, path in named if path)


def findings(known: Known) -> list[Finding]:
    """Return all that is half made on a host, jail by jail, then what is the host's."""
    found = [*_all_remains(known), *_rootless(known), *_unmarked(known)]
    found += [*file_findings(known), *_unfinished(known)]
    found = [finding for finding in found if finding.safe_name not in known.busy]
    if "" in known.busy:
        return found
    # What takes a broken create back takes its snapshot along.
    covered = any(
        command.argv[-1].endswith(f"@{CREATE_SNAPSHOT}")
        for item in found
        for way in item.repairs
        for command in way.plan.commands
    )
    return [*found, *_basejail(known), *([] if covered else _snapshot(known)), *host_file_findings(known)]


def remains_of(known: Known) -> dict[str, Remains]:
    """Put what is left over together by the safe name of the jail that it would be."""
    found: dict[str, Remains] = {}
    for kind in ("roots", "datasets"):
        for path in known.left.get(kind, ()):
            leaf = path.rpartition("/")[2]
            remains = found.setdefault(safe_name(leaf), Remains())
            remains.name = leaf
            setattr(remains, kind.removesuffix("s"), path)
    for path in known.left.get("fstabs", ()):
        found.setdefault(path.removeprefix("/etc/fstab."), Remains()).fstab = path
    return found


def _all_remains(known: Known) -> Iterator[Finding]:
    for safe, remains in sorted(remains_of(known).items()):
        if safe not in known.jails or known.jails[safe].observed_at is None:
            yield _remains(known, safe, remains)


def _remains(known: Known, safe: str, remains: Remains) -> Finding:
    wish = known.wishes.get(safe) or Wish("")
    repairs = tuple(_repairs_of(known, remains, wish)) if _can_register(known, remains) else ()
    if remains.fstab and not (remains.root or remains.dataset):
        repairs = (fstab_repair(remains.fstab),)
    advice = "" if repairs else f"Look at {remains.words} on the host, and remove by hand what nobody needs."
    return Finding(f"remains-{safe}", safe, _what_remains(remains, wish), advice, repairs)


def _what_remains(remains: Remains, wish: Wish) -> str:
    there = remains.words
    if wish.was_cut and wish.kind == "jails.create":
        return (
            f"The jail {remains.name or wish.name} was being made: {there} may be half filled, and ezjail "
            "has no file for it."
        )
    if wish.was_cut and wish.kind == "jails.delete":
        return (
            f"The jail {remains.name or wish.name} was being deleted: ezjail has forgotten it, and {there} "
            "is still there."
        )
    return f"{there[:1].upper()}{there[1:]} is there, and ezjail has no jail that it belongs to."


def _can_register(known: Known, remains: Remains) -> bool:
    """Tell whether `create -x` takes it: a dataset where jails are datasets, elsewhere a directory."""
    if not (remains.root or remains.dataset) or not known.facts.get("basejail", {}).get("present"):
        return False
    try:
        name = JailName.parse(remains.name)
    except InvalidInput:
        return False
    in_place = remains.root in ("", f"{known.settings.get('jaildir')}/{name.hostname}")
    return in_place and bool(known.settings.get("use_zfs_for_jails")) == bool(remains.dataset)


def _repairs_of(known: Known, remains: Remains, wish: Wish) -> Iterator[Repair]:
    name, wanted = JailName.parse(remains.name), wish.wanted(JailName.parse(remains.name))
    snapshot = known.settings["jailzfs"] if remains.dataset and known.left.get("snapshots") else ""
    place = remains.root or remains.dataset
    gone = {"wish": "jails.delete", "wipe": True, "root": remains.root, "dataset": remains.dataset}
    wipe = repair_plans.wipe_plan(name, wanted, place, snapshot=snapshot)
    undoes = wish.was_cut and wish.kind == "jails.create"
    if undoes and wanted and (flavoured := repair_plans.with_flavour(wanted, wish.flavour)):
        plan = repair_plans.anew_plan(flavoured, place, snapshot=snapshot)
        made = created_intent(flavoured)
        yield Repair(FINISH, "Make it anew", plan, Perm.JAIL_DELETE, made, name.text, flavoured)
    if wish.kind == "jails.delete" and wish.kept_at and remains.dataset:
        yield from _keep_repairs(known, name, wanted, wish, remains)
        return
    label = "Remove what was made" if undoes else "Destroy what is left"
    yield Repair(UNDO if undoes else FINISH, label, wipe, Perm.JAIL_DELETE, gone, name.text)
    if wish.kind == "jails.delete" and wanted:
        may_lack = wish.was_cut and not remains.dataset
        plan = repair_plans.register_plan(wanted, place, may_lack=may_lack)
        yield Repair(UNDO, "Take it back in", plan, Perm.JAIL_CREATE, created_intent(wanted), "", wanted)


def _keep_repairs(
    known: Known, name: JailName, wanted: NewJail | None, wish: Wish, remains: Remains
) -> Iterator[Repair]:
    """Offer to keep a deleted jail's dataset as it was to be, or to make it the jail's root again."""
    jailzfs = remains.dataset.rpartition("/")[0]
    plan = repair_plans.keep_plan(name, jailzfs, wish.kept_at)
    yield Repair(FINISH, "Keep it", plan, Perm.JAIL_DELETE, {"wish": "tidy"})
    if wanted:
        plan = repair_plans.register_plan(wanted, remains.dataset, may_lack=False)
        root = f"{known.settings.get('jaildir')}/{name}"
        plan = replace(plan, commands=(zfs_kept.mount(jailzfs, name, root), *plan.commands))
        yield Repair(UNDO, "Take it back in", plan, Perm.JAIL_CREATE, created_intent(wanted), "", wanted)


def created_intent(wanted: NewJail) -> dict[str, Any]:
    """Return what must be true of a jail that was made or registered."""
    return {"wish": "jails.create", "name": str(wanted.name), "addresses": str(wanted.addresses)}


def addresses_of(jail: Jail) -> str:
    """Return a jail's addresses as its file holds them."""
    return ",".join(str(address) for address in jail.addresses.all())


def _rootless(known: Known) -> Iterator[Finding]:
    for safe, jail in known.jails.items():
        if jail.observed_at and jail.root and not jail.root_exists:
            sentence = f"ezjail has a file for {jail.name}, but its root {jail.root} is not there."
            hint = (
                "Look on the host whether its file system is only not mounted (zfs mount -a, mdconfig -lv)."
            )
            repairs = (
                tuple(_rootless_repairs(jail))
                if jail.kind == Kind.DIRECTORY and jail.has_manageable_name
                else tuple(_unmounted_repairs(known, jail))
            )
            yield Finding(f"rootless-{safe}", safe, sentence, "" if repairs else hint, repairs)


def _unmounted_repairs(known: Known, jail: Jail) -> Iterator[Repair]:
    """Offer to mount a dataset again that a deletion had put out of the way before it was cut short."""
    dataset = f"{known.settings.get('jailzfs')}/{jail.name}"
    points = {item["name"]: item["mountpoint"] for item in known.facts.get("datasets") or ()}
    in_place = jail.root == f"{known.settings.get('jaildir')}/{jail.name}"
    if points.get(dataset) == "none" and in_place and jail.has_manageable_name:
        plan = repair_plans.mount_plan(JailName.parse(jail.name), dataset.rpartition("/")[0], jail.root)
        yield Repair(UNDO, "Mount it again", plan, Perm.JAIL_DELETE, {"wish": "tidy"})


def _rootless_repairs(jail: Jail) -> Iterator[Repair]:
    name = JailName.parse(jail.name)
    wanted = Wish("", addresses=addresses_of(jail), public_first_reason="It was so before.").wanted(name)
    if wanted and not jail.is_running:
        plan = repair_plans.remake_plan(wanted)
        yield Repair(FINISH, "Make it anew", plan, Perm.JAIL_DELETE, created_intent(wanted), "", wanted)
    gone = {"wish": "jails.delete", "wipe": False, "root": jail.root}
    yield Repair(UNDO, "Forget it", repair_plans.forget_plan(name), Perm.JAIL_DELETE, gone)


def _unmarked(known: Known) -> Iterator[Finding]:
    for safe in known.left.get("unmarked", ()):
        jail = known.jails.get(safe)
        if jail and jail.is_running and jail.has_manageable_name:
            sentence = (
                f"{jail.name} runs, but its start was not brought to its end: the file in which ezjail "
                f"notes that is missing, and ezjail takes it for stopped."
            )
            was = {"jid": jail.jid, "root": jail.root}
            restart = Repair(FINISH, "Restart it", plans.restart_plan(jail), Perm.JAIL_STOP, was)
            stop = Repair(UNDO, "Stop it", plans.stop_plan(jail), Perm.JAIL_STOP, was)
            yield Finding(f"unmarked-{safe}", safe, sentence, "", (restart, stop))


def _unfinished(known: Known) -> Iterator[Finding]:
    directory = str(known.settings.get("archivedir") or "")
    for name in known.left.get("archives", ()):
        safe = name.removeprefix(PARTIAL).removeprefix("kept.").rpartition("-")[0]
        sentence = f"The archive {name} is not whole: its writing was cut short, or its disk was full."
        plan = repair_plans.unfinished_plan(directory, name)
        repair = Repair(FINISH, "Delete it", plan, Perm.JAIL_RESTORE, {"wish": "tidy"})
        yield Finding(f"archive-{slug(name)}", safe, sentence, "", (repair,))


def _basejail(known: Known) -> Iterator[Finding]:
    seen = known.facts.get("basejail") or {}
    taken = {jail.root for jail in known.jails.values()}
    half_made = [
        name for name in seen.get("half_made", ()) if f"{known.settings.get('jaildir')}/{name}" not in taken
    ]
    missing = seen.get("missing", ()) if seen.get("present") else ()
    if not (half_made or missing):
        return
    said = (
        [f"{' and '.join(half_made)} of an installation that was cut short is still there"]
        if half_made
        else []
    )
    said += [f"the basejail lacks {len(missing)} of its parts, the first is {missing[0]}"] if missing else []
    sentence = f"{'; '.join(said)}."
    sentence = f"{sentence[:1].upper()}{sentence[1:]}"
    if half_made and (lost := lost_roots(known)):
        yield Finding("basejail", "", sentence, _may_be(half_made, lost))
        return
    repairs: list[Repair] = []
    if known.install:
        label = "Install it again" if missing or not seen.get("present") else "Run the installation again"
        again = known.install
        repairs.append(Repair(FINISH, label, again.plan, Perm.BASEJAIL_INSTALL, again.intent))
    # Once the basejail or the template is touched, there is no way back to what was before.
    if half_made and not missing and (plan := _tidy(known, half_made)):
        lying = (known.facts.get("upkeep") or {}).get("sets", ())
        plan = replace(plan, commands=(*plan.commands, *sets.remove_listed(lying)))
        repairs.append(Repair(UNDO, "Remove what it unpacked", plan, Perm.BASEJAIL_INSTALL, {"wish": "tidy"}))
    advice = "" if repairs else "Look at ezjail's directory on the host."
    yield Finding("basejail", "", sentence, advice, tuple(repairs))


def _may_be(half_made: Sequence[str], lost: Sequence[str]) -> str:
    """Say why nothing is removed: `config -n fulljail NAME` moves a jail's root there, and refuses then."""
    return (
        f"{' and '.join(half_made)} may be the root of {' or '.join(lost)}, which is not where it belongs. "
        "Look into it on the host, and mv it back; where it is none, mend the jail first. An installation "
        "would wipe it."
    )


def _tidy(known: Known, half_made: Sequence[str]) -> Plan | None:
    """Return the plan that removes what an install unpacked; None where no command of ezjail's does that."""
    taken = {jail.root.rpartition("/")[2] for jail in known.jails.values()}
    if taken & set(half_made) or repair_plans.STAND_IN.safe_name in known.jails:
        return None
    if known.settings.get("use_zfs"):
        only_dataset = list(half_made) == ["fulljail"]
        return repair_plans.tidy_dataset_plan(known.settings["jailzfs"]) if only_dataset else None
    if known.settings.get("use_zfs_for_jails") or not known.facts["basejail"].get("present"):
        return None  # create -x wants a dataset, or a basejail
    return repair_plans.tidy_plan(half_made)


def _snapshot(known: Known) -> Iterator[Finding]:
    for name in known.left.get("snapshots", ()):
        sentence = (
            f"The snapshot {name} is left of a create that was cut short: the next jail would be made of it, "
            "however old."
        )
        plan = repair_plans.snapshot_plan(known.settings["jailzfs"])
        repair = Repair(FINISH, "Remove the snapshot", plan, Perm.JAIL_DELETE, {"wish": "tidy"})
        yield Finding("snapshot", "", sentence, "", (repair,))
