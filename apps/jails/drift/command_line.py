"""What `manage.py drift` and `manage.py import_host` do; each returns an exit status."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.commands import FileChange, PlanStep
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host
from apps.hosts.probe import probe_host
from apps.jails.drift.compare import differences
from apps.jails.drift.notes import file_notes
from apps.jails.drift.plans import apply_plan, label
from apps.jails.drift.queries import drift_list
from apps.jails.drift.services import adopt, apply_request
from apps.jails.models import Drift, Jail
from apps.jails.queries import jail_list
from apps.jails.services import Agreed
from apps.jobs.command_line.console import Console, plain
from apps.jobs.command_line.find import short_id
from apps.jobs.file_diff import diff_lines
from apps.jobs.plan import Plan
from apps.pages.wording import ago

PIECE = 500
MOST = 40
HEADING = f"{'HOST':20}  {'JAIL':24}  {'SINCE':14}  WHAT"
_SIGNS = {"new": ("+", "green"), "gone": ("-", "red"), "kept": (" ", ""), "skip": ("…", "")}


def drift_show(console: Console, actor: Actor, host_name: str) -> int:
    """List in what jails are not as they are wanted.

    Args:
        console: Where to write.
        actor: Who asks.
        host_name: The host whose jails are meant; empty for all.

    Returns:
        0 when all are as they are wanted, 1 when not.

    Raises:
        InvalidInput: There is no such host.
    """
    rows = drift_list(actor).order_by("jail__host__name", "jail__name", "field")
    if host_name:
        rows = rows.filter(jail__host=host_find(host_name))
    count = 0
    for count, row in enumerate(rows.iterator(chunk_size=PIECE), start=1):
        if count == 1:
            console.line(HEADING)
        console.line(_line(row))
    if not count:
        console.note("Every jail is as it is wanted.", "green")
    return 1 if count else 0


def _line(row: Drift) -> str:
    sides = f"{_short(row.wanted)} is wanted, {_short(row.observed)} was seen"
    since = ago(row.first_seen_at, timezone.now())
    cells = f"{plain(row.jail.host.name):20}", f"{plain(row.jail.name):24}", f"{since:14}"
    return "  ".join((*cells, f"{label(row.field)}: {sides}"))


def _short(text: str) -> str:
    if "\n" in text:
        return f"{len(text.splitlines())} lines"
    return plain(text if len(text) <= MOST else f"{text[: MOST - 1]}…") or "nothing"


def host_find(name: str) -> Host:
    """Return the host of a name.

    Raises:
        InvalidInput: There is none.
    """
    host = Host.objects.filter(name=name).first()
    if host is None:
        raise InvalidInput(f"There is no host “{plain(name)}”.")
    return host


def jail_find(actor: Actor, name: str, host_name: str) -> Jail:
    """Return the one jail of a name.

    Args:
        actor: Who asks.
        name: Its name, or its name in the kernel.
        host_name: Its host; empty where no two have such a jail.

    Raises:
        InvalidInput: There is none, or there are several.
    """
    jails: QuerySet[Jail] = jail_list(actor)
    if host_name:
        jails = jails.filter(host=host_find(host_name))
    found = list(jails.filter(name=name)[:2]) or list(jails.filter(safe_name=name)[:2])
    if not found:
        raise InvalidInput(f"There is no jail “{plain(name)}”.")
    if len(found) > 1:
        raise InvalidInput(f"Several hosts have a jail “{plain(name)}”: say which with --host.")
    return found[0]


def drift_apply(
    console: Console, actor: Actor, jail: Jail, *, agreed: bool, ask: Callable[[str], str]
) -> int:
    """Show what makes a jail as it is wanted, and ask for it when one agrees.

    Raises:
        Conflict: There is nothing to do, or it cannot be done now.
    """
    fields = list(differences(jail))
    plan = apply_plan(jail, fields)
    _show(console, jail, plan)
    if not agreed and not _agrees(ask, f"Run this on {plain(jail.host.name)}? [y/N] "):
        console.note("Nothing was asked for.")
        return 1
    job = apply_request(
        actor=actor, jail=jail, fields=fields, agreed=Agreed(plan.hash, secrets.token_hex(16))
    )
    console.line(f"{short_id(job)} is {job.get_state_display()}. See: manage.py jobs follow {short_id(job)}")
    return 0


def _show(console: Console, jail: Jail, plan: Plan) -> None:
    console.line(f"{plain(plan.title)} on {plain(jail.host.name)}. What would run:")
    for step in plan.commands:
        _show_step(console, step)
    for warning in plan.warnings:
        console.line(console.paint(f"  ! {plain(warning)}", "orange"))


def _show_step(console: Console, step: PlanStep) -> None:
    if not isinstance(step, FileChange):
        console.line(f"  {shlex.join(map(plain, step.argv))}")
        return
    console.line(f"  write {plain(step.path)}")
    for line in diff_lines(step):
        sign, colour = _SIGNS[line.mark]
        console.line(console.paint(f"    {sign} {plain(line.text)}", colour))


def _agrees(ask: Callable[[str], str], question: str) -> bool:
    try:
        return ask(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def drift_adopt(console: Console, actor: Actor, jail: Jail) -> int:
    """Want a jail as it was last seen.

    Raises:
        Conflict: It is as it is wanted, or a job for it runs.
    """
    done = adopt(actor=actor, jail=jail, fields=list(differences(jail)))
    if done == ["missing"]:
        console.line(f"{plain(jail.name)} on {plain(jail.host.name)} is forgotten.")
    else:
        what = ", ".join(map(label, done))
        console.line(f"{plain(jail.name)} on {plain(jail.host.name)} is wanted as it is: {what}.")
    return 0


def host_import(console: Console, actor: Actor, host: Host) -> int:
    """Look at a host now, and say what was found there and what was not understood.

    Raises:
        NotAllowed: The actor may not.
        PanelError: The host could not be looked at.
    """
    actor.require(Perm.HOST_PROBE, host.pk)
    probe_host(host.pk)
    host.refresh_from_db()
    jails = list(Jail.objects.filter(host=host, observed_at=host.seen_at).order_by("name"))
    new = sum(jail.adopted_at == host.seen_at for jail in jails)
    console.line(f"{plain(host.name)}: {_count(len(jails))}, {new} of them taken over now.")
    for jail in jails:
        _show_jail(console, jail, host.seen_at)
    for jail in Jail.objects.filter(host=host, missing_since__isnull=False).order_by("name"):
        console.line(console.paint(f"  ! {plain(jail.name)}: ezjail has no file for it any more", "orange"))
    return 0


def _count(number: int) -> str:
    return f"{number} jail{'' if number == 1 else 's'}"


def _show_jail(console: Console, jail: Jail, seen_at: datetime | None) -> None:
    sign = "+" if jail.adopted_at == seen_at else " "
    state = "running" if jail.is_running else "stopped"
    console.line(f"  {sign} {plain(jail.name):30} {state:8} {plain(jail.root)}".rstrip())
    if jail.problem:
        console.line(console.paint(f"      {plain(jail.problem)}", "orange"))
    for note in file_notes(jail):
        console.line(f"      {plain(note.sentence)}")
        for line in note.text.splitlines():
            console.line(f"        {plain(line)}")
