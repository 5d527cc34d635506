"""From what is asked for to the exact commands, byte for byte."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName, JailAddresses, JailName
from apps.jails import new_plans, plans
from apps.jails.models import Jail
from apps.jobs.plan import Plan

EZJAIL = "/usr/local/bin/ezjail-admin"
RUN = (EZJAIL, "config", "-r", "run", "web")
NORUN = (EZJAIL, "config", "-r", "norun", "web")


def jail(*, jid: int | None = None, runs_at_boot: bool = True, name: str = "web") -> Jail:
    root = f"/usr/jails/{name}"
    return Jail(name=name, safe_name=name.replace(".", "_"), jid=jid, runs_at_boot=runs_at_boot, root=root)


def argvs(plan: Plan) -> list[tuple[str, ...]]:
    return [command.argv for command in plan.commands]


GOLDEN = {
    "start": (plans.start_plan(jail()), "jails.start", [(EZJAIL, "onestart", "web")]),
    "start, norun": (
        plans.start_plan(jail(runs_at_boot=False)),
        "jails.start",
        [RUN, (EZJAIL, "onestart", "web"), NORUN],
    ),
    "stop": (plans.stop_plan(jail(jid=3)), "jails.stop", [(EZJAIL, "onestop", "web")]),
    "stop, norun": (
        plans.stop_plan(jail(jid=3, runs_at_boot=False)),
        "jails.stop",
        [RUN, (EZJAIL, "onestop", "web"), NORUN],
    ),
    "restart": (plans.restart_plan(jail(jid=3)), "jails.restart", [(EZJAIL, "onerestart", "web")]),
    "restart, norun": (
        plans.restart_plan(jail(jid=3, runs_at_boot=False)),
        "jails.restart",
        [RUN, (EZJAIL, "onerestart", "web"), NORUN],
    ),
    "delete": (plans.delete_plan(jail(), wipe=False), "jails.delete", [(EZJAIL, "delete", "web")]),
    "delete and wipe": (
        plans.delete_plan(jail(), wipe=True),
        "jails.delete",
        [(EZJAIL, "delete", "-w", "-f", "web")],
    ),
    "delete, running": (
        plans.delete_plan(jail(jid=3), wipe=False),
        "jails.delete",
        [(EZJAIL, "onestop", "web"), (EZJAIL, "delete", "web")],
    ),
    "delete and wipe, running, norun": (
        plans.delete_plan(jail(jid=3, runs_at_boot=False), wipe=True),
        "jails.delete",
        [RUN, (EZJAIL, "onestop", "web"), (EZJAIL, "delete", "-w", "-f", "web")],
    ),
    "delete, stopped, norun": (
        plans.delete_plan(jail(runs_at_boot=False), wipe=False),
        "jails.delete",
        [(EZJAIL, "delete", "web")],
    ),
    "create": (
        new_plans.create_plan(JailName.parse("test"), JailAddresses.parse("lo0|10.0.0.2/24"), None),
        "jails.create",
        [(EZJAIL, "create", "test", "lo0|10.0.0.2/24")],
    ),
    "create with a flavour and two addresses": (
        new_plans.create_plan(
            JailName.parse("two.example"),
            JailAddresses.parse("lo0|10.0.0.3/24,re0|192.0.2.10/24"),
            FlavourName.parse("example"),
        ),
        "jails.create",
        [(EZJAIL, "create", "-f", "example", "two.example", "lo0|10.0.0.3/24,re0|192.0.2.10/24")],
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_these_are_the_commands(case):
    plan, kind, commands = GOLDEN[case]
    assert plan.kind == kind
    assert argvs(plan) == commands


@pytest.mark.parametrize("case", GOLDEN)
def test_each_command_says_why_it_runs_and_each_plan_what_is_looked_at(case):
    plan, _, _ = GOLDEN[case]
    assert all(command.purpose.endswith(".") for command in plan.commands)
    assert plan.checks
    assert plan.title[0].isupper()


def test_a_norun_jail_is_left_as_it_was_and_the_plan_says_so():
    purposes = [command.purpose for command in plans.stop_plan(jail(jid=3, runs_at_boot=False)).commands]
    assert "ezjail skips a norun jail silently, with status 0" in purposes[0]
    assert purposes[-1] == "Leave web as it was: not started when the host boots."


@pytest.mark.parametrize("wipe", [True, False])
def test_destroying_files_is_warned_of(wipe):
    plan = plans.delete_plan(jail(), wipe=wipe)
    warned = ("All files below /usr/jails/web are destroyed. Nothing brings them back.",)
    assert plan.warnings == (warned if wipe else ())
    assert ("/usr/jails/web is gone" in plan.checks) == wipe


@pytest.mark.parametrize("name", ["-f", "a b", "a;b", "$(id)", "a\nb", "..", "basejail", "7", "", "é"])
@pytest.mark.parametrize("verb", ["start", "stop", "restart", "delete", "delete and wipe"])
def test_a_name_that_a_host_made_up_gets_into_no_command(name, verb):
    """A jail's file on the host may hold any host name."""
    seen = jail(name=name)
    with pytest.raises(InvalidInput):
        {
            "start": lambda: plans.start_plan(seen),
            "stop": lambda: plans.stop_plan(seen),
            "restart": lambda: plans.restart_plan(seen),
            "delete": lambda: plans.delete_plan(seen, wipe=False),
            "delete and wipe": lambda: plans.delete_plan(seen, wipe=True),
        }[verb]()
