"""Old runs: pruned at start by age, number and size."""

from __future__ import annotations

import os
import shutil
import time

from tests.hosts.agent.tree import RUN, WAIT, await_that


def old_run(tree, name, age_s, size=0, *, ended=True):
    folder = tree.runs / name
    folder.mkdir(parents=True)
    (folder / "output").write_bytes(b"x" * size)
    if ended:
        (folder / "status").write_text("0\n")
    then = time.time() - age_s
    os.utime(folder, (then, then))
    return folder


def test_ended_runs_go_after_fourteen_days(any_tree):
    old = old_run(any_tree, "run-old-ended", 16 * 86400)
    dead = old_run(any_tree, "run-old-dead", 16 * 86400, ended=False)
    young = old_run(any_tree, "run-young", 13 * 86400)
    any_tree.start_jail(RUN)
    assert not old.exists()
    assert not dead.exists()
    assert young.exists()


def test_old_run_that_goes_on_is_kept(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail("run-going-on")
    then = time.time() - 30 * 86400
    await_that((any_tree.runs / "run-going-on/boot").exists, "the wrapper is done with the folder")
    os.utime(any_tree.runs / "run-going-on", (then, then))
    any_tree.start_jail(RUN)
    assert (any_tree.runs / "run-going-on").exists()


def test_two_hundred_runs_are_kept_the_latest_ones(tree):
    for number in range(205):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    going_on = old_run(tree, "run-unended", 90000, ended=False)
    tree.start_jail(RUN)
    kept = {file.name for file in tree.runs.iterdir()}
    assert len(kept) == 200
    assert {RUN, going_on.name, *(f"run-number-{number:03}" for number in range(198))} == kept


def test_a_hundred_megabytes_of_output_are_kept(tree):
    oldest = old_run(tree, "run-big-oldest", 9000, 60 * 2**20)
    newer = old_run(tree, "run-big-newer", 8000, 60 * 2**20)
    recent = old_run(tree, "run-big-recent", 60, 1000)
    tree.start_jail(RUN)
    assert not oldest.exists()
    assert newer.exists()
    assert recent.exists()


def test_output_of_the_last_hour_is_kept_however_large(tree):
    recent = old_run(tree, "run-big-recent", 60, 110 * 2**20)
    tree.start_jail(RUN)
    assert recent.exists()


def test_pruning_follows_no_link(tree):
    tree.runs.mkdir(parents=True)
    keep = tree.file("keep/status", "0\n")
    (tree.runs / "run-link").symlink_to(keep.parent)
    for number in range(201):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    tree.start_jail(RUN)
    assert keep.exists()
    shutil.rmtree(tree.runs)
