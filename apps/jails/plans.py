"""From what is asked for to the exact commands. Pure: rows in, plans out, nothing read or written."""

from __future__ import annotations

from dataclasses import replace

from apps.freebsd.commands import Command, ezjail, images
from apps.freebsd.values import JailName
from apps.jails.models import Jail, Kind
from apps.jobs.plan import Plan


def start_plan(jail: Jail) -> Plan:
    """Return the plan that starts a jail."""
    commands = _while_runnable(jail, (at_terminal(jail, ezjail.onestart(_name(jail))),))
    return Plan("jails.start", f"Start the jail {jail.name}", commands, (_runs(jail),))


def stop_plan(jail: Jail) -> Plan:
    """Return the plan that stops a jail."""
    commands = _while_runnable(jail, (ezjail.onestop(_name(jail)),))
    return Plan("jails.stop", f"Stop the jail {jail.name}", commands, (_is_gone_from_jls(jail),))


def restart_plan(jail: Jail) -> Plan:
    """Return the plan that stops a jail and starts it again."""
    commands = _while_runnable(jail, (at_terminal(jail, ezjail.onerestart(_name(jail))),))
    return Plan(
        "jails.restart", f"Restart the jail {jail.name}", commands, (f"{_runs(jail)}, with a new JID",)
    )


def delete_plan(jail: Jail, *, wipe: bool) -> Plan:
    """Return the plan that deletes a jail, with its files (`wipe`) or without."""
    name = _name(jail)
    stop = (ezjail.onestop(name),) if jail.is_running else ()
    make_runnable = (_allow_run(name),) if stop and not jail.runs_at_boot else ()
    delete = ezjail.delete(name, wipe=wipe, force=wipe)
    checks = [f"ezjail has no file for {name} any more", _is_gone_from_jls(jail)]
    if wipe:
        checks.append(f"{jail.root} is gone")
    warnings = (f"All files below {jail.root} are destroyed. Nothing brings them back.",) if wipe else ()
    return Plan(
        "jails.delete", f"Delete the jail {name}", (*make_runnable, *stop, delete), tuple(checks), warnings
    )


def at_terminal(jail: Jail, start: Command) -> Command:
    """Give the start of a jail whose image is encrypted the terminal at which it asks for the passphrase."""
    return images.in_terminal(start) if jail.kind in (Kind.GELI, Kind.GBDE) else start


def _name(jail: Jail) -> JailName:
    return JailName.parse(jail.name)


def _runs(jail: Jail) -> str:
    return f"jls shows {jail.safe_name} running"


def _is_gone_from_jls(jail: Jail) -> str:
    return f"jls shows no {jail.safe_name}"


def _while_runnable(jail: Jail, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Put the commands between allowing a jail to run and taking that back, when it is not to run at boot.

    Source: reference ezjail §0.3: start and stop of a norun jail do nothing and exit 0.
    """
    if jail.runs_at_boot:
        return commands
    name = _name(jail)
    put_back = replace(
        ezjail.config_run(name, run=False),
        purpose=f"Leave {name} as it was: not started when the host boots.",
    )
    return (_allow_run(name), *commands, put_back)


def _allow_run(name: JailName) -> Command:
    return replace(
        ezjail.config_run(name, run=True),
        purpose=f"Mark {name} as runnable for a moment: ezjail skips a norun jail silently, with status 0.",
    )
