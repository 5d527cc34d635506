"""switch-firewall and confirm: the host takes rules back unless the panel says that it gets through."""

from __future__ import annotations

import pytest

from tests.hosts.agent.ipfw import AGENT, NEW, OLD, called, firewall, give_firewall
from tests.hosts.agent.tree import RUN, await_that, end_runs, make_tree, output_of

TAKEN_BACK = OLD | {"deleted": [18]}


def start(tree, seconds: str = "60") -> None:
    answer = tree.start(RUN, AGENT, "switch-firewall", "18", "17,0", seconds)
    assert answer.returncode == 0, answer.stderr


def await_switch(tree) -> None:
    await_that((tree.runs / RUN / "waits").exists, "the new rules are in force")


def confirm(tree):
    return tree.ask("confirm", RUN, "alice", "j-7")


@pytest.fixture
def host(tree):
    give_firewall(tree)
    return tree


def test_confirmed_rules_stay(any_tree):
    give_firewall(any_tree)
    start(any_tree)
    await_switch(any_tree)
    assert firewall(any_tree) == NEW
    assert (confirm(any_tree).stdout, confirm(any_tree).returncode) == (f"confirmed {RUN}\n".encode(), 0)
    said, end, _ = any_tree.follow(RUN)
    assert end == "exit 0"
    assert said.endswith(b"The panel reached the host over a fresh connection: the new rules stay.\n")
    assert firewall(any_tree) == NEW
    assert "set enable 18 disable 17 0" in called(any_tree)
    assert f"verb=confirm run={RUN}" in any_tree.log


def test_rules_that_nobody_confirms_are_taken_back_with_all_that_came_with_them(any_tree):
    give_firewall(any_tree)
    any_tree.hurry()
    start(any_tree, "2")
    said, end, _ = any_tree.follow(RUN)
    assert end == "exit 75"
    assert said.endswith(b"\nThe new rules were not confirmed: the old ones are back.\n")
    assert firewall(any_tree) == TAKEN_BACK
    late = confirm(any_tree)
    assert (late.returncode, late.stdout) == (75, b"")
    assert b"it is too late" in late.stderr


def test_cancelled_rules_are_taken_back_at_once(host):
    start(host, "600")
    await_switch(host)
    assert host.ask("cancel", RUN).returncode == 0
    said, end, _ = host.follow(RUN)
    assert end == "exit 75"
    assert b"A stop was asked for. The new rules were not confirmed" in said
    assert firewall(host) == TAKEN_BACK
    assert confirm(host).returncode == 75


@pytest.mark.parametrize("fails", ["nat 124 config", "table fresh add", "set enable 18"])
def test_what_fails_on_the_way_leaves_the_old_firewall(host, fails):
    host.file("fails", fails)
    start(host)
    assert host.follow(RUN)[1] == "exit 65"
    assert firewall(host) == TAKEN_BACK


def test_what_cannot_be_put_back_is_said(host):
    host.hurry()
    host.file("fails", "nat 124 delete")
    start(host, "1")
    said, end, _ = host.follow(RUN)
    assert end == "exit 74"
    assert said.endswith(b"Not everything could be put back: look at the host.\n")
    assert firewall(host)["disabled"] == OLD["disabled"]


def test_nothing_is_switched_while_the_new_set_is_on_already_or_what_is_there_cannot_be_read(host):
    host.file("fails", "nat show")
    start(host)
    assert host.follow(RUN)[1] == "exit 65"
    (host.root / "fails").unlink()
    other = host.start("run-00000002", AGENT, "switch-firewall", "17", "18,0", "60")
    assert other.returncode == 0
    assert host.follow("run-00000002")[1] == "exit 65"
    assert firewall(host) == OLD


def test_without_nat_and_tables_the_sets_alone_are_switched(host):
    host.file("no-nat", "")
    (host.root / "usr/local/etc/jailpanel/next.globals").write_text("")
    host.hurry()
    start(host, "1")
    assert host.follow(RUN)[1] == "exit 75"
    assert firewall(host) == TAKEN_BACK


def test_killed_as_a_whole_either_the_old_or_the_new_set_is_on(tmp_path):
    # before the switch, and when it is taken back
    for at in (6, 7):
        tree = killed_at(tmp_path, "kill", at)
        tree.follow(RUN)
        assert firewall(tree)["disabled"] in (OLD["disabled"], NEW["disabled"]), at
        end_runs(tree)


def test_what_is_killed_alone_is_taken_back_by_the_wrapper_around_it(tmp_path):
    # the globals, the switch, what takes it back
    for at in (5, 6, 7, 9):
        tree = killed_at(tmp_path, "kill-one", at)
        said, end, _ = tree.follow(RUN)
        assert end == "exit 75", at
        assert said.endswith(b"What waited for the confirmation was killed: the old rules are back.\n")
        assert firewall(tree) | {"deleted": [18]} == TAKEN_BACK, at
        assert confirm(tree).returncode == 75


def killed_at(folder, name: str, at: int):
    """Start a switch that nobody confirms, and is killed at one of its calls of ipfw."""
    tree = make_tree(folder / str(at))
    give_firewall(tree)
    tree.hurry()
    tree.file(name, str(at))
    start(tree, "1")
    return tree


def test_a_stop_does_not_kill_what_takes_its_time_to_take_back(tmp_path):
    tree = make_tree(tmp_path, None, ("$tries -lt 50 ]", "$tries -lt 2 ]"))
    give_firewall(tree)
    tree.file("slow", "")
    start(tree, "600")
    await_switch(tree)
    assert tree.ask("cancel", RUN).returncode == 0
    assert tree.follow(RUN)[1] == "exit 75"
    assert firewall(tree) == TAKEN_BACK


def test_confirm_needs_a_run_that_waits(host):
    assert confirm(host).returncode == 66
    host.play("echo ready\n")
    host.start_jail(RUN)
    answer = confirm(host)
    assert (answer.returncode, answer.stdout) == (75, b"")
    assert host.ask("confirm", RUN, "al/ice", "j-7").returncode == 64
    assert output_of(host) is not None
