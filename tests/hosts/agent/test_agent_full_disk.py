"""A full disk: nothing begins that cannot be kept, and what has begun ends, with all that could be kept."""

from __future__ import annotations

import resource
import subprocess

import pytest

from tests.hosts.agent.tree import (
    EZJAIL,
    RUN,
    SCRIPT,
    WAIT,
    await_that,
    is_running,
    let_go,
    lines,
    output_of,
)
from tests.programs import program

# A limit on the size of files stands for a full disk; what is over it is told so instead of killed.
LIMITED = ("/bin/sh", "-c", 'trap "" XFSZ; exec "$@"', "sh")
# What is there already may be written over, and nothing can grow.
NO_GROWTH = 16


def start_limited(tree):
    """Start a run that meets limits as it would meet a full disk; they come with `fill`."""
    text = lines(EZJAIL, "onestart", "test")
    argv = [*LIMITED, tree.script, "start", RUN, str(len(text)), "alice", "j"]
    answer = subprocess.run(argv, input=text, env=tree.env(), capture_output=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, b"started run-00000001\n"), answer.stderr


def fill(tree, limit=NO_GROWTH):
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux sets the limits of another process")
    resource.prlimit(tree.pgid(RUN), resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


@pytest.mark.parametrize("limit", ["0", "1"])
def test_start_that_cannot_write_says_so_and_leaves_nothing(tree, limit):
    # a limit on the size of files stands for a full disk
    text = lines(EZJAIL, "create", "test", ",".join(["10.0.0.2"] * 200))
    answer = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'trap "" XFSZ; ulimit -f {limit}; exec "$@"',
            "sh",
            tree.script,
            "start",
            RUN,
            str(len(text)),
            "alice",
            "j",
        ],
        input=text,
        env=tree.env(),
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (73, b"")
    assert answer.stderr.endswith(b"cannot write the folder of the run; the disk may be full\n")
    assert not (tree.runs / RUN).exists()


def test_full_disk_ends_the_run_and_says_so(tree):
    program("unshare")
    tree.runs.mkdir(parents=True)
    tree.play('head -c 300000 /dev/zero || echo "cannot write" >&2; exit 5\n')
    text = tree.file("argv", lines(EZJAIL, "onestart", "test"))
    steps = f"""
    mount -t tmpfs -o size=128k none {tree.runs} || exit 99
    {SCRIPT} start {RUN} {text.stat().st_size} alice j <{text} && {SCRIPT} follow {RUN} 0 >{tree.root}/out
    """
    answer = subprocess.run(
        ["unshare", "-rm", "/bin/sh", "-c", steps],
        env=tree.env(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if answer.returncode == 99 or b"unshare" in answer.stderr:
        pytest.skip("this machine lets nobody mount a small disk")
    assert answer.stderr.decode().splitlines()[-2:] == [
        "jailpanel-agent: the disk was full: the output may be cut",
        "exit 5 full",
    ]
    assert 0 < (tree.root / "out").stat().st_size < 131072


def test_run_whose_disk_fills_up_ends_with_its_status_and_says_so(any_tree):
    any_tree.play(WAIT + "echo 'much more than there is room for'; exit 3\n")
    start_limited(any_tree)
    fill(any_tree)
    let_go(any_tree)
    # the play is a child of the wrapper that began before: it writes, the wrapper finds no room
    output, end, status = any_tree.follow(RUN)
    assert (end, status) == ("exit 3 full", 0)
    assert any_tree.follow(RUN) == (output, end, status)


def test_status_that_finds_no_room_is_written_once_there_is_some(any_tree):
    tried, again = any_tree.root / "tried", any_tree.root / "again"
    # the wrapper waits five seconds before it tries again; a folder can be made where no file can grow
    any_tree.tool(
        "bin/sleep",
        f'#!/bin/sh\n[ "$1" != 5 ] || mkdir {tried}\n'
        f'until [ "$1" != 5 ] || [ -e {again} ]; do /bin/sleep 0.02; done\nexec /bin/sleep 0.01\n',
    )
    any_tree.play(WAIT + "exit 3\n")
    start_limited(any_tree)
    fill(any_tree, 0)
    let_go(any_tree)
    await_that(tried.exists, "the wrapper has tried")
    assert not (any_tree.runs / RUN / "status").exists()
    fill(any_tree, resource.RLIM_INFINITY)
    again.touch()
    assert any_tree.follow(RUN)[1:] == ("exit 3 full", 0)


def test_run_whose_status_never_finds_room_is_lost_and_no_success(any_tree):
    any_tree.hurry()
    any_tree.play("echo kept\n" + WAIT)
    start_limited(any_tree)
    await_that(lambda: output_of(any_tree), "the first line")
    fill(any_tree, 0)
    wrapper = any_tree.pgid(RUN)
    let_go(any_tree)
    await_that(lambda: not is_running(wrapper), "the wrapper gives up")
    argv = [*LIMITED[:2], LIMITED[2].replace("exec", "ulimit -f 0; exec"), "sh"]
    follower = subprocess.run(
        [*argv, any_tree.script, "follow", RUN, "0"], env=any_tree.env(), capture_output=True, check=False
    )
    assert (follower.stdout, follower.returncode) == (b"kept\n", 76)
    assert follower.stderr.endswith(b"jailpanel-agent: the disk is full: the output may be cut\nlost full\n")


def test_start_whose_run_cannot_note_that_it_begins_runs_nothing(any_tree):
    any_tree.hurry()
    any_tree.tool("bin/ln", "#!/bin/sh\nexit 1\n")
    any_tree.play('echo ran >"$JAILPANEL_ROOT/ran"\n')
    answer = any_tree.start(RUN, EZJAIL, "onestart", "test")
    assert (answer.returncode, answer.stdout) == (73, b"")
    assert answer.stderr == b"jailpanel-agent: the run did not begin; the disk may be full\n"
    assert not (any_tree.runs / RUN).exists()
    assert not (any_tree.root / "ran").exists()


def test_run_that_nobody_can_note_as_over_is_followed_to_an_end_all_the_same(any_tree):
    any_tree.hurry()
    folder = any_tree.runs / RUN
    folder.mkdir(parents=True)
    (folder / "output").write_bytes(b"")
    any_tree.tool("bin/ln", "#!/bin/sh\nexit 1\n")
    assert any_tree.follow(RUN)[1:] == ("lost", 76)
    answer = any_tree.ask("cancel", RUN)
    assert (answer.returncode, answer.stdout) == (74, b"")
    assert b"the disk may be full" in answer.stderr
