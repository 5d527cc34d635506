"""The commands of a move for jails in every state, and those that take it back."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import Command, Transfer
from apps.freebsd.new_jail_file import Defaults
from apps.freebsd.values import JailAddresses
from apps.hosts.models import Host
from apps.jails.models import Jail
from apps.jails.moving import plans
from apps.jails.moving.plans import Moving, Place

FOLDER = "/usr/jails/ezjail_archives"
FILE = "web-202611241200.00.tar.gz"
DEFAULTS = Defaults.read("", jaildir="/usr/jails", jailzfs="", zfs_for_jails=False)


def moving(*, runs: bool = True, at_boot: bool = True, starts: bool = True, below: bool = False) -> Moving:
    jail = Jail(name="web", safe_name="web", jid=4 if runs else None, runs_at_boot=at_boot)
    old, new = Host(name="old"), Host(name="new")
    addresses = JailAddresses.parse("lo1|10.0.0.7/24")
    return Moving(jail, Place(old, FOLDER), Place(new, FOLDER), addresses, FILE, starts, DEFAULTS, below)


def words(plan) -> list[str]:
    """The last words of each command: what it does."""
    return [
        " ".join(step.argv[1:3]) if isinstance(step, Command) else type(step).__name__
        for step in plan.commands
    ]


PACKING = ["archive -a", f"-t {FOLDER}/partial.{FILE}", f"{FOLDER}/partial.{FILE} {FOLDER}/{FILE}"]
PACKING += [f"{FOLDER}/partial.{FILE}"]


@pytest.mark.parametrize(
    ("runs", "at_boot", "before", "after"),
    [
        (True, True, ["onestop web"], ["config -r"]),
        (False, True, [], ["config -r"]),
        # ezjail skips the stop of a norun jail in silence
        (True, False, ["config -r", "onestop web"], ["config -r"]),
        (False, False, [], []),
    ],
)
def test_the_old_host_stops_packs_and_does_not_start_it_again(runs, at_boot, before, after):
    plan = plans.out_plan(moving(runs=runs, at_boot=at_boot))
    assert words(plan) == [*before, *PACKING, *after]
    if after:
        assert plan.commands[-1].argv[-2:] == ("norun", "web")


def test_the_new_host_starts_it_before_it_is_marked_as_not_started_at_boot():
    plan = plans.in_plan(moving(at_boot=False))
    assert words(plan) == ["Transfer", "create -a", "onestart web", "config -r"]
    assert words(plans.in_plan(moving(starts=False))) == ["Transfer", "create -a"]


def test_what_stays_behind_is_said():
    (down, stay) = plans.out_plan(moving(below=True)).warnings
    assert down.startswith("web is down")
    assert stay.startswith("Datasets below its own do not go along")
    assert plans.out_plan(moving(runs=False)).warnings == ()


def test_the_archive_goes_where_the_new_host_keeps_archives():
    step = plans.in_plan(moving()).commands[0]
    assert isinstance(step, Transfer)
    assert (step.source_path, step.path) == (f"{FOLDER}/{FILE}", f"{FOLDER}/{FILE}")


@pytest.mark.parametrize(
    ("starts", "at_boot", "run"),
    [
        (True, True, ["run", "onestart"]),
        (True, False, ["run", "onestart", "norun"]),
        (False, True, ["run"]),
        (False, False, ["norun"]),
    ],
)
def test_taken_back_it_is_what_it_was(starts, at_boot, run):
    plan = plans.back_plan(moving().jail, starts=starts, runs_at_boot=at_boot)
    assert [step.argv[-2] for step in plan.commands] == run


def test_the_order_and_the_hosts_are_in_the_hash():
    old, new = Host(name="old"), Host(name="new")
    both = plans.move_plans(moving())
    assert plans.hash_of((old, new), both) == plans.hash_of((old, new), both)
    assert plans.hash_of((old, new), both) != plans.hash_of((new, old), both)
    assert plans.hash_of((old, new), both) != plans.hash_of((old, new), both[::-1])
