"""Old runs: pruned by age, number and size when a run has ended, and when a new one finds no room."""

from __future__ import annotations

import os
import shutil
import time

from tests.hosts.agent.tree import RUN, WAIT, await_that, is_running


def old_run(tree, name, age_s, size=0, *, ended=True):
    folder = tree.runs / name
    folder.mkdir(parents=True)
    (folder / "output").write_bytes(b"x" * size)
    if ended:
        (folder / "status").write_text("0\n")
    then = time.time() - age_s
    os.utime(folder, (then, then))
    return folder


def run_to_the_end(tree, run=RUN):
    tree.start_jail(run)
    wrapper = tree.pgid(run)
    assert tree.follow(run)[1:] == ("exit 0", 0)
    await_that(lambda: not is_running(wrapper), "the wrapper has ended")


def test_ended_runs_go_after_fourteen_days(any_tree):
    old = old_run(any_tree, "run-old-ended", 16 * 86400)
    dead = old_run(any_tree, "run-old-dead", 16 * 86400, ended=False)
    young = old_run(any_tree, "run-young", 13 * 86400)
    run_to_the_end(any_tree)
    assert not old.exists()
    assert not dead.exists()
    assert young.exists()


def test_old_run_that_goes_on_is_kept(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail("run-going-on")
    then = time.time() - 30 * 86400
    os.utime(any_tree.runs / "run-going-on", (then, then))
    any_tree.play("exit 0\n")
    run_to_the_end(any_tree)
    assert (any_tree.runs / "run-going-on").exists()


def test_two_hundred_runs_are_kept_the_latest_ones(tree):
    for number in range(205):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    going_on = old_run(tree, "run-unended", 90000, ended=False)
    run_to_the_end(tree)
    kept = {file.name for file in tree.runs.iterdir()}
    assert len(kept) == 200
    assert {RUN, going_on.name, *(f"run-number-{number:03}" for number in range(198))} == kept


def test_a_hundred_megabytes_of_output_are_kept(tree):
    oldest = old_run(tree, "run-big-oldest", 9000, 60 * 2**20)
    newer = old_run(tree, "run-big-newer", 8000, 60 * 2**20)
    recent = old_run(tree, "run-big-recent", 60, 1000)
    run_to_the_end(tree)
    assert not oldest.exists()
    assert newer.exists()
    assert recent.exists()


def test_output_of_the_last_hour_is_kept_however_large(tree):
    recent = old_run(tree, "run-big-recent", 60, 110 * 2**20)
    run_to_the_end(tree)
    assert recent.exists()


def test_pruning_follows_no_link(tree):
    tree.runs.mkdir(parents=True)
    keep = tree.file("keep/status", "0\n")
    (tree.runs / "run-link").symlink_to(keep.parent)
    for number in range(201):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    run_to_the_end(tree)
    assert keep.exists()
    shutil.rmtree(tree.runs)


def test_start_waits_for_no_pruning(tree):
    old = old_run(tree, "run-old-ended", 16 * 86400)
    tree.play(WAIT)
    tree.start_jail(RUN)
    assert old.exists()


def test_old_runs_make_room_for_a_start_that_finds_none(any_tree):
    old = old_run(any_tree, "run-old-ended", 16 * 86400)
    # a disk on which no folder can be made while the old one is there
    any_tree.tool("bin/mkdir", f'#!/bin/sh\n[ ! -d "{old}" ] || exit 1\nexec /bin/mkdir "$@"\n')
    run_to_the_end(any_tree)
    assert not old.exists()


def test_what_was_on_its_way_and_never_came_goes_after_fourteen_days(any_tree):
    places = ("/var/db/jailpanel/files/sets", "/usr/jails/ezjail_archives")
    parts = [any_tree.file(f"{place}/.x.tar.gz.part", b"half") for place in places]
    parcel = any_tree.file("/var/db/jailpanel/files/flavour-web.20261124131500.tar", b"")
    kept = [any_tree.file(f"{place}/x.tar.gz", b"whole") for place in places]
    young = any_tree.file(f"{places[0]}/.y.part", b"half")
    for file in (*parts, parcel, *kept):
        os.utime(file, (time.time() - 16 * 86400,) * 2)
    run_to_the_end(any_tree)
    assert not any(file.exists() for file in (*parts, parcel))
    assert all(file.exists() for file in (*kept, young))
